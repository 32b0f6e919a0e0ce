import type { BrokerName } from '../brokers/broker-names.ts'
import { type BrokerResult, type Results, ratio, type ScenarioResult, type TrialResult } from '../results.ts'
import { figureText } from '../trials/trial.ts'
import { aimText, scenarioAimText } from './aims.ts'

const headings = [
  ...['scenario', 'broker', 'msg/s', '× Mosquitto', 'aim', 'p50 ms', 'p99 ms', 'p99.9 ms'],
  ...['ack p50 ms', 'ack p99 ms'],
  ...['broker CPU', 'µs/msg', 'generator CPU', 'duplicates'],
]

/** The results for a terminal: one line for each broker in each scenario, medians of the rounds. */
export function textTable(results: Results): string {
  const { scenarios, trials } = results
  const lines = scenarios.length === 0 ? [] : aligned([headings, ...scenarios.flatMap(rowsOf)], 2)
  lines.push(...gcTable(scenarios))
  for (const trial of trials) lines.push('', ...aligned(trialRows(trial), 1))
  const { machine, commit, command } = results
  const about = `${machine.cpu}, ${machine.coreCount} cores, Node ${machine.node}; ${machine.pinning}; commit ${commit}`
  return [...lines, '', about, command].join('\n')
}

/** Garbage collection of each broker, where that was measured. */
function gcTable(scenarios: Results['scenarios']): string[] {
  const rows = scenarios.flatMap(({ scenario, brokers }) =>
    Object.entries(brokers).flatMap(([name, { median }]) => {
      const gc = median?.gc
      if (gc === undefined) return []
      const longest = gc.longestMs.map(pauseMs => pauseMs.toFixed(1)).join(', ')
      return [[scenario.name, name, String(gc.count), gc.totalMs.toFixed(1), longest, gc.bytesPerMessage.toFixed(0)]]
    }),
  )
  if (rows.length === 0) return []
  return ['', ...aligned([['garbage', 'broker', 'pauses', 'total ms', 'longest ms', 'B/msg'], ...rows], 2)]
}

/** One line for each figure, one column for each broker. */
function trialRows({ name, figures, brokers }: TrialResult): string[][] {
  const entries = Object.entries(brokers)
  return [
    [name, ...entries.map(([broker]) => broker), 'aim'],
    ...figures.map(figure => [
      figure.label,
      ...entries.map(([, { median, failure }]) => {
        const value = median[figure.key]
        if (value === undefined) return failure === undefined ? '–' : 'FAILED'
        return figureText(figure, value)
      }),
      aimText(figure),
    ]),
  ]
}

/** @param leftColumns so many columns are aligned to the left, the others to the right */
export function aligned(rows: readonly string[][], leftColumns: number): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row => row.map((cell, column) => pad(cell, widths[column]!, column >= leftColumns)).join('  '))
}

function rowsOf(result: ScenarioResult): string[][] {
  return Object.entries(result.brokers).map(([name, broker]) => rowOf(result, name as BrokerName, broker))
}

function rowOf(result: ScenarioResult, name: BrokerName, { median, faults, failure }: BrokerResult): string[] {
  const { scenario } = result
  if (median === undefined) {
    return [scenario.name, name, `FAILED: ${failure}`, ...headings.slice(3).map(() => '')]
  }
  const times = ratio(result, name, 'mosquitto')
  const { acknowledgementUs, latencyUs } = median
  const { p50, p99, p999 } = latencyUs
  return [
    failure === undefined ? scenario.name : `${scenario.name} (FAILED)`,
    name,
    Math.round(median.messagesPerSecond).toLocaleString('en'),
    times === undefined || scenario.ratePerSecond !== undefined ? '' : times.toFixed(2),
    name === 'curlew' ? scenarioAimText(scenario) : '',
    ...[p50, p99, p999].map(microseconds => (microseconds / 1000).toFixed(3)),
    ...[acknowledgementUs?.p50, acknowledgementUs?.p99].map(us => (us === undefined ? '' : (us / 1000).toFixed(3))),
    percent(median.brokerCpu),
    median.brokerUsPerMessage.toFixed(2),
    percent(median.generatorCpu),
    String(faults.duplicates),
  ]
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function pad(cell: string, width: number, isRight: boolean): string {
  return isRight ? cell.padStart(width) : cell.padEnd(width)
}
