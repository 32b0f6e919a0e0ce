import type { QoS, SubscriptionRequest } from '@curlew/codec'
import type { Message } from '@curlew/protocol'

/** Whoever receives messages. Implemented by sessions; another node could be one too. */
export interface Subscriber {
  readonly clientId: string
  /** Whether it can be reached now. */
  readonly isConnected: boolean
  /** Messages it has taken on and not finished. */
  readonly unfinishedCount: number
  /** Whether it is held by this node. */
  readonly isLocal: boolean
  /**
   * Finds room for a message: it could be sent at once, or wait without another having to go.
   *
   * @param delivery to this Subscriber
   * @param decision what is found is not free for the next message of the same decision; of decision 0 nothing is remembered
   * @returns who has it and how, mostly what was given; `undefined` when there is none
   */
  claimRoom(message: Message, delivery: Delivery, decision: number): Delivery | undefined
  /** Takes the message on. Called within the turn in which it arrived; whoever keeps it calls `hold` or `own` of the message. */
  deliver(message: Message, terms: DeliveryTerms): void
  /** Gives what waits with it because of a Shared Subscription to members that are connected, if there are any. */
  handOver(sharedFilter: string): void
}

/** A message on its way to one Subscriber. */
export interface Delivery {
  readonly subscriber: Subscriber
  readonly terms: DeliveryTerms
}

/** How one Subscriber gets one message: what its matching Subscriptions come to together. */
export interface DeliveryTerms {
  /** The highest Maximum QoS of the Subscriptions [MQTT-3.3.4-2]. */
  readonly qos: QoS
  readonly retainAsPublished: boolean
  /** Of all matching Subscriptions that have one [MQTT-3.3.4-3], [MQTT-3.3.4-4]. */
  readonly subscriptionIdentifiers: readonly number[]
  /** The Shared Subscription on whose behalf this Subscriber gets the message, if it is one. */
  readonly sharedFilter: string | undefined
}

/** A Topic Filter with its options, held by one Subscriber. */
export interface Subscription extends SubscriptionRequest {
  readonly subscriber: Subscriber
  /** Subscription Identifier of 5.0. */
  readonly identifier: number | undefined
}

const noIdentifiers: readonly number[] = []

/**
 * Merges the Subscriptions of one Subscriber that match a topic into one delivery at the highest QoS, with
 * the identifiers of all.
 *
 * @param subscriptions at least one
 */
export function mergeTerms(subscriptions: readonly Subscription[]): DeliveryTerms {
  let qos: QoS = 0
  let retainAsPublished = false
  let identifiers = noIdentifiers
  for (const subscription of subscriptions) {
    if (subscription.qos > qos) qos = subscription.qos
    if (subscription.retainAsPublished) retainAsPublished = true
    if (subscription.identifier !== undefined) identifiers = [...identifiers, subscription.identifier]
  }
  return { qos, retainAsPublished, subscriptionIdentifiers: identifiers, sharedFilter: undefined }
}
