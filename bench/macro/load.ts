import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import { LoadState } from './load-state.ts'
import type { Faults } from './message-order.ts'
import { pace } from './pacer.ts'
import { cpuMsOf } from './process-cpu.ts'
import { Publisher } from './publisher.ts'
import { filterOf, type Scenario, topicOf } from './scenarios.ts'
import { Subscriber } from './subscriber.ts'

/** Connections opened at a time: fewer than the shortest backlog of the brokers compared. */
const CONNECTING_MAX = 50

/** A load that has made no progress for so long has lost something. */
const STALLED_MS = 5_000

/** How long to wait, after the last message, for duplicates to turn up; also how often draining is looked at. */
const SETTLE_MS = 20

/** One measurement. Rates are of messages that reached receivers. */
export interface Round {
  readonly seconds: number
  readonly messageCount: number
  readonly messagesPerSecond: number
  readonly latencyUs: Latency
  /** Shares of one core. The one that is near 1 is what the round has measured. */
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

/** Where the load goes. */
export interface Target {
  readonly scenario: Scenario
  readonly port: number
  readonly brokerPid: number
}

interface Snapshot {
  readonly nowMs: number
  readonly deliveryCount: number
  readonly generatorMs: number
  readonly brokerMs: number
}

/** The connections of one scenario to one broker; kept from round to round, so that all of them but the first run warm. */
export class Load {
  readonly #target: Target
  readonly #state: LoadState
  #publishers: Publisher[] = []
  #subscribers: Subscriber[] = []

  /** @param onFailure told when the load can not go on, once or more */
  constructor(target: Target, onFailure: (error: Error) => void) {
    this.#target = target
    this.#state = new LoadState(target.scenario.ratePerSecond === undefined, onFailure)
  }

  get faults(): Faults {
    return this.#state.faults
  }

  /** Connects all clients and subscribes. */
  async open(): Promise<void> {
    const { scenario, port } = this.#target
    const { qos, payloadBytes, publisherCount, subscriberCount } = scenario
    this.#publishers = await openInGroups(publisherCount, publisherIndex => {
      const form = { publisherIndex, topic: topicOf(scenario, publisherIndex), qos, payloadBytes }
      return new Publisher(form, scenario, port, this.#state)
    })
    const isPaired = publisherCount === subscriberCount
    this.#subscribers = await openInGroups(subscriberCount, index => {
      const publishers = isPaired ? this.#publishers.slice(index, index + 1) : this.#publishers
      return new Subscriber({ index, filter: filterOf(scenario, index), publishers }, scenario, port, this.#state)
    })
    for (const subscriber of this.#subscribers) await subscriber.subscribe()
  }

  /** Ramps up, measures, and waits until everything sent has arrived. */
  async run(rampMs: number, measuredMs: number): Promise<Round> {
    const state = this.#state
    state.isSending = true
    this.#startSending()
    await delay(rampMs)
    state.latencyNs.reset()
    const start = this.#snapshot()
    state.isRecording = true
    await delay(measuredMs)
    const end = this.#snapshot()
    state.isRecording = false
    state.isSending = false
    await this.#drain()
    return roundBetween(start, end, this.#latency())
  }

  close(): void {
    for (const connection of [...this.#publishers, ...this.#subscribers]) connection.close()
  }

  #startSending(): void {
    const { ratePerSecond } = this.#target.scenario
    if (ratePerSecond !== undefined) return pace(this.#state, this.#publishers, ratePerSecond)
    this.#state.nowMs = performance.now()
    for (const publisher of this.#publishers) publisher.sendBatches()
  }

  async #drain(): Promise<void> {
    let deliveryCount = -1
    let progressMs = performance.now()
    while (!this.#publishers.every(publisher => publisher.isIdle)) {
      if (this.#state.deliveryCount !== deliveryCount) progressMs = performance.now()
      if (performance.now() - progressMs > STALLED_MS) return this.#stall()
      deliveryCount = this.#state.deliveryCount
      await delay(SETTLE_MS)
    }
    await delay(SETTLE_MS)
  }

  #stall(): void {
    const lost = this.#publishers.reduce((sum, publisher) => sum + publisher.undeliveredCount, 0)
    this.#state.faults.lost = lost
    const what = lost > 0 ? `${lost} messages` : 'acknowledgements'
    this.#state.fail(new Error(`${what} did not come within ${STALLED_MS} ms`))
  }

  #snapshot(): Snapshot {
    return {
      nowMs: performance.now(),
      deliveryCount: this.#state.deliveryCount,
      generatorMs: cpuMsOf(process.pid),
      brokerMs: cpuMsOf(this.#target.brokerPid),
    }
  }

  #latency(): Latency {
    const { latencyNs } = this.#state
    const percentile = (percent: number): number => latencyNs.percentile(percent) / 1000
    return { p50: percentile(50), p99: percentile(99), p999: percentile(99.9), max: latencyNs.max / 1000 }
  }
}

async function openInGroups<T extends Connection>(count: number, create: (index: number) => T): Promise<T[]> {
  const opened: T[] = []
  while (opened.length < count) {
    const first = opened.length
    const group = Array.from({ length: Math.min(CONNECTING_MAX, count - first) }, (_, index) => create(first + index))
    await Promise.all(group.map(connection => connection.connect()))
    opened.push(...group)
  }
  return opened
}

function roundBetween(start: Snapshot, end: Snapshot, latencyUs: Latency): Round {
  const elapsedMs = end.nowMs - start.nowMs
  const messageCount = end.deliveryCount - start.deliveryCount
  const brokerMs = end.brokerMs - start.brokerMs
  return {
    seconds: elapsedMs / 1000,
    messageCount,
    messagesPerSecond: (messageCount / elapsedMs) * 1000,
    latencyUs,
    generatorCpu: (end.generatorMs - start.generatorMs) / elapsedMs,
    brokerCpu: brokerMs / elapsedMs,
    brokerUsPerMessage: messageCount === 0 ? 0 : (brokerMs * 1000) / messageCount,
  }
}
