import {
  countTopicLevels,
  hasWildcards,
  isSharedFilter,
  noProperties,
  PacketType,
  ProtocolError,
  ReasonCode,
  type Subscribe,
  type SubscriptionRequest,
  type Unsubscribe,
} from '@curlew/codec'
import type { Subscription } from '../routing/subscription.ts'
import type { PacketContext } from './packet-context.ts'

/** A Subscription of a SUBSCRIBE, and whether it took the place of none. */
interface Granted {
  readonly subscription: Subscription
  readonly isNew: boolean
}

/** SUBSCRIBE, section 3.8.4: each filter gets its own answer; retained messages follow the SUBACK. */
export function receiveSubscribe(connection: PacketContext, packet: Subscribe): void {
  checkFilterCount(connection, packet.subscriptions.length)
  const identifier = packet.properties.subscriptionIdentifiers?.[0]
  checkCapabilities(connection, packet)
  const granted: Granted[] = []
  const reasonCodes = packet.subscriptions.map(request => {
    const refusal = refusalOf(connection, request)
    if (refusal !== undefined) return refusal
    granted.push(subscribe(connection, request, identifier))
    return granted.at(-1)!.subscription.qos // [MQTT-3.9.3-1]
  })
  const { packetId } = packet
  const suback = { type: PacketType.Suback, packetId, reasonCodes, properties: noProperties } as const
  connection.sendWhenStored(suback, granted.length > 0) // [MQTT-3.8.4-1]
  for (const subscription of callingForRetained(granted)) sendRetained(connection, subscription)
}

/** UNSUBSCRIBE, section 3.10.4. */
export function receiveUnsubscribe(connection: PacketContext, packet: Unsubscribe): void {
  const { session, services } = connection
  checkFilterCount(connection, packet.filters.length)
  const reasonCodes = packet.filters.map(filter => {
    if (!session.subscriptions.delete(filter)) return ReasonCode.NoSubscriptionExisted
    services.router.unsubscribe(filter, session) // [MQTT-3.10.4-1]
    session.cancelRetained(filter)
    if (session.isStored) services.store.deleteSubscription(session.clientId, filter)
    return ReasonCode.Success
  })
  const { packetId } = packet
  connection.sendWhenStored({ type: PacketType.Unsuback, packetId, reasonCodes, properties: noProperties }) // [MQTT-3.10.4-4]
}

/** What a Client of 5.0 was told not to use ends the connection; below 5.0, which cannot be told, {@link refusalOf} answers. */
function checkCapabilities({ services, version }: PacketContext, packet: Subscribe): void {
  if (version < 5) return
  const { capabilities } = services
  if (packet.properties.subscriptionIdentifiers !== undefined && !capabilities.subscriptionIdentifiersAvailable) {
    throw new ProtocolError(
      'Subscription Identifiers are not available',
      undefined,
      ReasonCode.SubscriptionIdentifiersNotSupported,
    )
  }
  for (const { filter } of packet.subscriptions) {
    if (isSharedFilter(filter) && !capabilities.sharedSubscriptionAvailable) {
      throw new ProtocolError(
        'Shared Subscriptions are not available',
        undefined,
        ReasonCode.SharedSubscriptionsNotSupported,
      )
    }
    if (hasWildcards(filter) && !capabilities.wildcardSubscriptionAvailable) {
      throw new ProtocolError(
        'Wildcard Subscriptions are not available',
        undefined,
        ReasonCode.WildcardSubscriptionsNotSupported,
      )
    }
  }
}

function checkFilterCount({ services }: PacketContext, count: number): void {
  const { filtersPerPacketMax } = services.limits
  if (count <= filtersPerPacketMax) return
  const message = `${count} Topic Filters in one packet; ${filtersPerPacketMax} are allowed`
  throw new ProtocolError(message, undefined, ReasonCode.QuotaExceeded)
}

/** @returns why a Subscription is not granted */
function refusalOf({ session, services }: PacketContext, { filter }: SubscriptionRequest): ReasonCode | undefined {
  const { limits, capabilities, store } = services
  if (session.isStored && !store.health.isWritable) return ReasonCode.QuotaExceeded
  if (isSharedFilter(filter) && !capabilities.sharedSubscriptionAvailable)
    return ReasonCode.SharedSubscriptionsNotSupported
  if (hasWildcards(filter) && !capabilities.wildcardSubscriptionAvailable)
    return ReasonCode.WildcardSubscriptionsNotSupported
  if (filter.length > limits.filterLengthMax || countTopicLevels(filter) > limits.topicLevelsMax) {
    return ReasonCode.TopicFilterInvalid
  }
  if (countWildcards(filter) > limits.filterWildcardsMax) return ReasonCode.TopicFilterInvalid
  const isNew = !session.subscriptions.has(filter)
  if (isNew && session.subscriptions.size >= limits.subscriptionsMax) return ReasonCode.QuotaExceeded
  return undefined
}

function subscribe(connection: PacketContext, request: SubscriptionRequest, identifier: number | undefined): Granted {
  const { session, services } = connection
  const { maximumQoS } = services.capabilities
  const qos = request.qos < maximumQoS ? request.qos : maximumQoS // [MQTT-3.2.2-10]
  const subscription: Subscription = { ...request, qos, identifier, subscriber: session }
  const isNew = !session.subscriptions.has(request.filter)
  session.subscriptions.set(subscription)
  services.router.subscribe(subscription) // [MQTT-3.8.4-3]
  if (!isNew) session.replaceRetained(subscription)
  if (session.isStored) services.store.saveSubscription(session.clientId, { ...request, qos, identifier })
  return { subscription, isNew }
}

/**
 * The Subscriptions that call for messages that are there already, each filter once and as it was given last: a filter that stands in one
 * packet a thousand times must not make a thousand searches.
 */
function callingForRetained(granted: readonly Granted[]): Iterable<Subscription> {
  const calling = new Map<string, Subscription>()
  for (const { subscription, isNew } of granted) {
    const { filter, retainHandling } = subscription
    const calls = retainHandling === 0 || (retainHandling === 1 && isNew) // [MQTT-3.3.1-10], [MQTT-3.3.1-11]
    if (calls || isSharedFilter(filter) || calling.has(filter)) calling.set(filter, subscription)
  }
  return calling.values()
}

function sendRetained({ session, services }: PacketContext, subscription: Subscription): void {
  const { filter } = subscription
  // Retained messages would go to each new member of a group (section 4.8.2); what waits with absent members comes instead.
  if (isSharedFilter(filter)) return services.router.groups.gather(filter)
  session.deliverRetained(subscription) // [MQTT-3.3.1-9]
}

function countWildcards(filter: string): number {
  if (!hasWildcards(filter)) return 0
  let count = 0
  for (const character of filter) if (character === '+' || character === '#') count++
  return count
}
