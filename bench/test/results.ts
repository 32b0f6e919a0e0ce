import type { BrokerResult, Results, TrialResult } from '../macro/results.ts'
import { medianRound } from '../macro/results.ts'
import type { Scenario } from '../macro/scenarios.ts'
import { scenarios } from '../macro/scenarios.ts'

/** Results of nothing, for tests to put something in. */
export const noResults: Results = {
  date: '2026-11-22T00:00:00.000Z',
  commit: 'abc1234',
  command: 'npm run bench',
  machine: { cpu: 'a CPU', coreCount: 2, memoryGiB: 4, system: 'Linux', node: 'v20', pinning: 'pinned' },
  versions: { curlew: '0.1.0', mosquitto: '2.0.11' },
  warmUpSeconds: 1,
  measuredSeconds: 1,
  scenarios: [],
  trials: [],
}

export function scenarioNamed(name: string): Scenario {
  const scenario = scenarios.find(entry => entry.name === name)
  if (scenario === undefined) throw new Error(`no scenario ${name}`)
  return scenario
}

/** Rounds with these rates, and p99 where it matters. */
export function rounds(rates: readonly number[], p99 = 1000): BrokerResult {
  const all = rates.map(messagesPerSecond => ({
    ...{ seconds: 1, messageCount: messagesPerSecond, messagesPerSecond },
    latencyUs: { p50: 100, p99, p999: p99 * 2, max: p99 * 3 },
    ...{ acknowledgementUs: undefined, generatorCpu: 0.5, brokerCpu: 1, brokerUsPerMessage: 1 },
  }))
  return {
    rounds: all,
    median: medianRound(all),
    faults: { lost: 0, duplicates: 0, reordered: 0, strays: 0 },
    failure: undefined,
  }
}

/** What a trial has found about one broker. */
export function figures(values: Readonly<Record<string, number>>): NonNullable<TrialResult['brokers']['curlew']> {
  return { rounds: [values], median: values, failure: undefined }
}
