import { hasWildcards, isSharedFilter } from '@curlew/codec'
import { LARGE_PAYLOAD_MIN, type Message } from '@curlew/protocol'
import type { Store } from '../store/store.ts'
import { type RetainedLimits, RetainedMessages } from './retained-messages.ts'
import { SharedGroup, SharedGroups, type SharedStrategy } from './shared-groups.ts'
import { type Delivery, type DeliveryTerms, mergeTerms, type Subscriber, type Subscription } from './subscription.ts'
import { TopicTree } from './topic-tree.ts'

/** One Subscriber that gets the messages of a topic. */
interface Receiver {
  readonly subscriber: Subscriber
  readonly forOthers: DeliveryTerms
  /** For messages of its own: differs when some of its Subscriptions are No Local, `undefined` when all are. */
  readonly forOwn: DeliveryTerms | undefined
}

/** How a broker treats Subscriptions beyond what the specification decides. */
export interface RoutingOptions {
  /** How a Shared Subscription chooses among its members. Default `least-in-flight`. */
  sharedStrategy: SharedStrategy
  /**
   * What a Client gets whose Subscriptions overlap (section 3.3.4): `merged`, the default, is one message at the highest QoS with
   * all Subscription Identifiers; `each` is one message per Subscription.
   */
  overlapping: 'merged' | 'each'
}

export const defaultRoutingOptions: RoutingOptions = { sharedStrategy: 'least-in-flight', overlapping: 'merged' }

/** Topics whose receivers are remembered; when there are more, all are forgotten and found again. */
const ROUTES_MAX = 50_000
/** Longer topics are looked up each time: 50 000 of 64 KiB would be 3 GiB, and fleets have none of them. UTF-16 units. */
const ROUTE_TOPIC_LENGTH_MAX = 256

/**
 * Takes each message to whoever should receive it. The receivers of a topic are found and merged once and
 * remembered until a Subscription changes that could match the topic.
 */
export class Router {
  readonly retained: RetainedMessages
  readonly groups: SharedGroups
  readonly #tree = new TopicTree()
  readonly #overlapping: RoutingOptions['overlapping']
  /** Members of Shared Subscriptions; the tree has one Subscription per group. */
  #memberCount = 0
  #groupCount = 0
  readonly #store: Store
  readonly #routes = new Map<string, readonly Receiver[]>()
  /** Read by whoever shows numbers. */
  readonly counters: { routed: number; unmatched: number; retainRefused: number } = {
    routed: 0,
    unmatched: 0,
    retainRefused: 0,
  }

  /** The last decision of {@link reserve}. */
  #decision = 0

  /** @param random from 0 up to, not including, 1 */
  constructor(store: Store, limits: RetainedLimits, options: RoutingOptions, random: () => number) {
    this.#store = store
    this.#overlapping = options.overlapping
    this.retained = new RetainedMessages(limits, topic => store.saveRetained(topic, undefined))
    this.groups = new SharedGroups(options.sharedStrategy, random)
  }

  /** Subscriptions of all Subscribers. */
  get subscriptionCount(): number {
    return this.#tree.size - this.#groupCount + this.#memberCount
  }

  /** Shared Subscriptions among them, each member counted. */
  get sharedSubscriptionCount(): number {
    return this.#memberCount
  }

  subscribe(subscription: Subscription): void {
    if (isSharedFilter(subscription.filter)) return this.#join(subscription)
    this.#tree.add(subscription)
    this.#forgetRoutes(subscription.filter)
  }

  /** @returns whether there was such a Subscription */
  unsubscribe(filter: string, subscriber: Subscriber): boolean {
    if (isSharedFilter(filter)) return this.#leave(filter, subscriber)
    const isRemoved = this.#tree.remove(filter, subscriber)
    if (isRemoved) this.#forgetRoutes(filter)
    return isRemoved
  }

  /**
   * Delivers a message to all Subscribers whose filters match [MQTT-4.5.0-1], in one go.
   *
   * @returns how many Subscribers took it
   */
  publish(message: Message): number {
    this.counters.routed++
    const receivers = this.#routes.get(message.topic) ?? this.#findReceivers(message.topic)
    if (receivers.length > 1) keepLarge(message)
    let count = 0
    for (let index = 0; index < receivers.length; index++) {
      const { subscriber, forOthers, forOwn } = receivers[index]!
      const isOwn = forOwn !== forOthers && subscriber.clientId === message.publisherId
      const terms = isOwn ? forOwn : forOthers
      if (terms === undefined) continue // [MQTT-3.8.3-3]
      subscriber.deliver(message, terms)
      count++
    }
    if (count === 0) this.counters.unmatched++
    return count
  }

