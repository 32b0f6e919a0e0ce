import type { QoS } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { RetainedMessages } from '../routing/retained-messages.ts'
import type { DeliveryTerms } from '../routing/subscription.ts'

/**
 * The retained messages that a new Subscription calls for, on their way to one Client. They are not queued: the cursor holds
 * references and goes on when the Client can take more.
 *
 * A message that has been replaced or cleared meanwhile is left out: the Client has got the newer one
 * as a live message, and the older one behind it would be the last word.
 */
export class RetainedCursor {
  /** Of the Subscription that called for the messages. */
  readonly filter: string
  readonly terms: DeliveryTerms
  readonly #messages: readonly Message[]
  readonly #retained: RetainedMessages
  #position = 0

  constructor(filter: string, messages: readonly Message[], terms: DeliveryTerms, retained: RetainedMessages) {
    this.filter = filter
    this.#messages = messages
    this.terms = terms
    this.#retained = retained
  }

  /** The next message that is still retained, which stays; `undefined` at the end. */
  peek(): Message | undefined {
    for (
      let message = this.#messages[this.#position];
      message !== undefined;
      message = this.#messages[this.#position]
    ) {
      if (this.#retained.get(message.topic) === message) return message
      this.#position++
    }
    return undefined
  }

  /** Takes the next message. */
  next(): Message | undefined {
    const message = this.peek()
    if (message !== undefined) this.#position++
    return message
  }

  /** The QoS at which the message goes to this Client. */
  qosOf(message: Message): QoS {
    return message.qos < this.terms.qos ? message.qos : this.terms.qos
  }
}
