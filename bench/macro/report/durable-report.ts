import { type BrokerName, brokerTitles, durableBrokers } from '../brokers/broker-names.ts'
import type { Results, ScenarioResult, TrialResult } from '../results.ts'
import { type Figure, figureText } from '../trials/trial.ts'
import { aimText, missedAims } from './aims.ts'
import { milliseconds, runLines, times } from './markdown-report.ts'
import { markdownTable } from './markdown-table.ts'

const own = 'curlew-always'

/** The part of docs/performance.md about what is stored. @param link to the file that the results come from */
export function durableReport(results: Results, link: string): string {
  return [
    ...['### Run with a store', '', ...runLines(results, link), ''],
    ...['### Receivers online', '', ...onlineTable(results), '', ...onlineLatencyTable(results), ''],
    ...['### Receivers away', '', ...results.trials.flatMap(trial => [...trialTable(trial), ''])],
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

function trialTable({ name, figures, brokers }: TrialResult): string[] {
  const names = durableBrokers.filter(broker => brokers[broker] !== undefined)
  const rows = figures.map(figure => [
    figure.label,
    ...names.map(broker => {
      const value = brokers[broker]?.median[figure.key]
      return value === undefined ? '–' : figureText(figure, value)
    }),
    aimText(figure),
  ])
  return markdownTable([name, ...titlesOf(names), 'Aim'], rows)
}

/** Aims missed, brokers without a store that were faster, and faults. */
function shortcomings({ scenarios, trials }: Results): string[] {
  const found = [...scenarios.flatMap(slowness), ...trials.flatMap(trialShortcomings)]
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
    ...failures(scenario.name, brokers),
  ]
}

function trialShortcomings(trial: TrialResult): string[] {
  const { name, figures, brokers } = trial
  const behind = figures.flatMap(figure => behindOthers(name, figure, brokers))
  return [...missedAims(trial, own), ...behind, ...failures(name, brokers)]
}

/** Rates and times of others that were better. */
function behindOthers(trial: string, figure: Figure, brokers: TrialResult['brokers']): string[] {
  const value = brokers[own]?.median[figure.key]
  if (value === undefined) return []
  const better = durableBrokers.filter(name => {
    const other = brokers[name]?.median[figure.key]
    if (other === undefined || name.startsWith('curlew')) return false
    return figure.unit === 'per second' ? other > value : other < value
  })
  return better.length === 0 ? [] : [`- ${trial}, ${figure.label}: behind ${titlesOf(better).join(', ')}.`]
}

function failures(
  name: string,
  brokers: Partial<Record<BrokerName, { readonly failure: string | undefined }>>,
): string[] {
  return durableBrokers.flatMap(broker => {
    const failure = brokers[broker]?.failure
    return failure === undefined ? [] : [`- ${name}: ${brokerTitles[broker]} failed: ${failure}.`]
  })
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

function titlesOf(names: readonly BrokerName[]): string[] {
  return names.map(name => brokerTitles[name])
}
