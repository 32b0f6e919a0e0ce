import { InvalidPacketError, ProtocolError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { type AuthProperties, noProperties, propertiesSize, readProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'
import { readReasonCode, writeReasonCode } from './reason-code-field.ts'

/** AUTH, section 3.15: one step of an extended authentication exchange. 5.0 only. */
export interface Auth {
  readonly type: typeof PacketType.Auth
  readonly reasonCode: ReasonCode
  readonly properties: AuthProperties
}

export function decodeAuth(reader: PacketReader): Auth {
  if (reader.remaining === 0) {
    return { type: PacketType.Auth, reasonCode: ReasonCode.Success, properties: noProperties }
  }
  const reasonCode = readReasonCode(reader, PacketType.Auth)
  const properties: AuthProperties = reader.remaining === 0 ? noProperties : readProperties(reader, PacketType.Auth)
  reader.expectEnd()
  if (properties.authenticationMethod === undefined) {
    throw new ProtocolError('AUTH has no Authentication Method (section 3.15.2.2.2)')
  }
  return { type: PacketType.Auth, reasonCode, properties }
}

export function writeAuth(writer: PacketWriter, packet: Auth, version: ProtocolVersion): void {
  if (version < 5) throw new InvalidPacketError('AUTH exists in MQTT 5.0 only')
  const { reasonCode, properties } = packet
  if (reasonCode === ReasonCode.Success && propertiesSize(properties, PacketType.Auth) === 0) {
    writer.startSized(PacketType.Auth << 4, 0)
    return
  }
  if (properties.authenticationMethod === undefined) {
    throw new InvalidPacketError('AUTH has no authenticationMethod (section 3.15.2.2.2)')
  }
  const mark = writer.start(PacketType.Auth << 4)
  writeReasonCode(writer, PacketType.Auth, reasonCode)
  writeProperties(writer, properties, PacketType.Auth)
  writer.finish(mark)
}
