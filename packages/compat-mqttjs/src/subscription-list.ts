import type { Client, ReceivedMessage, SubscribeOptions, Subscription } from '@curlew/client'
import { parseSharedFilter } from '@curlew/codec'
import { matchesTopicFilter } from '@curlew/protocol'

interface Entry {
  /** What the filter matches, without `$share/…`. */
  readonly plain: string
  readonly qos: number
  readonly identifier: number
  readonly subscription: Promise<Subscription>
}

/**
 * The Subscriptions of an MQTT.js client: one of our client's per Topic Filter. MQTT.js tells of each PUBLISH once, however many filters
 * it matches, so of those the first speaks for all.
 */
export class SubscriptionList {
  readonly #entries = new Map<string, Entry>()
  readonly #onMessage: (message: ReceivedMessage) => void

  constructor(onMessage: (message: ReceivedMessage) => void) {
    this.#onMessage = onMessage
  }

  /** QoS of the Subscription with this filter; `undefined` without one. */
  qosOf(filter: string): number | undefined {
    return this.#entries.get(filter)?.qos
  }

  /** @returns the granted QoS @throws {ClientError} as `subscribe` of our client */
  async add(client: Client, filter: string, options: SubscribeOptions): Promise<number> {
    const earlier = this.#entries.get(filter)
    const handler = (message: ReceivedMessage): void => this.#deliver(filter, message)
    const subscription = client.subscribe(filter, { ...options, handler, ack: 'manual' })
    const { qos = 0, subscriptionIdentifier: identifier = 0 } = options
    const entry = { plain: parseSharedFilter(filter)?.filter ?? filter, qos, identifier, subscription }
    this.#entries.set(filter, entry)
    // The Server has one Subscription per filter, and by now it is the new one.
    earlier?.subscription.then(each => each.unsubscribe()).catch(() => {})
    try {
      const { reasonCodes } = await subscription
      return reasonCodes[0] ?? 0
    } catch (error) {
      if (this.#entries.get(filter) === entry) this.#entries.delete(filter)
      throw error
    }
  }

  /** @returns `undefined` when there is no such Subscription here */
  take(filter: string): Promise<Subscription> | undefined {
    const entry = this.#entries.get(filter)
    this.#entries.delete(filter)
    return entry?.subscription
  }

  clear(): void {
    this.#entries.clear()
  }

  #deliver(filter: string, message: ReceivedMessage): void {
    if (this.#speaker(message) === filter) this.#onMessage(message)
    else message.ack()
  }

  /** The first filter that our client gives a message to: of those that match, those whose identifier it carries, if any do. */
  #speaker({ topic, properties }: ReceivedMessage): string | undefined {
    const { subscriptionIdentifiers = [] } = properties
    let first: string | undefined
    for (const [filter, { plain, identifier }] of this.#entries) {
      if (!matchesTopicFilter(plain, topic)) continue
      if (subscriptionIdentifiers.length === 0 || subscriptionIdentifiers.includes(identifier)) return filter
      first ??= filter
    }
    return first
  }
}
