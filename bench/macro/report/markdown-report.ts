import { type BrokerName, memoryBrokers as brokerNames, brokerTitles as titles } from '../brokers/broker-names.ts'
import type { Latency } from '../load/round.ts'
import { isFaulty, type Results, ratio, type ScenarioResult } from '../results.ts'
import type { Scenario } from '../scenarios.ts'
import { scenarioAimText } from './aims.ts'
import { markdownTable } from './markdown-table.ts'
import { trialShortcomings, trialTable } from './trial-report.ts'

/** A generator that uses so much of its core may be what was measured. */
const GENERATOR_BUSY = 0.9

/** Results as the part of docs/performance.md that is made by machine. @param link to the file they come from */
export function markdownReport(results: Results, link: string): string {
  return [
    ...['### Run', '', ...runLines(results, link), ''],
    ...['### Messages per second', '', ...rateTable(results), ''],
    ...['### Latency', '', ...latencyTable(results), ''],
    ...['### CPU time of the broker per message', '', ...cpuTable(results), ''],
    ...trialTables(results),
    ...garbageTable(results),
    ...['### Where the load generator was the bottleneck', '', ...generatorLimits(results), ''],
    ...['### Where Curlew is behind', '', ...shortcomings(results), ''],
  ].join('\n')
}

/** Where, when and how it was measured. */
export function runLines({ date, commit, command, machine, versions, ...run }: Results, link: string): string[] {
  const names = brokerNames.flatMap(name => (versions[name] === undefined ? [] : [`${titles[name]} ${versions[name]}`]))
  const roundCount = Math.max(
    0,
    ...[...run.scenarios, ...run.trials].flatMap(({ brokers }) => Object.values(brokers).map(b => b.rounds.length)),
  )
  return [
    `- ${names.join(', ')}; commit \`${commit}\`, ${date.slice(0, 10)}`,
    `- ${machine.cpu}, ${machine.coreCount} cores, ${machine.memoryGiB} GiB; ${machine.system}; Node ${machine.node}`,
    `- ${machine.pinning}`,
    `- ${roundCount} rounds of ${run.measuredSeconds} s after ${run.warmUpSeconds} s of warm-up; medians`,
    `- \`${command}\`; all numbers are in [the file of results](${link})`,
  ]
}

function trialTables({ trials }: Results): string[] {
  const tables = trials.flatMap(trial => [...trialTable(trial, brokerNames), ''])
  return tables.length === 0 ? [] : ['### Connections, Subscriptions, memory, fairness', '', ...tables]
}

/** Only of runs with `--gc`. */
function garbageTable({ scenarios }: Results): string[] {
  const rows = scenarios.flatMap(({ scenario, brokers }) =>
    brokerNames.flatMap(name => {
      const gc = brokers[name]?.median?.gc
      if (gc === undefined) return []
      const longest = gc.longestMs.map(pauseMs => pauseMs.toFixed(1)).join(', ')
      return [
        [`${scenario.name}, ${titles[name]}`, gc.count, gc.totalMs.toFixed(1), longest, gc.bytesPerMessage.toFixed(0)],
      ]
    }),
  )
  if (rows.length === 0) return []
  const headings = ['Garbage collection', 'Pauses', 'Total, ms', 'Longest, ms', 'Bytes per message']
  return ['### Garbage', '', ...markdownTable(headings, rows), '']
}

function rateTable({ scenarios }: Results): string[] {
  const headings = ['Scenario', 'Window', ...brokerNames.map(name => titles[name]), '× Mosquitto', 'Aim', '× aedes']
  const rows = scenarios.map(result => {
    const { scenario } = result
    const rates = brokerNames.map(name => rateOf(result, name))
    const aim = scenarioAimText(scenario)
    const window = scenario.ratePerSecond === undefined ? scenario.window : 'paced'
    const [mosquitto, aedes] = [ratio(result, 'curlew', 'mosquitto'), ratio(result, 'curlew', 'aedes')]
    const isPaced = scenario.ratePerSecond !== undefined
    return [scenario.name, window, ...rates, isPaced ? '' : times(mosquitto), aim, isPaced ? '' : times(aedes)]
  })
  return markdownTable(headings, rows)
}

function latencyTable({ scenarios }: Results): string[] {
  const headings = ['p50 / p99 / p99.9, ms', ...brokerNames.map(name => titles[name])]
  const rows = scenarios.map(result => [
    result.scenario.name,
    ...brokerNames.map(name => {
      const latency = result.brokers[name]?.median?.latencyUs
      return latency === undefined ? '–' : [latency.p50, latency.p99, latency.p999].map(milliseconds).join(' / ')
    }),
  ])
  return markdownTable(headings, rows)
}

