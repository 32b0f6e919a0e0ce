import { MalformedPacketError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { type DisconnectProperties, noProperties, readProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { isReasonCodeOf, ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'

/** DISCONNECT, section 3.14. Sent by a Client and, in 5.0, by a Server. */
export interface Disconnect {
  readonly type: typeof PacketType.Disconnect
  /** Always 0 in MQTT 3.1 and 3.1.1, which have no other. */
  readonly reasonCode: ReasonCode
  readonly properties: DisconnectProperties
}

export function decodeDisconnect(reader: PacketReader, version: ProtocolVersion): Disconnect {
  if (version < 5 || reader.remaining === 0) {
    reader.expectEnd()
    return { type: PacketType.Disconnect, reasonCode: ReasonCode.Success, properties: noProperties }
  }
  const reasonCode = reader.byte()
  if (!isReasonCodeOf(PacketType.Disconnect, reasonCode)) {
    throw new MalformedPacketError(`Reason Code ${reasonCode} does not belong in DISCONNECT`, '[MQTT-3.14.2-1]')
  }
  const properties = reader.remaining === 0 ? noProperties : readProperties(reader, PacketType.Disconnect)
  reader.expectEnd()
  return { type: PacketType.Disconnect, reasonCode, properties }
}

export function writeDisconnect(writer: PacketWriter, packet: Disconnect, version: ProtocolVersion): void {
  const { reasonCode, properties } = packet
  if (version < 5 || (reasonCode === ReasonCode.Success && properties === noProperties)) {
    writer.startSized(PacketType.Disconnect << 4, 0)
    return
  }
  const mark = writer.start(PacketType.Disconnect << 4)
  writer.byte(reasonCode)
  if (properties !== noProperties) writeProperties(writer, properties, PacketType.Disconnect)
  writer.finish(mark)
}
