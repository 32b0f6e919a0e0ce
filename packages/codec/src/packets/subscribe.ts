import { InvalidPacketError, MalformedPacketError, ProtocolError } from '../errors.ts'
import { isQoS, PacketType, type ProtocolVersion, type QoS } from '../packet-type.ts'
import { noProperties, readProperties, type SubscribeProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { isSharedFilter, isTopicFilter, plainFilterFault, sharedFilterFault, topicFilterFault } from '../topic.ts'
import type { PacketWriter } from '../writer.ts'

/** SUBSCRIBE, section 3.8. Sent by a Client. */
export interface Subscribe {
  readonly type: typeof PacketType.Subscribe
  readonly packetId: number
  /** At least one [MQTT-3.8.3-2]. */
  readonly subscriptions: readonly SubscriptionRequest[]
  readonly properties: SubscribeProperties
}

/** 0: send retained messages; 1: only if the Subscription is new; 2: don't send them (section 3.8.3.1). */
export type RetainHandling = 0 | 1 | 2

/** A Topic Filter with its Subscription Options, section 3.8.3.1. The options below QoS are of 5.0. */
export interface SubscriptionRequest {
  readonly filter: string
  /** The Maximum QoS at which the Client wants to receive. */
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: RetainHandling
}

/**
 * What cannot be a SUBSCRIBE or UNSUBSCRIBE is malformed, also where the standard calls a value a Protocol Error; what asks for
 * something that is not allowed, such as No Local on a Shared Subscription, is a Protocol Error (ADR 0013).
 */
export function decodeSubscribe(reader: PacketReader, version: ProtocolVersion): Subscribe {
  const packetId = reader.twoByteInteger()
  if (packetId === 0) throw new MalformedPacketError('Packet Identifier of SUBSCRIBE is 0', '[MQTT-2.2.1-3]')
  const properties = version === 5 ? readProperties(reader, PacketType.Subscribe) : noProperties
  if (reader.remaining === 0) throw new MalformedPacketError('SUBSCRIBE has no Topic Filter', '[MQTT-3.8.3-2]')
  const subscriptions: SubscriptionRequest[] = []
  while (reader.remaining > 0) subscriptions.push(decodeRequest(reader, version))
  return { type: PacketType.Subscribe, packetId, subscriptions, properties }
}

function decodeRequest(reader: PacketReader, version: ProtocolVersion): SubscriptionRequest {
  const filter = readTopicFilter(reader)
  const options = reader.byte()
  const qos = options & 3
  if (version < 5) {
    if (options > 2) throw new MalformedPacketError(`Requested QoS is ${options}`, '[MQTT3-3.8.3-4]')
    return { filter, qos: qos as QoS, noLocal: false, retainAsPublished: false, retainHandling: 0 }
  }
  if (qos === 3) throw new MalformedPacketError('Maximum QoS of a Subscription is 3 (section 3.8.3.1)')
  if (options & 0xc0) throw new MalformedPacketError('reserved bits of Subscription Options are set', '[MQTT-3.8.3-5]')
  const retainHandling = (options >> 4) & 3
  if (retainHandling === 3) throw new MalformedPacketError('Retain Handling is 3 (section 3.8.3.1)')
  const noLocal = (options & 4) !== 0
  if (noLocal && isSharedFilter(filter)) {
    throw new ProtocolError('No Local on a Shared Subscription', '[MQTT-3.8.3-4]')
  }
  return {
    filter,
    qos: qos as QoS,
    noLocal,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as RetainHandling,
  }
}

/**
 * @throws {MalformedPacketError} when the string is not a Topic Filter [MQTT-4.7.1-1], [MQTT-4.7.1-2]
 * @throws {ProtocolError} when it is one that a Shared Subscription must not have [MQTT-4.8.2-1], [MQTT-4.8.2-2] (ADR 0013)
 */
export function readTopicFilter(reader: PacketReader): string {
  const filter = reader.utf8String() // [MQTT-3.8.3-1], [MQTT-3.10.3-1]
  if (isTopicFilter(filter)) return filter
  const shown = filter.length > 64 ? `${filter.slice(0, 64)}…` : filter
  const fault = plainFilterFault(filter)
  if (fault !== undefined) throw new MalformedPacketError(`'${shown}' is not a Topic Filter`, fault)
  throw new ProtocolError(`'${shown}' is not the Topic Filter of a Shared Subscription`, sharedFilterFault(filter))
}

/** @throws {InvalidPacketError} when the string is not a Topic Filter */
export function writeTopicFilter(writer: PacketWriter, filter: string): void {
  const fault = topicFilterFault(filter)
  if (fault !== undefined) throw new InvalidPacketError('filter is not a Topic Filter', fault)
  writer.utf8String(filter, 'filter')
}

export function writeSubscribe(writer: PacketWriter, packet: Subscribe, version: ProtocolVersion): void {
  if (packet.subscriptions.length === 0) throw new InvalidPacketError('subscriptions is empty', '[MQTT-3.8.3-2]')
  const mark = writer.start((PacketType.Subscribe << 4) | 2) // [MQTT-3.8.1-1]
  writer.packetId(packet.packetId)
  if (version === 5) writeProperties(writer, packet.properties, PacketType.Subscribe)
  for (const request of packet.subscriptions) {
    checkRequest(request)
    writeTopicFilter(writer, request.filter)
    writer.byte(version === 5 ? subscriptionOptions(request) : request.qos)
  }
  writer.finish(mark)
}

function checkRequest({ filter, qos, noLocal, retainHandling }: SubscriptionRequest): void {
  if (!isQoS(qos)) throw new InvalidPacketError(`qos of a Subscription is ${qos} (section 3.8.3.1)`)
  if (![0, 1, 2].includes(retainHandling)) {
    throw new InvalidPacketError(`retainHandling is ${retainHandling} (section 3.8.3.1)`)
  }
  if (noLocal && isSharedFilter(filter)) {
    throw new InvalidPacketError('noLocal is set on a Shared Subscription', '[MQTT-3.8.3-4]')
  }
}

function subscriptionOptions({ qos, noLocal, retainAsPublished, retainHandling }: SubscriptionRequest): number {
  return qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4)
}
