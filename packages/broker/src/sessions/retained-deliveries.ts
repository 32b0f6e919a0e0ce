import type { QoS } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { RetainedMessages } from '../routing/retained-messages.ts'
import type { DeliveryTerms, Subscription } from '../routing/subscription.ts'
import { RetainedCursor } from './retained-cursor.ts'
import type { SearchTurns } from './search-turns.ts'

/** Where retained messages go: the Session, which sends or queues them like any other. */
export interface RetainedSink {
  /** Whether a message of this QoS can go to the Client now. */
  isReadyFor(qos: QoS): boolean
  /** Sends a message, or queues it behind what waits. */
  sendRetained(message: Message, qos: QoS, terms: DeliveryTerms): void
  /** Queues a message. @returns `false` when it has no room for it */
  queueRetained(message: Message, qos: QoS, terms: DeliveryTerms): boolean
  /** The search can go on, in another turn: with {@link RetainedDeliveries.pump}, or {@link RetainedDeliveries.queueAll}. */
  goOnWithRetained(): void
}

const none: readonly Message[] = []

/** The retained messages on their way to one Client: a cursor for each Subscription that called for some. */
export class RetainedDeliveries {
  /** By Topic Filter, in the order the Subscriptions came. */
  readonly #cursors = new Map<string, RetainedCursor>()
  readonly #retained: RetainedMessages
  readonly #turns: SearchTurns
  readonly #sink: RetainedSink
  readonly #goOn = (): void => {
    if (!this.isEmpty) this.#sink.goOnWithRetained()
  }

  constructor(retained: RetainedMessages, turns: SearchTurns, sink: RetainedSink) {
    this.#retained = retained
    this.#turns = turns
    this.#sink = sink
  }

  get isEmpty(): boolean {
    return this.#cursors.size === 0
  }

  /** @param now milliseconds of the monotonic clock */
  add(subscription: Subscription, now: number): void {
    this.#cursors.set(subscription.filter, new RetainedCursor(subscription, this.#retained, this.#turns, now))
  }

  /** A Subscription has been replaced: no message on its way is lost, and the rest go in the new one's terms [MQTT-3.8.4-3], [MQTT-3.8.4-4]. */
  replace(subscription: Subscription): void {
    this.#cursors.get(subscription.filter)?.replace(subscription)
  }

  /** Sends no more retained messages of a Subscription [MQTT-3.10.4-2]. */
  cancel(filter: string): void {
    this.#cursors.delete(filter)
  }

  clear(): void {
    this.#cursors.clear()
  }

  /** Sends as much as the Client takes. */
  pump(): void {
    for (const [filter, cursor] of this.#cursors) {
      for (let message = cursor.peek(); message !== undefined; message = cursor.peek()) {
        const qos = cursor.qosOf(message)
        if (!this.#sink.isReadyFor(qos)) return
        cursor.next()
        this.#sink.sendRetained(message, qos, cursor.terms) // [MQTT-3.3.1-8]
      }
      if (!cursor.isFinished) return this.#turns.whenMore(this.#goOn)
      this.#cursors.delete(filter)
    }
  }

  /**
   * Makes way for a message that was just published: a retained one goes this way only, and no message overtakes the retained message of
   * its topic and QoS that still waits in a cursor [MQTT-4.6.0-5].
   *
   * @param isTakenNow whether the Client takes it, if it is of QoS 0
   */
  beforeLive(message: Message, qos: QoS, isTakenNow: boolean): void {
    if (qos === 0 && !isTakenNow) return
    if (message.retain) {
      for (const cursor of this.#cursors.values()) cursor.leaveOut(message)
      return
    }
    for (const { cursor, older } of this.#overtaken(message, qos)) {
      cursor.leaveOut(older)
      this.#sink.sendRetained(older, qos, cursor.terms)
    }
  }

  /** What {@link beforeLive} would send first. */
  overtakenBy(message: Message, qos: QoS): readonly Message[] {
    return this.isEmpty ? none : this.#overtaken(message, qos).map(({ older }) => older)
  }

  #overtaken(message: Message, qos: QoS): { readonly cursor: RetainedCursor; readonly older: Message }[] {
    const older = message.retain ? undefined : this.#retained.get(message.topic)
    if (older === undefined) return []
    return [...this.#cursors.values()]
      .filter(cursor => cursor.qosOf(older) === qos && cursor.hasAhead(older))
      .map(cursor => ({ cursor, older }))
  }

  /** Queues what is left, as much as there is room for; for the rest the cursors wait. */
  queueAll(): void {
    for (const cursor of this.#cursors.values()) this.#queue(cursor)
  }

  #queue(cursor: RetainedCursor): void {
    for (let message = cursor.peek(); message !== undefined; message = cursor.peek()) {
      if (!this.#sink.queueRetained(message, cursor.qosOf(message), cursor.terms)) return
      cursor.next()
    }
    if (!cursor.isFinished) this.#turns.whenMore(this.#goOn)
  }
}
