import { setTimeout as delay } from 'node:timers/promises'
import { receiverCount, type Scenario } from '../scenarios.ts'
import { closeAll, openInGroups } from './connections.ts'
import { LoadState } from './load-state.ts'
import type { Faults } from './message-order.ts'
import { pace } from './pacer.ts'
import type { Publisher } from './publisher.ts'
import { createPublisher, subscribingsOf } from './roles.ts'
import { type Round, roundBetween, type Snapshot, snapshot } from './round.ts'
import { Subscriber } from './subscriber.ts'

/** A load that has made no progress for so long has lost something. */
const STALLED_MS = 5_000

/** How long to wait, after the last message, for duplicates to turn up; also how often draining is looked at. */
const SETTLE_MS = 20

/** Where the load goes. */
export interface Target {
  readonly scenario: Scenario
  readonly port: number
  readonly brokerPid: number
}

/** The connections of one scenario to one broker; kept from round to round, so that all of them but the first run warm. */
export class Load {
  readonly #target: Target
  readonly #state: LoadState
  #publishers: Publisher[] = []
  #subscribers: Subscriber[] = []
  #started: Snapshot | undefined

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
    this.#publishers = await openInGroups(scenario.publisherCount, true, index => {
      return createPublisher(index, this.#target, this.#state)
    })
    const subscribings = subscribingsOf(scenario, this.#publishers, this.faults)
    this.#subscribers = await openInGroups(subscribings.length, !scenario.isPersistent, index => {
      return new Subscriber(subscribings[index]!, scenario, port, this.#state)
    })
    for (const subscriber of this.#subscribers) await subscriber.subscribe()
  }

  /** Ramps up, measures, and waits until everything sent has arrived. */
  async run(rampMs: number, measuredMs: number): Promise<Round> {
    const state = this.#state
    this.start()
    await delay(rampMs)
    state.resetLatencies()
    const start = this.#snapshot()
    state.isRecording = true
    await delay(measuredMs)
    const end = this.#snapshot()
    state.isRecording = false
    await this.stop()
    const round = roundBetween(start, end, state)
    return { ...round, carriedCount: state.deliveryCount - this.#started!.messageCount }
  }

  /** Sends until {@link stop}. */
  start(): void {
    const { ratePerSecond } = this.#target.scenario
    this.#started = this.#snapshot()
    this.#state.isSending = true
    if (ratePerSecond !== undefined) return pace(this.#state, this.#publishers, ratePerSecond)
    this.#state.nowMs = performance.now()
    for (const publisher of this.#publishers) publisher.sendBatches()
  }

  /** Stops sending and waits until everything has arrived. @returns what was done since {@link start} */
  async stop(): Promise<Round> {
    const end = this.#snapshot()
    this.#state.isSending = false
    await this.#drain()
    return roundBetween(this.#started!, end, this.#state)
  }

  close(): Promise<void> {
    return closeAll([...this.#publishers, ...this.#subscribers])
  }

  #snapshot(): Snapshot {
    const taken = snapshot(this.#state.deliveryCount, this.#target.brokerPid)
    return { ...taken, generatorMs: taken.generatorMs - this.#state.spunMs }
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
    const sentCount = this.#publishers.reduce((sum, publisher) => sum + publisher.sentCount, 0)
    const lost = sentCount * receiverCount(this.#target.scenario) - this.#state.deliveryCount
    this.#state.faults.lost = lost
    const what = lost > 0 ? `${lost} messages` : 'acknowledgements'
    this.#state.fail(new Error(`${what} did not come within ${STALLED_MS} ms`))
  }
}
