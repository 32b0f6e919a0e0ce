import type { BrokerName } from '../brokers/broker-names.ts'
import { type Results, ratio } from '../results.ts'
import { median, overlap, spreadOf } from '../statistics.ts'

/** One quantity of one broker, now and in an earlier run. */
export interface Compared {
  readonly name: string
  readonly broker: BrokerName
  readonly before: number
  readonly now: number
  /** Whether rounds of both runs lie among each other, so that the difference says nothing. */
  readonly isNoise: boolean
  /** The change of the same quantity relative to Mosquitto's in its run, which a slower machine does not change. */
  readonly besideMosquitto: number | undefined
}

/** What both runs measured: rates of scenarios, p99 where the rate is given, and figures of trials. */
export function compare(now: Results, before: Results): Compared[] {
  return [...compareScenarios(now, before), ...compareTrials(now, before)]
}

function compareScenarios(now: Results, before: Results): Compared[] {
  return now.scenarios.flatMap(result => {
    const earlier = before.scenarios.find(({ scenario }) => scenario.name === result.scenario.name)
    if (earlier === undefined) return []
    const isPaced = result.scenario.ratePerSecond !== undefined
    const name = `${result.scenario.name}, ${isPaced ? 'p99 µs' : 'msg/s'}`
    return entriesOf(result.brokers).flatMap(([broker, { rounds }]) => {
      const values = (of: typeof rounds): number[] =>
        of.map(round => (isPaced ? round.latencyUs.p99 : round.messagesPerSecond))
      const own = ratio(result, broker, 'mosquitto')
      const then = ratio(earlier, broker, 'mosquitto')
      const besideMosquitto = isPaced || own === undefined || !then || broker === 'mosquitto' ? undefined : own / then
      const compared = comparedOf(values(rounds), values(earlier.brokers[broker]?.rounds ?? []))
      return compared === undefined ? [] : [{ name, broker, ...compared, besideMosquitto }]
    })
  })
}

function compareTrials(now: Results, before: Results): Compared[] {
  return now.trials.flatMap(trial => {
    const earlier = before.trials.find(({ name }) => name === trial.name)
    if (earlier === undefined) return []
    return entriesOf(trial.brokers).flatMap(([broker, { rounds }]) =>
      trial.figures.flatMap(({ key, label, unit }) => {
        const values = (of: typeof rounds): number[] => of.flatMap(round => round[key] ?? [])
        const compared = comparedOf(values(rounds), values(earlier.brokers[broker]?.rounds ?? []))
        const name = `${trial.name}, ${label}, ${unit}`
        return compared === undefined ? [] : [{ name, broker, ...compared, besideMosquitto: undefined }]
      }),
    )
  })
}

function comparedOf(
  now: readonly number[],
  before: readonly number[],
): Pick<Compared, 'now' | 'before' | 'isNoise'> | undefined {
  if (now.length === 0 || before.length === 0) return undefined
  return { now: median(now), before: median(before), isNoise: overlap(spreadOf(now), spreadOf(before)) }
}

/** Lines for a terminal. */
export function comparisonTable(compared: readonly Compared[]): string[][] {
  const rows = compared.map(({ name, broker, before, now, isNoise, besideMosquitto }) => [
    ...[name, broker, plain(before), plain(now), before === 0 ? '' : `${(now / before).toFixed(2)} ×`],
    besideMosquitto === undefined ? '' : `${besideMosquitto.toFixed(2)} ×`,
    isNoise ? 'within noise' : '',
  ])
  return [['compared', 'broker', 'before', 'now', 'now ÷ before', 'beside Mosquitto', ''], ...rows]
}

function plain(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}

function entriesOf<T>(brokers: Partial<Record<BrokerName, T>>): [BrokerName, T][] {
  return Object.entries(brokers) as [BrokerName, T][]
}