function cpuTable({ scenarios }: Results): string[] {
  const headings = ['µs (load of broker / of generator)', ...brokerNames.map(name => titles[name])]
  const rows = scenarios.map(result => [
    result.scenario.name,
    ...brokerNames.map(name => {
      const round = result.brokers[name]?.median
      if (round === undefined) return '–'
      return `${round.brokerUsPerMessage.toFixed(2)} (${percent(round.brokerCpu)} / ${percent(round.generatorCpu)})`
    }),
  ])
  return markdownTable(headings, rows)
}

/** Where the generator had no time left, rates are lower bounds. */
function generatorLimits({ scenarios }: Results): string[] {
  const busy = scenarios.flatMap(({ scenario, brokers }) =>
    brokerNames.flatMap(name => {
      const share = brokers[name]?.median?.generatorCpu ?? 0
      // Earlier results count the time in which a paced generator only spins.
      if (
        share < GENERATOR_BUSY ||
        (brokers[name]?.median?.lateUs === undefined && scenario.ratePerSecond !== undefined)
      )
        return []
      return [`- ${scenario.name}, ${titles[name]}: the generator used ${percent(share)} of its core.`]
    }),
  )
  return busy.length === 0 ? ['Nowhere in this run.'] : busy
}

/** Aims missed, brokers that were faster, and faults: what an honest reader wants to know first. */
function shortcomings({ scenarios, trials }: Results): string[] {
  const found = [
    ...scenarios.flatMap(result => [...slowness(result), ...costliness(result), ...faultsIn(result)]),
    ...trials.flatMap(trial => trialShortcomings(trial, 'curlew', brokerNames)),
  ]
  return found.length === 0 ? ['Nowhere in this run.'] : found
}

function slowness(result: ScenarioResult): string[] {
  const { scenario } = result
  if (scenario.ratePerSecond !== undefined) return slowerLatency(result)
  const toMosquitto = ratio(result, 'curlew', 'mosquitto')
  if (toMosquitto !== undefined && toMosquitto < (scenario.aim ?? 1)) {
    return [`- ${scenario.name}: ${times(toMosquitto)} of Mosquitto; the aim is ≥ ${scenario.aim ?? 1}.`]
  }
  const toAedes = ratio(result, 'curlew', 'aedes')
  return toAedes !== undefined && toAedes < 1 ? [`- ${scenario.name}: ${times(toAedes)} of aedes.`] : []
}

/** A rate hides it when the generator was the bottleneck, CPU time per message does not. */
function costliness({ scenario, brokers }: ScenarioResult): string[] {
  const own = brokers.curlew?.median?.brokerUsPerMessage
  const other = brokers.mosquitto?.median?.brokerUsPerMessage
  if (own === undefined || other === undefined || own <= other) return []
  return [`- ${scenario.name}: ${own.toFixed(1)} µs of CPU time per message; Mosquitto needs ${other.toFixed(1)} µs.`]
}

function slowerLatency({ scenario, brokers }: ScenarioResult): string[] {
  const own = brokers.curlew?.median?.latencyUs
  if (own === undefined) return []
  const missed = missedLatency(scenario, own, brokers.mosquitto?.median?.latencyUs)
  const later = (['mosquitto', 'aedes'] as const).flatMap(name => {
    const other = brokers[name]?.median?.latencyUs
    const worse = (['p50', 'p99', 'p999'] as const).filter(percentile => other && own[percentile] > other[percentile])
    return worse.length === 0 ? [] : [`- ${scenario.name}: later than ${titles[name]} at ${worse.join(', ')}.`]
  })
  return [...missed, ...later]
}

function missedLatency({ name, aim }: Scenario, own: Latency, other: Latency | undefined): string[] {
  if (aim === undefined || other === undefined || own.p99 <= aim * other.p99) return []
  return [`- ${name}: p99 is ${times(own.p99 / other.p99)} of Mosquitto's; the aim is ≤ ${aim}.`]
}

function faultsIn({ scenario, brokers }: ScenarioResult): string[] {
  return brokerNames.flatMap(name => {
    const result = brokers[name]
    if (result === undefined || (result.failure === undefined && !isFaulty(scenario.qos, result.faults))) return []
    return [`- ${scenario.name}: ${titles[name]} failed: ${result.failure ?? JSON.stringify(result.faults)}.`]
  })
}

function rateOf({ brokers }: ScenarioResult, name: BrokerName): string {
  const rate = brokers[name]?.median?.messagesPerSecond
  return rate === undefined ? '–' : Math.round(rate).toLocaleString('en')
}

export function times(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${ratio.toFixed(ratio < 10 ? 2 : 1)} ×`
}

export function milliseconds(microseconds: number): string {
  return (microseconds / 1000).toFixed(microseconds < 10_000 ? 2 : 0)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
