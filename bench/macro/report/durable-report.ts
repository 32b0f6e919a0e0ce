import { type BrokerName, durableBrokers } from '../brokers/broker-names.ts'
import type { Results, ScenarioResult } from '../results.ts'
import { milliseconds, runLines, times } from './markdown-report.ts'
import { markdownTable } from './markdown-table.ts'
import { failures, titlesOf, trialShortcomings, trialTable } from './trial-report.ts'

const own = 'curlew-always'

/** The part of docs/performance.md about what is stored. @param link to the file that the results come from */
export function durableReport(results: Results, link: string): string {
  return [
    ...['### Run with a store', '', ...runLines(results, link), ''],
    ...['### Receivers online', '', ...onlineTable(results), '', ...onlineLatencyTable(results), ''],
    ...['### Receivers away', '', ...results.trials.flatMap(trial => [...trialTable(trial, durableBrokers), ''])],
    ...['### Where a store costs more than the aims allow', '', ...shortcomings(results), ''],
  ].join('\n')
}

function onlineTable({ scenarios }: Results): string[] {
  const headings = ['Messages per second', ...titlesOf(durableBrokers), '÷ in memory', 'Aim', '× Mosquitto']
  const closed = scenarios.filter(({ scenario }) => scenario.ratePerSecond === undefined)
  const rows = closed.map(result => [
    result.scenario.name,
    ...durableBrokers.map(name => rateText(result, name)),
    ...[times(quotient(result, 'curlew')), '≥ 0.5', times(quotient(result, 'mosquitto'))],
  ])
  return markdownTable(headings, rows)
}

function onlineLatencyTable({ scenarios }: Results): string[] {
  const headings = ['PUBACK p50 / p99, ms', ...titlesOf(durableBrokers)]
  const rows = scenarios.map(({ scenario, brokers }) => [
    scenario.name,
    ...durableBrokers.map(name => {
      const latency = brokers[name]?.median?.acknowledgementUs
      return latency === undefined ? '–' : [latency.p50, latency.p99].map(milliseconds).join(' / ')
    }),
  ])
  return markdownTable(headings, rows)
}

/** Aims missed, brokers without a store that were faster, and faults. */
function shortcomings({ scenarios, trials }: Results): string[] {
  const found = [
    ...scenarios.flatMap(slowness),
    ...trials.flatMap(trial => trialShortcomings(trial, own, durableBrokers)),
  ]
  return found.length === 0 ? ['Nowhere in this run.'] : found
}

function slowness(result: ScenarioResult): string[] {
  const { scenario, brokers } = result
  const toMemory = quotient(result, 'curlew')
  const toMosquitto = quotient(result, 'mosquitto')
  const isPaced = scenario.ratePerSecond !== undefined
  const isSlow = !isPaced && toMemory !== undefined && toMemory < 0.5
  const isBehind = !isPaced && toMosquitto !== undefined && toMosquitto < 1
  return [
    ...(isSlow ? [`- ${scenario.name}: ${times(toMemory)} of Curlew in memory; the aim is ≥ 0.5.`] : []),
    ...(isBehind ? [`- ${scenario.name}: ${times(toMosquitto)} of Mosquitto without a store.`] : []),
    ...failures(scenario.name, brokers, durableBrokers),
  ]
}

/** Our rate with the store as a multiple of another. */
function quotient({ brokers }: ScenarioResult, of: BrokerName): number | undefined {
  const [rate, other] = [brokers[own]?.median?.messagesPerSecond, brokers[of]?.median?.messagesPerSecond]
  return rate === undefined || other === undefined ? undefined : rate / other
}

function rateText({ brokers }: ScenarioResult, name: BrokerName): string {
  const rate = brokers[name]?.median?.messagesPerSecond
  return rate === undefined ? '–' : Math.round(rate).toLocaleString('en')
}
