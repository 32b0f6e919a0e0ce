import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { receiverCount } from '../scenarios.ts'
import { closeAll, openInGroups } from './connections.ts'
import type { Target } from './load.ts'
import { LoadState } from './load-state.ts'
import type { Faults } from './message-order.ts'
import type { Publisher } from './publisher.ts'
import { createPublisher, subscribingsOf } from './roles.ts'
import { type Round, roundBetween, type Snapshot, snapshot } from './round.ts'
import { Subscriber, type Subscribing } from './subscriber.ts'

/** A load that has made no progress for so long has lost something. */
const STALLED_MS = 20_000
/** How often progress is looked at, in milliseconds. */
const PROBE_MS = 5
/** How long to wait, after the last message, for duplicates to turn up. */
const SETTLE_MS = 20

/** When to stop storing: whichever comes first. */
export interface StoreLimits {
  readonly measuredMs: number
  /** Messages of each publisher, of all rounds together; a multiple of the batch. `undefined`: no limit. */
  readonly sentMax: number | undefined
}

/** Messages stored for Sessions whose Clients are away, and what these get when they come back. */
export class WaitingLoad {
  readonly #state: LoadState
  #target: Target
  #publishers: Publisher[] = []
  #subscribings: Subscribing[] = []
  #subscribers: Subscriber[] = []

  /** @param onFailure told when the load can not go on, once or more */
  constructor(target: Target, onFailure: (error: Error) => void) {
    this.#target = target
    this.#state = new LoadState(true, onFailure)
  }

  get faults(): Faults {
    return this.#state.faults
  }

  /** Creates the Sessions, which are left to themselves, and connects the publishers. */
  async prepare(): Promise<void> {
    const { scenario } = this.#target
    this.#publishers = await openInGroups(scenario.publisherCount, true, index => {
      return createPublisher(index, this.#target, this.#state)
    })
    this.#subscribings = subscribingsOf(scenario, this.#publishers, this.faults)
    await this.#connect()
    for (const subscriber of this.#subscribers) await subscriber.subscribe()
    await this.#leave()
  }

  /** Publishes, and measures what is acknowledged: once for each Session that has it. */
  async store({ measuredMs, sentMax = Number.POSITIVE_INFINITY }: StoreLimits): Promise<Round> {
    const state = this.#state
    state.resetLatencies()
    state.sentMax = sentMax
    state.nowMs = performance.now()
    const start = this.#stored()
    state.isSending = true
    state.isRecording = true
    for (const publisher of this.#publishers) publisher.sendBatches()
    while (performance.now() - start.nowMs < measuredMs && !this.#hasStored(sentMax)) await delay(PROBE_MS)
    const hasAll = this.#hasStored(sentMax)
    const end = this.#stored()
    state.isRecording = false
    state.isSending = false
    await this.#progress(() => this.#publishers.every(publisher => publisher.isIdle))
    if (sentMax !== Number.POSITIVE_INFINITY && !hasAll) {
      const asked = sentMax * this.#publishers.length
      throw new Error(`${state.acknowledgementCount} of ${asked} messages were stored within ${measuredMs} ms`)
    }
    return roundBetween(start, hasAll ? { ...end, nowMs: state.nowMs } : end, state)
  }

  /** Ends the connections of the publishers, before the broker is killed. */
  leave(): Promise<void> {
    return closeAll(this.#publishers)
  }

  /** Connects the first Session and takes the time to its first message; {@link drain} has the others. */
  async first(target: Target): Promise<Round> {
    this.#target = target
    const start = this.#delivered()
    const [subscribing] = this.#subscribings
    const subscriber = new Subscriber(subscribing!, target.scenario, target.port, this.#state)
    this.#subscribers = [subscriber]
    await subscriber.connect(false)
    while (this.#state.deliveryCount === start.messageCount) {
      if (performance.now() - start.nowMs > STALLED_MS) throw new Error(`nothing came within ${STALLED_MS} ms`)
      await nextTurn()
    }
    return roundBetween(start, { ...this.#delivered(), nowMs: this.#state.nowMs }, this.#state)
  }

  /** Connects all Sessions, takes the time until they have everything, and lets them go again. */
  async drain(target: Target): Promise<Round> {
    this.#target = target
    const state = this.#state
    const sentCount = this.#publishers.reduce((sum, publisher) => sum + publisher.sentCount, 0)
    const expected = sentCount * receiverCount(target.scenario)
    const start = this.#delivered()
    await this.#connect()
    const isOver = await this.#progress(() => state.deliveryCount >= expected)
    if (!isOver) state.faults.lost = expected - state.deliveryCount
    const end = { ...this.#delivered(), nowMs: state.nowMs }
    await delay(SETTLE_MS)
    await this.#leave()
    return roundBetween(start, end, state)
  }

  /** Connects the Sessions that are away. */
  async #connect(): Promise<void> {
    const { scenario, port } = this.#target
    const away = this.#subscribings.slice(this.#subscribers.length)
    const connected = await openInGroups(
      away.length,
      false,
      index => new Subscriber(away[index]!, scenario, port, this.#state),
    )
    this.#subscribers.push(...connected)
  }

  async #leave(): Promise<void> {
    await closeAll(this.#subscribers)
    this.#subscribers = []
  }

  #hasStored(sentMax: number): boolean {
    return this.#publishers.every(publisher => publisher.sentCount >= sentMax && publisher.isIdle)
  }

  /** @returns whether `isOver` has come true, rather than nothing more happened */
  async #progress(isOver: () => boolean): Promise<boolean> {
    const { deliveryCount, acknowledgementCount } = this.#state
    let count = deliveryCount + acknowledgementCount
    let progressMs = performance.now()
    while (!isOver()) {
      const now = this.#state.deliveryCount + this.#state.acknowledgementCount
      if (now !== count) progressMs = performance.now()
      if (performance.now() - progressMs > STALLED_MS) return false
      count = now
      await delay(PROBE_MS)
    }
    return true
  }

  #stored(): Snapshot {
    const { scenario, brokerPid } = this.#target
    return snapshot(this.#state.acknowledgementCount * receiverCount(scenario), brokerPid)
  }

  #delivered(): Snapshot {
    return snapshot(this.#state.deliveryCount, this.#target.brokerPid)
  }
}
