import { MalformedPacketError, ProtocolError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { type AcknowledgementProperties, noProperties, readProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { isReasonCodeOf, type ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'

/** SUBACK, section 3.9. Sent by a Server. */
export interface Suback {
  readonly type: typeof PacketType.Suback
  readonly packetId: number
  /** One per Topic Filter, in the order of SUBSCRIBE. In 3.1.1 only 0, 1, 2 and 0x80 [MQTT3-3.9.3-2]. */
  readonly reasonCodes: readonly ReasonCode[]
  readonly properties: AcknowledgementProperties
}

export function decodeSuback(reader: PacketReader, version: ProtocolVersion): Suback {
  const packetId = reader.twoByteInteger()
  if (packetId === 0) throw new ProtocolError('Packet Identifier of SUBACK is 0', '[MQTT-2.2.1-6]')
  const properties = version === 5 ? readProperties(reader, PacketType.Suback) : noProperties
  if (reader.remaining === 0) throw new ProtocolError('SUBACK has no Reason Code')
  const reasonCodes: ReasonCode[] = []
  while (reader.remaining > 0) {
    const code = reader.byte()
    if (!isReasonCodeOf(PacketType.Suback, code) || (version < 5 && code > 2 && code !== 0x80)) {
      throw new MalformedPacketError(`Reason Code ${code} does not belong in SUBACK`, '[MQTT3-3.9.3-2]')
    }
    reasonCodes.push(code)
  }
  return { type: PacketType.Suback, packetId, reasonCodes, properties }
}

export function writeSuback(writer: PacketWriter, packet: Suback, version: ProtocolVersion): void {
  const mark = writer.start(PacketType.Suback << 4)
  writer.packetId(packet.packetId)
  if (version === 5) writeProperties(writer, packet.properties, PacketType.Suback)
  for (const code of packet.reasonCodes) writer.byte(version < 5 && code > 0x80 ? 0x80 : code) // [MQTT3-3.9.3-2]
  writer.finish(mark)
}
