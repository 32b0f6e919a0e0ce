import { setTimeout as delay } from 'node:timers/promises'
import { filterOf, type Scenario, topicOf } from '../scenarios.ts'
import { closeAll, openInGroups } from './connections.ts'
import { LoadState } from './load-state.ts'
import { type Faults, MessageOrder } from './message-order.ts'
import { pace } from './pacer.ts'
import { Publisher } from './publisher.ts'
import { type Round, roundBetween, snapshot } from './round.ts'
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
    const { qos, payloadBytes, publisherCount, subscriberCount, window: fillingCount } = scenario
    this.#publishers = await openInGroups(publisherCount, true, publisherIndex => {
      const form = { publisherIndex, topic: topicOf(scenario, publisherIndex), qos, payloadBytes, fillingCount }
      return new Publisher(form, scenario, port, this.#state)
    })
    const isPaired = publisherCount === subscriberCount
    this.#subscribers = await openInGroups(subscriberCount, !scenario.isPersistent, index => {
      const publishers = isPaired ? this.#publishers.slice(index, index + 1) : this.#publishers
      const order = new MessageOrder(publishers[0]!.form.publisherIndex, publishers.length, this.faults)
      const subscribing = { index, filter: filterOf(scenario, index), publishers, order }
      return new Subscriber(subscribing, scenario, port, this.#state)
    })
    for (const subscriber of this.#subscribers) await subscriber.subscribe()
  }

  /** Ramps up, measures, and waits until everything sent has arrived. */
  async run(rampMs: number, measuredMs: number): Promise<Round> {
    const state = this.#state
    state.isSending = true
    this.#startSending()
    await delay(rampMs)
    state.resetLatencies()
    const start = snapshot(state.deliveryCount, this.#target.brokerPid)
    state.isRecording = true
    await delay(measuredMs)
    const end = snapshot(state.deliveryCount, this.#target.brokerPid)
    state.isRecording = false
    state.isSending = false
    await this.#drain()
    return roundBetween(start, end, state)
  }

  close(): Promise<void> {
    return closeAll([...this.#publishers, ...this.#subscribers])
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
}
