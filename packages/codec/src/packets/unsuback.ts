import { MalformedPacketError, ProtocolError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { type AcknowledgementProperties, noProperties, readProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { isReasonCodeOf, type ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'

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
  if (reader.remaining === 0) throw new ProtocolError('UNSUBACK has no Reason Code')
  while (reader.remaining > 0) {
    const code = reader.byte()
    if (!isReasonCodeOf(PacketType.Unsuback, code)) {
      throw new MalformedPacketError(`Reason Code ${code} does not belong in UNSUBACK`, '[MQTT-3.11.3-2]')
    }
    reasonCodes.push(code)
  }
  return { type: PacketType.Unsuback, packetId, reasonCodes, properties }
}

export function writeUnsuback(writer: PacketWriter, packet: Unsuback, version: ProtocolVersion): void {
  const mark = writer.start(PacketType.Unsuback << 4)
  writer.packetId(packet.packetId)
  if (version === 5) {
    writeProperties(writer, packet.properties, PacketType.Unsuback)
    for (const code of packet.reasonCodes) writer.byte(code)
  }
  writer.finish(mark)
}
