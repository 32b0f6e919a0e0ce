import { ProtocolError } from '../errors.ts'
import { PacketType, type ProtocolVersion, packetTypeName } from '../packet-type.ts'
import {
  type AcknowledgementProperties,
  noProperties,
  propertiesSize,
  readProperties,
  writeProperties,
} from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'
import { readReasonCode, writeReasonCode } from './reason-code-field.ts'

/** What PUBACK, PUBREC, PUBREL and PUBCOMP have in common: sections 3.4 to 3.7. */
interface PublishAcknowledgement {
  /** 1 to 65 535, that of the PUBLISH [MQTT-2.2.1-5]. */
  readonly packetId: number
  /** Always 0 in MQTT 3.1 and 3.1.1, which have no other. */
  readonly reasonCode: ReasonCode
  readonly properties: AcknowledgementProperties
}
/** PUBACK, section 3.4: the answer to a QoS 1 PUBLISH. */
export interface Puback extends PublishAcknowledgement {
  readonly type: typeof PacketType.Puback
}
/** PUBREC, section 3.5: the first answer to a QoS 2 PUBLISH. */
export interface Pubrec extends PublishAcknowledgement {
  readonly type: typeof PacketType.Pubrec
}
/** PUBREL, section 3.6: the answer to PUBREC. */
export interface Pubrel extends PublishAcknowledgement {
  readonly type: typeof PacketType.Pubrel
}
/** PUBCOMP, section 3.7: the answer to PUBREL and the end of a QoS 2 exchange. */
export interface Pubcomp extends PublishAcknowledgement {
  readonly type: typeof PacketType.Pubcomp
}
export type PublishAck = Puback | Pubrec | Pubrel | Pubcomp
export type PublishAckType = PublishAck['type']

/** Any of the four, to be filled by {@link decodePublishAck}. */
export interface DecodedPublishAck {
  type: PublishAckType
  packetId: number
  reasonCode: ReasonCode
  properties: AcknowledgementProperties
}

/** @param packet has all fields afterwards @returns `packet` */
export function decodePublishAck(
  packet: Partial<DecodedPublishAck>,
  reader: PacketReader,
  type: PublishAckType,
  version: ProtocolVersion,
): PublishAck {
  const packetId = reader.twoByteInteger()
  if (packetId === 0) {
    throw new ProtocolError(`Packet Identifier of ${packetTypeName(type)} is 0`, '[MQTT-2.2.1-5]')
  }
  // Reason Code and properties may be left out when they say Success and nothing (section 3.4.2.1).
  const isShort = version < 5 || reader.remaining === 0
  packet.type = type
  packet.packetId = packetId
  packet.reasonCode = isShort ? ReasonCode.Success : readReasonCode(reader, type)
  packet.properties = isShort || reader.remaining === 0 ? noProperties : readProperties(reader, type)
  reader.expectEnd()
  return packet as PublishAck
}

/** The first byte of these packets: the flags of PUBREL are 0010 [MQTT-3.6.1-1]. */
function firstByte(type: PublishAckType): number {
  return (type << 4) | (type === PacketType.Pubrel ? 2 : 0)
}

export function writePublishAck(writer: PacketWriter, packet: PublishAck, version: ProtocolVersion): void {
  const { type, packetId, reasonCode, properties } = packet
  const mark = writer.start(firstByte(type))
  writer.packetId(packetId)
  const isExplained = version === 5 && propertiesSize(properties, type) > 0
  if (isExplained || (version === 5 && reasonCode !== ReasonCode.Success)) writeReasonCode(writer, type, reasonCode)
  if (isExplained) writeProperties(writer, properties, type)
  writer.finish(mark)
}

/** Writes an acknowledgement without properties in its shortest form; the data path's way, which checks nothing. */
export function writeShortAck(
  writer: PacketWriter,
  type: PublishAckType,
  packetId: number,
  reasonCode: ReasonCode,
): void {
  writer.ensure(5)
  const { bytes, position } = writer
  const hasReason = reasonCode !== ReasonCode.Success
  bytes[position] = firstByte(type)
  bytes[position + 1] = hasReason ? 3 : 2
  bytes[position + 2] = packetId >>> 8
  bytes[position + 3] = packetId
  if (hasReason) bytes[position + 4] = reasonCode
  writer.position = position + (hasReason ? 5 : 4)
}
