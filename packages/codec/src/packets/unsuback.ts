import { InvalidPacketError, ProtocolError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { type AcknowledgementProperties, noProperties, readProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import type { ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'
import { readReasonCode, writeReasonCode } from './reason-code-field.ts'

/** UNSUBACK, section 3.11. Sent by a Server. */
export interface Unsuback {
  readonly type: typeof PacketType.Unsuback
  readonly packetId: number
  /** One per Topic Filter, in the order of UNSUBSCRIBE; empty in MQTT 3.1 and 3.1.1, where UNSUBACK has no payload. */
  readonly reasonCodes: readonly ReasonCode[]
  readonly properties: AcknowledgementProperties
}

export function decodeUnsuback(reader: PacketReader, version: ProtocolVersion): Unsuback {
  const packetId = reader.twoByteInteger()
  if (packetId === 0) throw new ProtocolError('Packet Identifier of UNSUBACK is 0', '[MQTT-2.2.1-6]')
  const reasonCodes: ReasonCode[] = []
  if (version < 5) {
    reader.expectEnd()
    return { type: PacketType.Unsuback, packetId, reasonCodes, properties: noProperties }
  }
  const properties = readProperties(reader, PacketType.Unsuback)
  if (reader.remaining === 0 && !reader.isLenient) throw new ProtocolError('UNSUBACK has no Reason Code')
  while (reader.remaining > 0) {
    const isAny = reader.isLenient
    reasonCodes.push(isAny ? (reader.byte() as ReasonCode) : readReasonCode(reader, PacketType.Unsuback))
  }
  return { type: PacketType.Unsuback, packetId, reasonCodes, properties }
}

export function writeUnsuback(writer: PacketWriter, packet: Unsuback, version: ProtocolVersion): void {
  if (version === 5 && packet.reasonCodes.length === 0) {
    throw new InvalidPacketError('reasonCodes is empty (section 3.11.3)')
  }
  const mark = writer.start(PacketType.Unsuback << 4)
  writer.packetId(packet.packetId)
  if (version === 5) {
    writeProperties(writer, packet.properties, PacketType.Unsuback)
    for (const code of packet.reasonCodes) writeReasonCode(writer, PacketType.Unsuback, code)
  }
  writer.finish(mark)
}
