import type { QoS } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { RetainedMessages } from '../routing/retained-messages.ts'
import { type DeliveryTerms, mergeTerms, type Subscription } from '../routing/subscription.ts'

/**
 * The retained messages that a new Subscription calls for, on their way to one Client. They are not queued: the cursor holds
 * references and goes on when the Client can take more.
 *
 * A message that has been cleared meanwhile is left out, and so is one that has been replaced: the newer one is
 * in the queue of the Client, and the older one behind it would be the last word. At QoS 0 the newer one may have been
 * dropped as it came; then it takes the place of the older one.
 */
export class RetainedCursor {
  readonly terms: DeliveryTerms
  readonly #subscription: Subscription
  readonly #messages: readonly Message[]
  readonly #retained: RetainedMessages
  #position = 0
  /** What is still to be sent, once somebody has asked for a single message; most cursors never need it. */
  #pending: Set<Message> | undefined

  constructor(subscription: Subscription, messages: readonly Message[], retained: RetainedMessages) {
    this.#subscription = subscription
    this.terms = mergeTerms([subscription])
    this.#messages = messages
    this.#retained = retained
  }

  /** Of the Subscription that called for the messages. */
  get filter(): string {
    return this.#subscription.filter
  }

  /** The next message that is to be sent, which stays; `undefined` at the end. */
  peek(): Message | undefined {
    for (; this.#position < this.#messages.length; this.#position++) {
      const message = this.#messages[this.#position]!
      const current = this.#retained.get(message.topic)
      if (current === undefined || this.#isOwn(current)) continue
      if (this.#pending !== undefined && !this.#pending.has(message)) continue
      if (current === message || this.qosOf(current) === 0) return current
    }
    return undefined
  }

  /** Takes the next message. */
  next(): Message | undefined {
    const message = this.peek()
    if (message !== undefined) this.#position++
    return message
  }

  /**
   * Takes out a message that is to be sent at once, because one that came later to its topic would overtake it.
   *
   * @param message the retained message of its topic
   * @returns whether it was still to be sent
   */
  takeOut(message: Message): boolean {
    this.#pending ??= new Set(this.#messages.slice(this.#position))
    return !this.#isOwn(message) && this.#pending.delete(message)
  }

  /** The QoS at which the message goes to this Client. */
  qosOf(message: Message): QoS {
    return message.qos < this.terms.qos ? message.qos : this.terms.qos
  }

  /** Whether No Local keeps the message from its publisher [MQTT-3.8.3-3]. */
  #isOwn({ publisherId }: Message): boolean {
    const { noLocal, subscriber } = this.#subscription
    return noLocal && publisherId === subscriber.clientId
  }
}
