import {
  countTopicLevels,
  DecodedPublish,
  isFailure,
  isWellFormedUtf8,
  PacketType,
  ProtocolError,
  type Puback,
  type Pubcomp,
  type Publish,
  type Pubrec,
  type Pubrel,
  ReasonCode,
} from '@curlew/codec'
import { expiresAt, type IncomingDeliveries, Message, NEVER } from '@curlew/protocol'
import type { Capabilities } from './capabilities.ts'
import type { PacketContext } from './packet-context.ts'
import { isReservedTopic } from './reserved-topics.ts'

/** PUBLISH from a Client, section 3.3.4: routed once, then answered as its QoS demands. */
export function receivePublish(connection: PacketContext, packet: Publish): void {
  const { services, session } = connection
  services.counters.receivedPublishes++
  const alias = packet.properties.topicAlias
  const topic = alias === undefined ? packet.topic : connection.incomingAliases.resolve(packet.topic, alias)
  const { heldPubackCount } = connection.acknowledgements
  if (packet.qos === 1 && heldPubackCount > 0) checkReceiveMaximum(session.incoming, heldPubackCount)
  if (packet.qos === 2) {
    const reception = session.incoming.publish(packet.packetId, heldPubackCount)
    if (reception === 'duplicate') return connection.acknowledge(PacketType.Pubrec, packet.packetId, ReasonCode.Success) // [MQTT-4.3.3-10]
    if (reception === 'too-many') throw tooManyUnderWay(session.incoming)
  }
  const reasonCode = packet.qos === 2 ? takeOn(connection, packet, topic) : route(connection, packet, topic)
  if (packet.qos === 0 || reasonCode === undefined) return
  if (packet.qos === 1) return connection.acknowledge(PacketType.Puback, packet.packetId, reasonCode) // [MQTT-4.3.2-4]
  connection.acknowledge(PacketType.Pubrec, packet.packetId, reasonCode) // [MQTT-4.3.3-8]
}

/** @throws {ProtocolError} when one more message is more than the Client was allowed [MQTT-3.3.4-9] */
function checkReceiveMaximum(incoming: IncomingDeliveries, heldPubackCount: number): void {
  if (incoming.countUnderWay + heldPubackCount >= incoming.receiveMaximum) throw tooManyUnderWay(incoming)
}

function tooManyUnderWay({ receiveMaximum }: IncomingDeliveries): ProtocolError {
  const message = `more than ${receiveMaximum} messages of QoS 1 and 2 are under way`
  return new ProtocolError(message, '[MQTT-3.3.4-9]', ReasonCode.ReceiveMaximumExceeded)
}

/** Routes a QoS 2 message that is new. If that fails, it has not been taken on, and counts as new when it comes again. */
function takeOn(connection: PacketContext, packet: Publish, topic: string): ReasonCode | undefined {
  const { session } = connection
  try {
    const reasonCode = route(connection, packet, topic)
    if (reasonCode === undefined || isFailure(reasonCode)) session.incoming.release(packet.packetId)
    return reasonCode
  } catch (error) {
    forgetIncoming(connection, packet.packetId)
    throw error
  }
}

/** @returns the Reason Code that answers a QoS 1 or QoS 2 PUBLISH; `undefined` when the connection has ended instead */
function route(connection: PacketContext, packet: Publish, topic: string): ReasonCode | undefined {
  const { services, session } = connection
  const { router, limits, counters } = services
  if (isReservedTopic(topic)) {
    counters.deniedPublishes++
    return ReasonCode.NotAuthorized
  }
  // A topic has at most one level more than characters.
  if (topic.length >= limits.topicLevelsMax && countTopicLevels(topic) > limits.topicLevelsMax) {
    const message = `Topic Name has more than ${limits.topicLevelsMax} levels`
    throw new ProtocolError(message, undefined, ReasonCode.TopicNameInvalid)
  }
  checkCapabilities(packet, services.capabilities)
  // What cannot be stored is refused, or below 5.0 not acknowledged: that waits for the store.
  if (packet.qos > 0 && !services.store.health.isWritable && connection.version === 5) return ReasonCode.QuotaExceeded
  if (services.capabilities.validatesPayloadFormat && !hasValidPayload(packet)) return ReasonCode.PayloadFormatInvalid
  const message = messageOf(packet, topic, connection)
  const mustFit = packet.qos > 0 && services.queuePolicy === 'reject-publisher'
  const reserved = mustFit ? router.reserve(message) : undefined
  if (reserved !== undefined && 'full' in reserved) return reject(connection, reserved.full)
  counters.receivedPayloadBytes += message.payloadLength
  if (packet.retain && !router.retain(message)) return ReasonCode.QuotaExceeded
  // Told only now: what is refused leaves nothing in the store.
  if (packet.qos === 2 && session.isStored) services.store.acceptIncoming(session.clientId, packet.packetId)
  services.congestion.take() // what a Will or a timer has brought about is not this publisher's doing
  const count = reserved === undefined ? router.publish(message) : router.deliver(message, reserved)
  const behind = services.congestion.take()
  // Whoever has messages to acknowledge must be read: its acknowledgements may be what others wait for.
  if (behind !== undefined && connection.session.inFlightCount === 0) connection.waitFor(behind)
  return count > 0 ? ReasonCode.Success : ReasonCode.NoMatchingSubscribers
}

