import { memoryBrokers } from '../brokers/broker-names.ts'
import { type Form, small } from '../scenarios.ts'
import { figure, type Trial } from './trial.ts'
import type { TrialBench } from './trial-bench.ts'

const STORM_COUNT = 5_000
const IDLE_COUNT = 10_000
/** Connected before memory is looked at for the first time, so that what is used once is not counted. */
const IDLE_FIRST_COUNT = 1_000
/** Each connection sends PINGREQ once in this time, as most clients do. */
const KEEP_ALIVE_SECONDS = 60
/** Before memory is looked at: garbage has been collected. */
const SETTLE_MS = 7_000
/** Before CPU time is taken: V8 collects garbage once more by itself some seconds after the last connect. */
const REST_MS = 10_000
/** CPU time of idle brokers is small: it needs a while to be seen. */
const IDLE_MS_MIN = 15_000

const form: Form = { ...small, group: 'connections' }
const common = {
  group: form.group,
  ...{ isShort: false, needsStore: false, brokers: memoryBrokers },
  scenario: { ...form, name: 'connections', qos: 0 },
} as const

/** What connections cost when they come, and when they are there. */
export const connectionTrials: readonly Trial[] = [
  {
    ...{ ...common, name: 'connect storm', isFresh: false, perform: performStorm },
    figures: [
      figure('connected', `${STORM_COUNT.toLocaleString('en')} connects`, 'per second', { atLeast: 3, times: 'aedes' }),
      figure('connectUs', 'CPU time of the broker per connect', 'µs'),
      figure('connackP50Ms', 'TCP and CONNACK, p50', 'ms'),
      figure('connackP99Ms', 'TCP and CONNACK, p99', 'ms'),
      figure('generatorPercent', 'load of the generator', '%'),
    ],
  },
  {
    ...{ ...common, name: 'idle connections', isFresh: true, perform: performIdle },
    figures: [
      figure('connectionBytes', 'memory of a connection', 'B', { atMost: 6 * 1024 }),
      figure('idlePercent', `CPU with ${IDLE_COUNT.toLocaleString('en')} of them`, '%', { atMost: 1 }),
      figure('residentMiB', `memory with ${IDLE_COUNT.toLocaleString('en')} of them`, 'MiB'),
    ],
  },
]

async function performStorm(bench: TrialBench): Promise<Record<string, number>> {
  const { target } = bench
  const round = await bench.measure({ type: 'connect', target, count: STORM_COUNT, keepAliveSeconds: 0 })
  await bench.perform({ type: 'disconnect' })
  return {
    connected: round.messagesPerSecond,
    connectUs: round.brokerUsPerMessage,
    connackP50Ms: round.latencyUs.p50 / 1000,
    connackP99Ms: round.latencyUs.p99 / 1000,
    generatorPercent: round.generatorCpu * 100,
  }
}

async function performIdle(bench: TrialBench, measuredMs: number): Promise<Record<string, number>> {
  const { target } = bench
  const connect = { type: 'connect', target, keepAliveSeconds: KEEP_ALIVE_SECONDS } as const
  await bench.measure({ ...connect, count: IDLE_FIRST_COUNT })
  await bench.idle(SETTLE_MS)
  const { residentMiB: firstMiB } = bench.memory()
  await bench.measure({ ...connect, count: IDLE_COUNT - IDLE_FIRST_COUNT })
  await bench.idle(SETTLE_MS)
  const { residentMiB } = bench.memory()
  await bench.idle(REST_MS)
  const idle = await bench.measure({ type: 'hold', target, measuredMs: Math.max(measuredMs, IDLE_MS_MIN) })
  return {
    connectionBytes: ((residentMiB - firstMiB) * 2 ** 20) / (IDLE_COUNT - IDLE_FIRST_COUNT),
    idlePercent: idle.brokerCpu * 100,
    residentMiB,
  }
}
