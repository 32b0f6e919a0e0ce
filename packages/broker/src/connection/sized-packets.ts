import {
  type Connack,
  connackReturnCodeOf,
  type Disconnect,
  encodePacket,
  isReasonCodeOf,
  noProperties,
  type Packet,
  PacketTooLargeError,
  PacketType,
  type PacketWriter,
  type ProtocolVersion,
  packetTypeName,
  ReasonCode,
  writePacket,
} from '@curlew/codec'
import type { Refusal } from './handshake.ts'
import type { Output } from './output.ts'

/** UTF-16 units of a Reason String at most: it is for people. */
const REASON_LENGTH_MAX = 1024

/** Whether a Client takes a packet. Most have no limit, and then nothing is encoded. */
export function isWithin(packet: Packet, version: ProtocolVersion, maximumPacketSize: number): boolean {
  return maximumPacketSize === Number.POSITIVE_INFINITY || encodePacket(packet, version).length <= maximumPacketSize
}

/** Writes a packet. @throws {PacketTooLargeError} when the Client does not take so much; then nothing is written */
export function writeWithin(
  writer: PacketWriter,
  packet: Packet,
  version: ProtocolVersion,
  maximumPacketSize: number,
): void {
  const start = writer.position
  writePacket(writer, packet, version)
  const size = writer.position - start
  if (size <= maximumPacketSize) return
  writer.position = start
  const message = `${packetTypeName(packet.type)} has ${size} bytes; the client takes ${maximumPacketSize}`
  throw new PacketTooLargeError(message, '[MQTT-3.1.2-24]')
}

/** Writes the CONNACK that refuses as {@link writeWithReason} does, and nothing to a Client that cannot or shall not be told. */
export function writeRefusal(
  output: Output,
  { reasonCode, message, serverReference, isSilent }: Refusal,
  version: ProtocolVersion,
  maximumPacketSize: number,
): void {
  const code = version === 5 ? reasonCode : connackReturnCodeOf(reasonCode)
  if (code === undefined || isSilent === true) return
  const properties = version === 5 ? { reasonString: message, serverReference } : noProperties
  const connack = { type: PacketType.Connack, sessionPresent: false, reasonCode: code, properties } // [MQTT-3.2.2-6]
  writeWithReason(output.writer(), connack, version, maximumPacketSize)
}

/** Writes a DISCONNECT of 5.0 as {@link writeWithReason} does. */
export function writeDisconnect(
  writer: PacketWriter,
  reasonCode: ReasonCode,
  message: string,
  maximumPacketSize: number,
): void {
  const packet: Disconnect = { type: PacketType.Disconnect, reasonCode, properties: { reasonString: message } }
  writeWithReason(writer, packet, 5, maximumPacketSize)
}

/**
 * Writes a packet that says why the connection ends, without its properties where they would make it larger than the Client
 * takes [MQTT-3.2.2-19], [MQTT-3.14.2-3], and not at all if that is still too large. It does not throw, whatever
 * the reason: there is nobody left to tell.
 */
export function writeWithReason(
  writer: PacketWriter,
  packet: Connack | Disconnect,
  version: ProtocolVersion,
  maximumPacketSize: number,
): void {
  const start = writer.position
  const sendable = version === 5 ? made5(packet) : packet
  writePacket(writer, sendable, version)
  if (writer.position - start <= maximumPacketSize) return
  writer.position = start
  writePacket(writer, { ...sendable, properties: noProperties }, version)
  if (writer.position - start > maximumPacketSize) writer.position = start // [MQTT-3.1.2-24]
}

/** The packet with a Reason Code that it may carry, and a Reason String that can be written. */
function made5<T extends Connack | Disconnect>(packet: T): T {
  const { type, reasonCode, properties } = packet
  // A second CONNECT of an unknown version, for one, has a code that DISCONNECT does not know.
  const allowed = isReasonCodeOf(type, reasonCode) ? reasonCode : ReasonCode.ProtocolError
  // What is quoted from a Client may have been cut in the middle of a character [MQTT-1.5.4-1].
  const reasonString = properties.reasonString?.slice(0, REASON_LENGTH_MAX).replace(/[\p{Surrogate}\0]/gu, '\ufffd')
  return { ...packet, reasonCode: allowed, properties: { ...properties, reasonString } }
}
