import type { RecordableHistogram } from 'node:perf_hooks'
import type { GcPauses } from '../brokers/gc-pauses.ts'
import type { LoadState } from './load-state.ts'
import { cpuMsOf } from './process-cpu.ts'

/** One measurement. Rates are of messages that reached receivers, or that were stored for them. */
export interface Round {
  readonly seconds: number
  readonly messageCount: number
  readonly messagesPerSecond: number
  readonly latencyUs: Latency
  /** To the last acknowledgement; not in results of earlier versions. */
  readonly acknowledgementUs: Latency | undefined
  /** How late messages of a given rate were sent: what of their latency is the generator's; not in results of earlier versions. */
  readonly lateUs?: Latency | undefined
  /** Messages delivered while the load ran, before and after the measurement too. */
  readonly carriedCount?: number | undefined
  /** Garbage collection of the broker while the load ran, where that was asked for. */
  readonly gc?: GcPauses | undefined
  /** Shares of one core, without time that was only waited in. The one that is near 1 is what the round has measured. */
  readonly generatorCpu: number
  readonly brokerCpu: number
  /** CPU time of the broker; 0 when there was no message. */
  readonly brokerUsPerMessage: number
}

/** Percentiles, in microseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Where things stand at one end of a measurement. */
export interface Snapshot {
  readonly nowMs: number
  readonly messageCount: number
  readonly generatorMs: number
  readonly brokerMs: number
}

export function snapshot(messageCount: number, brokerPid: number): Snapshot {
  return { nowMs: performance.now(), messageCount, generatorMs: cpuMsOf(process.pid), brokerMs: cpuMsOf(brokerPid) }
}

export function roundBetween(
  start: Snapshot,
  end: Snapshot,
  { latencyNs, acknowledgementNs, lateNs }: LoadState,
): Round {
  const elapsedMs = end.nowMs - start.nowMs
  const messageCount = end.messageCount - start.messageCount
  const brokerMs = end.brokerMs - start.brokerMs
  return {
    seconds: elapsedMs / 1000,
    messageCount,
    messagesPerSecond: (messageCount / elapsedMs) * 1000,
    latencyUs: latencyOf(latencyNs),
    acknowledgementUs: acknowledgementNs.count === 0 ? undefined : latencyOf(acknowledgementNs),
    lateUs: lateNs.count === 0 ? undefined : latencyOf(lateNs),
    generatorCpu: (end.generatorMs - start.generatorMs) / elapsedMs,
    brokerCpu: brokerMs / elapsedMs,
    brokerUsPerMessage: messageCount === 0 ? 0 : (brokerMs * 1000) / messageCount,
  }
}

function latencyOf(histogram: RecordableHistogram): Latency {
  const percentile = (percent: number): number => histogram.percentile(percent) / 1000
  return { p50: percentile(50), p99: percentile(99), p999: percentile(99.9), max: histogram.max / 1000 }
}
