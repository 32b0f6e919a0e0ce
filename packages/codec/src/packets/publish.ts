import { utf8Length } from '#bytes'
import { InvalidPacketError, MalformedPacketError } from '../errors.ts'
import { isQoS, PacketType, type ProtocolVersion, type QoS } from '../packet-type.ts'
import {
  encodeCommonProperties,
  noProperties,
  type PublishProperties,
  propertiesSize,
  readProperties,
  subscriptionIdentifiersSize,
  writePropertyValues,
  writeSubscriptionIdentifiers,
} from '../properties.ts'
import type { PublishPropertiesMemory } from '../publish-properties-memory.ts'
import type { PacketReader } from '../reader.ts'
import { topicNameFault } from '../topic.ts'
import type { TopicNames } from '../topic-names.ts'
import {
  VARIABLE_BYTE_INTEGER_MAX,
  variableByteIntegerSize,
  writeVariableByteInteger,
} from '../variable-byte-integer.ts'
import type { PacketWriter } from '../writer.ts'

const noBytes = new Uint8Array(0)

/** PUBLISH, section 3.3. Sent by Client and Server alike. */
export interface Publish {
  readonly type: typeof PacketType.Publish
  /** Empty only when a Topic Alias stands for it. */
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  /** 0 when QoS is 0; otherwise 1 to 65 535. */
  readonly packetId: number
  readonly properties: PublishProperties
}

/**
 * A PUBLISH as it came, its payload still where the socket put it. The view that {@link payload}
 * makes costs as much as the rest of the packet, so it is made when asked for; the data path uses
 * {@link bytes} and the two offsets. They are valid for as long as the chunk is, or for ever where {@link isGathered} says so.
 */
export class DecodedPublish implements Publish {
  readonly type: typeof PacketType.Publish = PacketType.Publish
  topic!: string
  qos!: QoS
  retain!: boolean
  dup!: boolean
  packetId!: number
  properties!: PublishProperties
  bytes!: Uint8Array
  payloadStart!: number
  payloadEnd!: number
  /** Whether {@link bytes} is memory of the packet's own, because it came in pieces, and not the chunk it lay in. */
  isGathered!: boolean

  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.payloadEnd)
  }
}

/**
 * Leaves to the decoder, who knows which end sent it, what depends on that: Packet Identifier 0 and Subscription Identifiers.
 *
 * @param packet has all fields afterwards
 * @param flags the low four bits of the fixed header, checked
 * @param memory for a receiver whose messages mostly have the same properties
 */
export function decodePublish(
  packet: DecodedPublish,
  reader: PacketReader,
  flags: number,
  version: ProtocolVersion,
  topicNames: TopicNames,
  memory?: PublishPropertiesMemory,
): void {
  const topic = topicNames.read(reader)
  packet.topic = topic
  packet.qos = ((flags >> 1) & 3) as QoS
  packet.retain = (flags & 1) !== 0
  packet.dup = (flags & 8) !== 0
  packet.packetId = (flags & 6) === 0 ? 0 : reader.twoByteInteger()
  const properties: PublishProperties =
    version < 5 ? noProperties : memory === undefined ? readPublishProperties(reader) : memory.read(reader)
  if (topic === '' && properties.topicAlias === undefined) {
    // Section 3.3.2.1 calls it a Protocol Error; its Reason Code is that of any other bad Topic Name (ADR 0013).
    throw new MalformedPacketError('Topic Name is empty and there is no Topic Alias', '[MQTT-4.7.3-1]')
  }
  packet.properties = properties
  // A young object in an old one costs V8 a note: one that is used again pays it once per chunk.
  if (packet.bytes !== reader.bytes) packet.bytes = reader.bytes
  packet.payloadStart = reader.position
  packet.payloadEnd = reader.end
  packet.isGathered = reader.isGathered
}

/** The checks that need only the fixed header, so that they come before the body. */
export function checkPublishFlags(flags: number, isLenient: boolean): void {
  if ((flags & 6) === 6) throw new MalformedPacketError('QoS of PUBLISH is 3', '[MQTT-3.3.1-4]')
  if ((flags & 14) === 8 && !isLenient)
    throw new MalformedPacketError('DUP is set on a QoS 0 PUBLISH', '[MQTT-3.3.1-2]')
}

