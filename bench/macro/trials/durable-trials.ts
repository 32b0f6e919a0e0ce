import { durableBrokers, memoryBrokers } from '../brokers/broker-names.ts'
import { type Form, small } from '../scenarios.ts'
import { type Figure, figure, type Trial } from './trial.ts'
import type { TrialBench } from './trial-bench.ts'

/** Time for what must be stored in full, whatever `--seconds` says. */
const FILL_MS = 120_000
const RETAINED_COUNT = 100_000
/** For each step with them. Mosquitto needs minutes when it saves all of them after every few. */
const RETAINED_MS = 30_000
/** Memory is looked at when the broker has been idle for so long: a checkpoint has been made, garbage collected. */
const IDLE_MS = 7_000

const waiting: Form = { ...small, group: 'durable', isPersistent: true, isForLater: true }
const many: Form = { ...waiting, window: 100, batch: 50 }

const common = { group: 'durable', isShort: false } as const

export const durableTrials: readonly Trial[] = [
  {
    ...offline('offline own topics', { ...waiting, publisherCount: 100 }),
    figures: offlineFigures(120_000, 200_000),
  },
  {
    ...offline('offline one topic', { ...waiting, topology: 'fan-out', publisherCount: 1, latencyEvery: 1 }),
    figures: offlineFigures(120_000, 200_000),
  },
  {
    ...{ ...common, name: 'retained 100k', isFresh: true, needsStore: false, brokers: durableBrokers },
    scenario: { ...waiting, name: 'retained 100k', qos: 1, publisherCount: 1, subscriberCount: 1 },
    figures: [
      figure('stored', 'stored', 'per second'),
      figure('lastMs', 'to # until the last one', 'ms'),
      figure('listeningMs', 'restart until it listens', 'ms'),
      figure('lastAgainMs', 'to # until the last one, after the restart', 'ms'),
    ],
    perform: performRetained,
  },
  {
    ...{ ...common, name: 'retained in memory', group: 'retained', isFresh: true, needsStore: false },
    brokers: memoryBrokers,
    scenario: { ...waiting, name: 'retained in memory', qos: 1, publisherCount: 1, subscriberCount: 1 },
    figures: [figure('stored', 'stored', 'per second'), figure('lastMs', 'to # until the last one', 'ms')],
    perform: performRetained,
  },
  {
    ...{ ...common, name: 'restart 1M', isFresh: true, needsStore: true },
    brokers: ['curlew-always', 'mosquitto-saving'],
    scenario: { ...many, name: 'restart 1M', qos: 1, publisherCount: 1000, subscriberCount: 1000 },
    figures: [
      figure('stored', 'stored', 'per second'),
      figure('listeningMs', 'restart until it listens', 'ms'),
      figure('firstMs', 'connect until the first message', 'ms'),
      figure('residentMiB', 'memory after the restart', 'MiB'),
      figure('drained', 'drained after the restart', 'per second'),
    ],
    perform: performRestart,
  },
  {
    ...{ ...common, name: 'queue of 1M', isFresh: true, needsStore: false },
    brokers: ['curlew-always', 'curlew', 'mosquitto', 'mosquitto-saving'],
    scenario: { ...many, name: 'queue of 1M', qos: 1, topology: 'fan-in', publisherCount: 100, subscriberCount: 1 },
    figures: [
      figure('stored', 'stored for one Session', 'per second'),
      figure('emptyMiB', 'memory before', 'MiB'),
      figure('fullMiB', 'memory with 1 M queued', 'MiB'),
      figure('peakMiB', 'memory at most meanwhile', 'MiB'),
      figure('drained', 'drained by one Client', 'per second'),
    ],
    perform: performQueue,
  },
]

function offlineFigures(storedAim: number, drainedAim: number): Figure[] {
  return [
    figure('stored', 'stored', 'per second', { atLeast: storedAim }),
    figure('acknowledgedP50Ms', 'PUBACK, p50', 'ms'),
    figure('acknowledgedP99Ms', 'PUBACK, p99', 'ms'),
    figure('storedUs', 'CPU time of the broker per message stored', 'µs'),
    figure('drained', 'drained', 'per second', { atLeast: drainedAim }),
    figure('drainedUs', 'CPU time of the broker per message drained', 'µs'),
  ]
}

function offline(name: string, form: Form): Omit<Trial, 'figures'> {
  return {
    ...{ ...common, name, isFresh: false, needsStore: false, brokers: durableBrokers },
    scenario: { ...form, name, qos: 1 },
    perform: performOffline,
  }
}

async function performOffline(bench: TrialBench, measuredMs: number): Promise<Record<string, number>> {
  const stored = await bench.measure({ type: 'store', limits: { measuredMs, sentMax: undefined } })
  const drained = await bench.measure({ type: 'drain', target: bench.target })
  return {
    stored: stored.messagesPerSecond,
    acknowledgedP50Ms: (stored.acknowledgementUs?.p50 ?? 0) / 1000,
    acknowledgedP99Ms: (stored.acknowledgementUs?.p99 ?? 0) / 1000,
    storedUs: stored.brokerUsPerMessage,
    drained: drained.messagesPerSecond,
    drainedUs: drained.brokerUsPerMessage,
  }
}

async function performRetained(bench: TrialBench): Promise<Record<string, number>> {
  await bench.perform({ type: 'leave' })
  const common = { topicCount: RETAINED_COUNT, limitMs: RETAINED_MS }
  const stored = await bench.measure({ type: 'retain', target: bench.target, ...common })
  const collected = await bench.measure({ type: 'collect', target: bench.target, ...common })
  const figures = { stored: stored.messagesPerSecond, lastMs: collected.seconds * 1000 }
  if (!bench.hasStore) return figures
  const listeningMs = await bench.restart()
  const again = await bench.measure({ type: 'collect', target: bench.target, ...common })
  return { ...figures, listeningMs, lastAgainMs: again.seconds * 1000 }
}

async function performRestart(bench: TrialBench): Promise<Record<string, number>> {
  const stored = await bench.measure({ type: 'store', limits: { measuredMs: FILL_MS, sentMax: 1_000 } })
  await bench.perform({ type: 'leave' })
  const listeningMs = await bench.restart()
  const first = await bench.measure({ type: 'first', target: bench.target })
  const { residentMiB } = bench.memory()
  const drained = await bench.measure({ type: 'drain', target: bench.target })
  return {
    ...{ stored: stored.messagesPerSecond, listeningMs, firstMs: first.seconds * 1000 },
    ...{ residentMiB, drained: drained.messagesPerSecond },
  }
}

async function performQueue(bench: TrialBench): Promise<Record<string, number>> {
  const empty = bench.memory()
  const stored = await bench.measure({ type: 'store', limits: { measuredMs: FILL_MS, sentMax: 10_000 } })
  await bench.idle(IDLE_MS)
  const full = bench.memory()
  const drained = await bench.measure({ type: 'drain', target: bench.target })
  return {
    ...{ stored: stored.messagesPerSecond, emptyMiB: empty.residentMiB, fullMiB: full.residentMiB },
    ...{ peakMiB: full.peakMiB, drained: drained.messagesPerSecond },
  }
}