/**
 * Refuses a message because a queue is full. Below 5.0 an acknowledgement would say that it was taken on, and none at all would leave the
 * Client waiting, so its connection ends: a Client sends again what was not acknowledged when it comes back.
 *
 * @param receiver whose queue is full
 */
function reject(connection: PacketContext, receiver: string): ReasonCode | undefined {
  const { services, session, version } = connection
  const { clientId } = session
  services.drops.rejected++
  services.overflows.rejected(receiver, clientId, version < 5)
  if (version === 5) return ReasonCode.QuotaExceeded
  connection.close(ReasonCode.QuotaExceeded, `the queue of ${receiver} is full, and MQTT 3 knows no refusal`)
  return undefined
}

/** @throws {ProtocolError} when the Client uses what the CONNACK said is not available */
function checkCapabilities({ qos, retain }: Publish, { maximumQoS, retainAvailable }: Capabilities): void {
  if (qos > maximumQoS) {
    throw new ProtocolError(
      `QoS ${qos} is above the maximum of ${maximumQoS}`,
      '[MQTT-3.2.2-11]',
      ReasonCode.QoSNotSupported,
    )
  }
  if (retain && !retainAvailable) {
    throw new ProtocolError(
      'RETAIN is set; this Server retains nothing',
      '[MQTT-3.2.2-14]',
      ReasonCode.RetainNotSupported,
    )
  }
}

/** Whether a payload that says it is UTF-8 is. */
function hasValidPayload({ properties, payload }: Publish): boolean {
  return properties.payloadFormatIndicator !== 1 || isWellFormedUtf8(payload)
}

function messageOf(packet: Publish, topic: string, { services, session }: PacketContext): Message {
  const interval = packet.properties.messageExpiryInterval
  const isView = packet instanceof DecodedPublish
  const bytes = isView ? packet.bytes : packet.payload
  return new Message({
    topic,
    bytes,
    payloadStart: isView ? packet.payloadStart : 0,
    payloadEnd: isView ? packet.payloadEnd : bytes.length,
    isLasting: isView && packet.isGathered,
    qos: packet.qos,
    retain: packet.retain,
    properties: packet.properties,
    publisherId: session.clientId,
    expiresAt: interval === undefined ? NEVER : expiresAt(services.runtime.monotonicMs(), interval),
  })
}

export function receivePuback({ session }: PacketContext, packet: Puback): void {
  session.puback(packet.packetId)
}

export function receivePubrec(connection: PacketContext, packet: Pubrec): void {
  const { packetId, reasonCode } = packet
  const after = connection.session.pubrec(packetId, reasonCode)
  if (after === 'finished' || (after === 'unknown' && isFailure(reasonCode))) return
  // Of an unknown exchange 0x92 would be allowed; clients are used to Success, and it ends either way.
  connection.acknowledge(PacketType.Pubrel, packetId, ReasonCode.Success) // [MQTT-4.3.3-4]
}

export function receivePubrel(connection: PacketContext, packet: Pubrel): void {
  forgetIncoming(connection, packet.packetId)
  // Also when it is unknown: after a lost PUBCOMP the sender repeats its PUBREL until it gets one.
  connection.acknowledge(PacketType.Pubcomp, packet.packetId, ReasonCode.Success) // [MQTT-4.3.3-11]
}

export function receivePubcomp({ session }: PacketContext, packet: Pubcomp): void {
  session.pubcomp(packet.packetId)
}

function forgetIncoming({ session, services }: PacketContext, packetId: number): void {
  const isKnown = session.incoming.release(packetId)
  if (isKnown && session.isStored) services.store.releaseIncoming(session.clientId, packetId)
}