/** What a PUBLISH carries whoever receives it. */
export interface PublishContent {
  readonly topic: string
  /** The payload is `bytes[payloadStart..payloadEnd)`. */
  readonly bytes: Uint8Array
  readonly payloadStart: number
  readonly payloadEnd: number
  /** From {@link encodePublishProperties}: the properties that every receiver gets. Ignored below 5.0. */
  readonly encodedProperties: Uint8Array
}

/** What differs from one receiver of a message to the next. */
export interface PublishHeader {
  qos: QoS
  dup: boolean
  retain: boolean
  /** Ignored when `qos` is 0. */
  packetId: number
  /** 0: none. Ignored below 5.0, like the three fields behind it. */
  topicAlias: number
  /** Whether the receiver knows the alias, so that the Topic Name stays away (section 3.3.2.3.4). */
  omitsTopic: boolean
  /** Seconds; `undefined`: the message does not expire. */
  messageExpiryInterval: number | undefined
  subscriptionIdentifiers: readonly number[]
}

/** A header to fill for one PUBLISH after the other, so that none is allocated per message: QoS 0 and no flags. */
export function emptyPublishHeader(): PublishHeader {
  return {
    qos: 0,
    dup: false,
    retain: false,
    packetId: 0,
    topicAlias: 0,
    omitsTopic: false,
    messageExpiryInterval: undefined,
    subscriptionIdentifiers: [],
  }
}

/**
 * Encodes once what {@link writePublishHead} copies for every receiver: all properties except Topic
 * Alias, Message Expiry Interval and Subscription Identifiers, which are each receiver's own.
 */
export function encodePublishProperties(properties: PublishProperties): Uint8Array {
  return properties === noProperties ? noBytes : encodeCommonProperties(properties)
}

/**
 * Reads properties of a PUBLISH that stand by themselves, as a store keeps them: Property Length, then what
 * {@link encodePublishProperties} made.
 *
 * @throws {MqttError} when they are not properties of a PUBLISH
 */
export function readPublishProperties(reader: PacketReader): PublishProperties {
  return readProperties(reader, PacketType.Publish)
}

/** @returns bytes of the whole packet, fixed header included, as Maximum Packet Size counts them (section 2.1.4) */
export function publishSize(content: PublishContent, header: PublishHeader, version: ProtocolVersion): number {
  const topicLength = header.omitsTopic ? 0 : utf8Length(content.topic)
  const remaining = remainingLength(content, header, version, topicLength)
  return 1 + variableByteIntegerSize(remaining) + remaining
}

/** Writes the packet. @throws {InvalidPacketError} naming the field that cannot be written */
export function writePublish(
  writer: PacketWriter,
  content: PublishContent,
  header: PublishHeader,
  version: ProtocolVersion,
): void {
  writePublishHead(writer, content, header, version)
  writer.copy(content.bytes, content.payloadStart, content.payloadEnd)
}

/**
 * Writes everything before the payload, whose bytes the caller sends behind it: large payloads go
 * out from where they are.
 *
 * The length of the Topic Name is first taken to be its number of characters, true for ASCII; only when
 * writing shows otherwise is it counted and the head written anew (bench/micro: encode).
 */
export function writePublishHead(
  writer: PacketWriter,
  content: PublishContent,
  header: PublishHeader,
  version: ProtocolVersion,
): void {
  const topic = header.omitsTopic ? '' : content.topic
  const start = writer.position
  const isAscii = writeHeadUpToTopic(writer, content, header, version, topic, topic.length)
  if (!isAscii) {
    writer.position = start
    writeHeadUpToTopic(writer, content, header, version, topic, utf8Length(topic))
  }
  if (header.qos > 0) writer.twoByteInteger(header.packetId)
  if (version === 5) writeReceiverProperties(writer, content, header)
}

