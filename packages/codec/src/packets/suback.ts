import { InvalidPacketError, ProtocolError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { type AcknowledgementProperties, noProperties, readProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'
import { checkReasonCode, readReasonCode } from './reason-code-field.ts'

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
    reasonCodes.push(version === 5 ? readReasonCode(reader, PacketType.Suback) : readReturnCode(reader))
  }
  return { type: PacketType.Suback, packetId, reasonCodes, properties }
}

function readReturnCode(reader: PacketReader): ReasonCode {
  const code = reader.byte()
  if (code <= ReasonCode.GrantedQoS2 || code === ReasonCode.UnspecifiedError) return code as ReasonCode
  throw new ProtocolError(`SUBACK return code ${code} is reserved`, '[MQTT3-3.9.3-2]')
}

export function writeSuback(writer: PacketWriter, packet: Suback, version: ProtocolVersion): void {
  if (packet.reasonCodes.length === 0) throw new InvalidPacketError('reasonCodes is empty', '[MQTT-3.8.4-6]')
  const mark = writer.start(PacketType.Suback << 4)
  writer.packetId(packet.packetId)
  if (version === 5) writeProperties(writer, packet.properties, PacketType.Suback)
  for (const code of packet.reasonCodes) {
    checkReasonCode(PacketType.Suback, code)
    writer.byte(version < 5 && code > 0x80 ? 0x80 : code) // [MQTT3-3.9.3-2]
  }
  writer.finish(mark)
}
