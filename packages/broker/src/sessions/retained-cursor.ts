import type { QoS } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { LevelNode } from '../routing/level-tree.ts'
import type { RetainedMessages } from '../routing/retained-messages.ts'
import type { RetainedSearch, SearchAllowance } from '../routing/retained-search.ts'
import { type DeliveryTerms, mergeTerms, type Subscription } from '../routing/subscription.ts'

/**
 * The retained messages that a new Subscription calls for, on their way to one Client. They are neither queued nor collected: the cursor looks
 * for the next one when the Client can take it.
 *
 * A message that has been cleared meanwhile is left out, and so is one that has been replaced: the newer one is
 * in the queue of the Client, and a second time it would be one too many. At QoS 0 the newer one may have been
 * dropped as it came; then it takes the place of the older one.
 */
export class RetainedCursor {
  #terms: DeliveryTerms
  #subscription: Subscription
  readonly #retained: RetainedMessages
  readonly #allowance: SearchAllowance
  readonly #search: RetainedSearch
  readonly #beganMs: number
  /** Where the next message is, if it has been found. */
  #node: LevelNode<Message> | undefined
  /** Messages that were sent before their turn. Weak: of one that is not retained any more nobody asks. */
  readonly #takenOut = new WeakSet<Message>()

  /** @param now milliseconds of the monotonic clock */
  constructor(subscription: Subscription, retained: RetainedMessages, allowance: SearchAllowance, now: number) {
    this.#subscription = subscription
    this.#terms = mergeTerms([subscription])
    this.#retained = retained
    this.#allowance = allowance
    this.#search = retained.search(subscription.filter)
    this.#beganMs = now
  }

  get terms(): DeliveryTerms {
    return this.#terms
  }

  /** Another Subscription has taken the place of the one that began: what is left goes in its terms. @param subscription of the same filter */
  replace(subscription: Subscription): void {
    this.#subscription = subscription
    this.#terms = mergeTerms([subscription])
  }

  /** Whether there are no more. If there may be, {@link peek} has found none because the allowance is used up. */
  get isFinished(): boolean {
    return this.#search.isFinished
  }

  /** The next message that is to be sent, which stays; `undefined` when none has been found. */
  peek(): Message | undefined {
    for (;;) {
      const message = this.#node?.value
      if (message !== undefined && this.#isDue(this.#node!, message)) return message
      this.#node = this.#retained.next(this.#search, this.#beganMs, this.#allowance)
      if (this.#node === undefined) return undefined
    }
  }

  /** Takes the message that {@link peek} has given. */
  next(): void {
    this.#node = undefined
  }

  /** Whether a message is still to be sent. @param message the retained message of its topic */
  hasAhead(message: Message): boolean {
    const node = this.#retained.nodeOf(message.topic)!
    return this.#isDue(node, message) && (node === this.#node || this.#search.isAhead(node, message.topic))
  }

  /** Sends a message no more: it goes to the Client in another way, or was sent before its turn. */
  leaveOut(message: Message): void {
    this.#takenOut.add(message)
  }

  /** The QoS at which the message goes to this Client. */
  qosOf(message: Message): QoS {
    return message.qos < this.#terms.qos ? message.qos : this.#terms.qos
  }

  #isDue(node: LevelNode<Message>, message: Message): boolean {
    if (this.#isOwn(message) || this.#takenOut.has(message)) return false
    return this.#isFrom(node) || this.qosOf(message) === 0
  }

  /** Whether the message of a node was there when the search began. */
  #isFrom(node: LevelNode<Message>): boolean {
    return node.changedAt <= this.#search.beganAt
  }

  /** Whether No Local keeps the message from its publisher [MQTT-3.8.3-3]. */
  #isOwn({ publisherId }: Message): boolean {
    const { noLocal, subscriber } = this.#subscription
    return noLocal && publisherId === subscriber.clientId
  }
}