/** The first byte of the fixed header. */
export function publishFirstByte({ qos, dup, retain }: Pick<PublishHeader, 'qos' | 'dup' | 'retain'>): number {
  return (PacketType.Publish << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
}

/** @returns whether the Topic Name took `topicLength` bytes */
function writeHeadUpToTopic(
  writer: PacketWriter,
  content: PublishContent,
  header: PublishHeader,
  version: ProtocolVersion,
  topic: string,
  topicLength: number,
): boolean {
  const remaining = remainingLength(content, header, version, topicLength)
  if (remaining > VARIABLE_BYTE_INTEGER_MAX) throw new InvalidPacketError('packet is larger than 256 MiB')
  writer.ensure(5)
  const { bytes, position } = writer
  bytes[position] = publishFirstByte(header)
  const topicStart = writeVariableByteInteger(bytes, remaining, position + 1)
  writer.position = topicStart
  writer.utf8String(topic, 'topic')
  return writer.position - topicStart === 2 + topicLength
}

function remainingLength(
  content: PublishContent,
  header: PublishHeader,
  version: ProtocolVersion,
  topicLength: number,
): number {
  const length = 2 + topicLength + (header.qos > 0 ? 2 : 0) + (content.payloadEnd - content.payloadStart)
  if (version < 5) return length
  const properties = receiverPropertiesSize(content, header)
  return length + variableByteIntegerSize(properties) + properties
}

function receiverPropertiesSize(content: PublishContent, header: PublishHeader): number {
  return (
    content.encodedProperties.length +
    (header.messageExpiryInterval === undefined ? 0 : 5) +
    (header.topicAlias === 0 ? 0 : 3) +
    subscriptionIdentifiersSize(header.subscriptionIdentifiers)
  )
}

function writeReceiverProperties(writer: PacketWriter, content: PublishContent, header: PublishHeader): void {
  writer.variableByteInteger(receiverPropertiesSize(content, header))
  const { encodedProperties } = content
  if (encodedProperties.length > 0) writer.copy(encodedProperties, 0, encodedProperties.length)
  if (header.messageExpiryInterval !== undefined) {
    writer.byte(0x02)
    writer.fourByteInteger(header.messageExpiryInterval)
  }
  if (header.topicAlias !== 0) {
    writer.byte(0x23)
    writer.twoByteInteger(header.topicAlias)
  }
  if (header.subscriptionIdentifiers.length > 0) writeSubscriptionIdentifiers(writer, header.subscriptionIdentifiers)
}

/** Writes a PUBLISH given as a packet, checked; the data path uses {@link writePublish}, whose caller has checked. */
export function writePublishPacket(writer: PacketWriter, packet: Publish, version: ProtocolVersion): void {
  checkPublish(packet, version)
  const { topic, payload, qos, properties } = packet
  const propertiesLength = version === 5 ? propertiesSize(properties, PacketType.Publish) : 0
  const propertyBytes = version === 5 ? variableByteIntegerSize(propertiesLength) + propertiesLength : 0
  writer.startSized(
    publishFirstByte(packet),
    2 + utf8Length(topic) + (qos > 0 ? 2 : 0) + propertyBytes + payload.length,
  )
  writer.utf8String(topic, 'topic')
  if (qos > 0) writer.packetId(packet.packetId)
  if (version === 5) {
    writer.variableByteInteger(propertiesLength) // [MQTT-2.2.2-1]
    writePropertyValues(writer, properties, PacketType.Publish)
  }
  writer.copy(payload, 0, payload.length)
}

function checkPublish({ topic, qos, dup, properties }: Publish, version: ProtocolVersion): void {
  if (!isQoS(qos)) throw new InvalidPacketError(`qos of PUBLISH is ${qos}`, '[MQTT-3.3.1-4]')
  if (dup && qos === 0) throw new InvalidPacketError('dup is set on a QoS 0 PUBLISH', '[MQTT-3.3.1-2]')
  if (topic === '' && version === 5 && properties.topicAlias !== undefined) return
  const fault = topicNameFault(topic)
  if (fault !== undefined) throw new InvalidPacketError('topic is empty or has wildcards', fault)
}
