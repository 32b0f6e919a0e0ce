import type { BrokerName } from './brokers.ts'
import { type BrokerResult, type Results, ratio, type ScenarioResult } from './results.ts'

const headings = [
  ...['scenario', 'broker', 'msg/s', '× Mosquitto', 'aim', 'p50 ms', 'p99 ms', 'p99.9 ms'],
  ...['broker CPU', 'µs/msg', 'generator CPU', 'duplicates'],
]

/** The results for a terminal: one line for each broker in each scenario, medians of the rounds. */
export function textTable(results: Results): string {
  const rows = [headings, ...results.scenarios.flatMap(rowsOf)]
  const widths = headings.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const lines = rows.map(row => row.map((cell, column) => pad(cell, widths[column]!, column > 1)).join('  '))
  const { machine, commit, command } = results
  const about = `${machine.cpu}, ${machine.coreCount} cores, Node ${machine.node}; ${machine.pinning}; commit ${commit}`
  return [...lines, '', about, command].join('\n')
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
  const { p50, p99, p999 } = median.latencyUs
  return [
    failure === undefined ? scenario.name : `${scenario.name} (FAILED)`,
    name,
    Math.round(median.messagesPerSecond).toLocaleString('en'),
    times === undefined ? '' : times.toFixed(2),
    name === 'curlew' && scenario.aim !== undefined ? `≥ ${scenario.aim}` : '',
    ...[p50, p99, p999].map(microseconds => (microseconds / 1000).toFixed(3)),
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