  /**
   * Finds room for a message with all Subscribers whose filters match, so that it can go to all of them or to none.
   *
   * @returns the deliveries, for {@link deliver} to make before anything else happens; or who has no room: a Client Identifier or the
   *   filter of a Shared Subscription
   */
  reserve(message: Message): readonly Delivery[] | { readonly full: string } {
    const decision = ++this.#decision
    const deliveries: Delivery[] = []
    for (const { subscriber, forOthers, forOwn } of this.#routes.get(message.topic) ??
      this.#findReceivers(message.topic)) {
      const terms = subscriber.clientId === message.publisherId ? forOwn : forOthers
      if (terms === undefined) continue // [MQTT-3.8.3-3]
      const delivery = subscriber.claimRoom(message, { subscriber, terms }, decision)
      if (delivery === undefined) return { full: nameOf(subscriber) }
      deliveries.push(delivery)
    }
    return deliveries
  }

  /** Makes the deliveries that {@link reserve} has found. @returns how many */
  deliver(message: Message, deliveries: readonly Delivery[]): number {
    this.counters.routed++
    if (deliveries.length > 1) keepLarge(message)
    for (const { subscriber, terms } of deliveries) subscriber.deliver(message, terms)
    if (deliveries.length === 0) this.counters.unmatched++
    return deliveries.length
  }

  /**
   * Stores or clears the retained message of a topic, as the RETAIN flag of a PUBLISH asks for.
   *
   * @returns `false` when a limit kept the message from being retained
   */
  retain(message: Message): boolean {
    if (message.payloadLength === 0) {
      if (this.retained.clear(message.topic)) this.#store.saveRetained(message.topic, undefined) // [MQTT-3.3.1-6]
      return true // [MQTT-3.3.1-7]
    }
    if (!this.retained.set(message.own())) {
      this.counters.retainRefused++
      return false
    }
    this.#store.saveRetained(message.topic, message)
    return true
  }

  /**
   * Retains and publishes a message of the Server itself, which is not stored: after a restart it would not be true.
   *
   * @param message as {@link RetainedMessages.setSystem} wants it
   */
  publishSystem(message: Message): void {
    this.retained.setSystem(message.own())
    this.publish(message)
  }

  /** A group stands in the tree under the filter behind its ShareName, as one Subscriber at QoS 2. */
  #join(subscription: Subscription): void {
    const group = this.groups.open(subscription.filter)
    if (group.memberCount === 0) {
      this.#groupCount++
      this.#tree.add({ ...subscription, ...groupOptions, filter: group.filter, subscriber: group })
      this.#forgetRoutes(group.filter)
    }
    if (group.join(subscription)) this.#memberCount++
  }

  #leave(sharedFilter: string, subscriber: Subscriber): boolean {
    const group = this.groups.get(sharedFilter)
    if (group === undefined || !group.leave(subscriber)) return false
    this.#memberCount--
    if (group.memberCount > 0) return true
    this.#groupCount--
    this.#tree.remove(group.filter, group)
    this.#forgetRoutes(group.filter)
    this.groups.close(group)
    return true
  }

  #findReceivers(topic: string): readonly Receiver[] {
    const matching = this.#tree.match(topic)
    if (this.#overlapping === 'each') {
      return this.#remember(
        topic,
        matching.map(subscription => receiverOf(subscription.subscriber, [subscription])),
      )
    }
    const bySubscriber = new Map<Subscriber, Subscription[]>()
    for (const subscription of matching) {
      const list = bySubscriber.get(subscription.subscriber)
      if (list === undefined) bySubscriber.set(subscription.subscriber, [subscription])
      else list.push(subscription)
    }
    return this.#remember(
      topic,
      Array.from(bySubscriber, ([subscriber, list]) => receiverOf(subscriber, list)),
    )
  }

  /** Groups come last: what their members are sent by other ways is known by then, and they can choose among those with room. */
  #remember(topic: string, found: readonly Receiver[]): readonly Receiver[] {
    const receivers = [...found.filter(receiver => !isGroup(receiver)), ...found.filter(isGroup)]
    if (topic.length > ROUTE_TOPIC_LENGTH_MAX) return receivers
    if (this.#routes.size >= ROUTES_MAX) this.#routes.clear()
    this.#routes.set(topic, receivers)
    return receivers
  }

  #forgetRoutes(filter: string): void {
    if (hasWildcards(filter)) this.#routes.clear()
    else this.#routes.delete(filter)
  }
}

/** What a group asks for on behalf of its members, whose own options count when one is chosen. */
const groupOptions = { qos: 2, noLocal: false, retainAsPublished: true, identifier: undefined } as const

/** Gives a large payload memory that all receivers share, before each of them copies it. */
function keepLarge(message: Message): void {
  if (message.payloadLength >= LARGE_PAYLOAD_MIN) message.own()
}

function isGroup({ subscriber }: Receiver): boolean {
  return subscriber instanceof SharedGroup
}

function nameOf(subscriber: Subscriber): string {
  return subscriber instanceof SharedGroup ? subscriber.sharedFilter : subscriber.clientId
}

function receiverOf(subscriber: Subscriber, matching: readonly Subscription[]): Receiver {
  const forOthers = mergeTerms(matching)
  const local = matching.filter(subscription => !subscription.noLocal)
  if (local.length === matching.length) return { subscriber, forOthers, forOwn: forOthers }
  return { subscriber, forOthers, forOwn: local.length === 0 ? undefined : mergeTerms(local) }
}
