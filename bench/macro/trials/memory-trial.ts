import { memoryBrokers } from '../brokers/broker-names.ts'
import { small } from '../scenarios.ts'
import { figure, type Trial } from './trial.ts'
import type { TrialBench } from './trial-bench.ts'

const SESSION_COUNT = 10_000
const SUBSCRIPTION_COUNT = 100_000
const RETAINED_COUNT = 100_000
/** Of each of the 100 publishers, for the one Session that is away. */
const QUEUED_PER_PUBLISHER = 1_000
const LIMIT_MS = 60_000
const IDLE_MS = 1_000

/** What the broker keeps for each thing, in a new process: of Node's heap after a full collection; of Mosquitto the resident set. */
export const memoryTrial: Trial = {
  ...{ name: 'cost of memory', group: 'memory', isShort: false, needsStore: false, isFresh: true },
  brokers: memoryBrokers,
  scenario: {
    ...{ ...small, name: 'cost of memory', group: 'memory', qos: 1, topology: 'fan-in', subscriberCount: 1 },
    ...{ window: 100, batch: 50, isPersistent: true, isForLater: true },
  },
  figures: [
    figure('emptyMiB', 'before', 'MiB'),
    figure('sessionBytes', 'a Session without a connection', 'B'),
    figure('subscriptionBytes', 'a Subscription, with a wildcard', 'B'),
    figure('queuedBytes', 'a queued message of 16 B', 'B'),
    figure('retainedBytes', 'a retained message of 16 B', 'B'),
  ],
  perform,
}

async function perform(bench: TrialBench): Promise<Record<string, number>> {
  const { target } = bench
  let usedBytes = await settledBytes(bench)
  const emptyMiB = usedBytes / 2 ** 20
  const cost = async (count: number): Promise<number> => {
    const [before, after] = [usedBytes, await settledBytes(bench)]
    usedBytes = after
    return (after - before) / count
  }
  await bench.measure({ type: 'store', limits: { measuredMs: LIMIT_MS, sentMax: QUEUED_PER_PUBLISHER } })
  const queuedBytes = await cost(QUEUED_PER_PUBLISHER * target.scenario.publisherCount)
  await bench.perform({ type: 'leave' })
  await cost(1)
  await bench.perform({ type: 'leave-sessions', target, count: SESSION_COUNT })
  const sessionBytes = await cost(SESSION_COUNT)
  await bench.measure({ type: 'subscribe-filters', target, count: SUBSCRIPTION_COUNT })
  const subscriptionBytes = await cost(SUBSCRIPTION_COUNT)
  await bench.measure({ type: 'retain', target, topicCount: RETAINED_COUNT, limitMs: LIMIT_MS })
  const retainedBytes = await cost(RETAINED_COUNT)
  return { emptyMiB, sessionBytes, subscriptionBytes, queuedBytes, retainedBytes }
}

async function settledBytes(bench: TrialBench): Promise<number> {
  await bench.idle(IDLE_MS)
  const heap = await bench.heap()
  return heap?.heapBytes ?? bench.memory().residentMiB * 2 ** 20
}
