import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import {
  type DisconnectProperties,
  noProperties,
  propertiesSize,
  readProperties,
  writeProperties,
} from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'
import { readReasonCode, writeReasonCode } from './reason-code-field.ts'

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
  const reasonCode = readReasonCode(reader, PacketType.Disconnect)
  const properties = reader.remaining === 0 ? noProperties : readProperties(reader, PacketType.Disconnect)
  reader.expectEnd()
  return { type: PacketType.Disconnect, reasonCode, properties }
}

export function writeDisconnect(writer: PacketWriter, packet: Disconnect, version: ProtocolVersion): void {
  const { reasonCode, properties } = packet
  const mark = writer.start(PacketType.Disconnect << 4)
  const isExplained = version === 5 && propertiesSize(properties, PacketType.Disconnect) > 0
  if (isExplained || (version === 5 && reasonCode !== ReasonCode.Success)) {
    writeReasonCode(writer, PacketType.Disconnect, reasonCode)
  }
  if (isExplained) writeProperties(writer, properties, PacketType.Disconnect)
  writer.finish(mark)
}
