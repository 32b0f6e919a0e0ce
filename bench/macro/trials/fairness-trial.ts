import { memoryBrokers } from '../brokers/broker-names.ts'
import { flood, slowDevices } from '../scenarios.ts'
import { figure, type Trial } from './trial.ts'
import type { TrialBench } from './trial-bench.ts'

const RAMP_MS = 300

/** What a publisher at full speed does to a thousand devices that send a message per second each. */
export const fairnessTrial: Trial = {
  ...{ name: 'fairness', group: 'fairness', isShort: false, needsStore: false, isFresh: false },
  ...{ brokers: memoryBrokers, scenario: slowDevices },
  figures: [
    figure('aloneP99Ms', 'devices alone, p99', 'ms'),
    figure('besideP99Ms', 'devices beside a publisher at full speed, p99', 'ms'),
    figure('besideRatio', 'the second as a multiple of the first', '×', { atMost: 3 }),
    figure('floodPerSecond', 'the publisher', 'per second'),
    figure('lateP99Ms', 'of the second, lateness of the generator, p99', 'ms'),
    figure('generatorPercent', 'load of the generator', '%'),
  ],
  perform,
}

async function perform(bench: TrialBench, measuredMs: number): Promise<Record<string, number>> {
  await bench.perform({ type: 'open', target: bench.target })
  await bench.perform({ type: 'open-flood', target: { ...bench.target, scenario: flood } })
  const run = { type: 'run', rampMs: RAMP_MS, measuredMs } as const
  const alone = await bench.measure(run)
  await bench.perform({ type: 'start-flood' })
  const beside = await bench.measure(run)
  const flooding = await bench.measure({ type: 'stop-flood' })
  await bench.perform({ type: 'close' })
  return {
    aloneP99Ms: alone.latencyUs.p99 / 1000,
    besideP99Ms: beside.latencyUs.p99 / 1000,
    besideRatio: beside.latencyUs.p99 / alone.latencyUs.p99,
    floodPerSecond: flooding.messagesPerSecond,
    lateP99Ms: (beside.lateUs?.p99 ?? 0) / 1000,
    generatorPercent: beside.generatorCpu * 100,
  }
}
