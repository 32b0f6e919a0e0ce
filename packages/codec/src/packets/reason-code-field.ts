import { InvalidPacketError, ProtocolError, type Statement } from '../errors.ts'
import { PacketType, packetTypeName } from '../packet-type.ts'
import type { PacketReader } from '../reader.ts'
import { isReasonCodeOf, type ReasonCode } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'

/** The packets of MQTT 5.0 that have Reason Codes. */
export type TypeWithReasonCode = Exclude<
  PacketType,
  | typeof PacketType.Connect
  | typeof PacketType.Publish
  | typeof PacketType.Subscribe
  | typeof PacketType.Unsubscribe
  | typeof PacketType.Pingreq
  | typeof PacketType.Pingresp
>

/** Each packet's statement that it uses no Reason Codes but those listed for it. */
const statements: Record<TypeWithReasonCode, Statement> = {
  [PacketType.Connack]: '[MQTT-3.2.2-8]',
  [PacketType.Puback]: '[MQTT-3.4.2-1]',
  [PacketType.Pubrec]: '[MQTT-3.5.2-1]',
  [PacketType.Pubrel]: '[MQTT-3.6.2-1]',
  [PacketType.Pubcomp]: '[MQTT-3.7.2-1]',
  [PacketType.Suback]: '[MQTT-3.9.3-2]',
  [PacketType.Unsuback]: '[MQTT-3.11.3-2]',
  [PacketType.Disconnect]: '[MQTT-3.14.2-1]',
  [PacketType.Auth]: '[MQTT-3.15.2-1]',
}

/** @throws {ProtocolError} when MQTT 5.0 does not list the code for packets of this type */
export function readReasonCode(reader: PacketReader, type: TypeWithReasonCode): ReasonCode {
  const code = reader.byte()
  if (isReasonCodeOf(type, code)) return code
  const message = `Reason Code ${code} does not belong in ${packetTypeName(type)}`
  const error = new ProtocolError(message, statements[type])
  // Who sends DISCONNECT is leaving and reads no answer [MQTT-3.14.4-1] (ADR 0013).
  throw type === PacketType.Disconnect ? error.silenced() : error
}

/** @throws {InvalidPacketError} when MQTT 5.0 does not list the code for packets of this type */
export function writeReasonCode(writer: PacketWriter, type: TypeWithReasonCode, code: number): void {
  checkReasonCode(type, code)
  writer.byte(code)
}

/** @throws {InvalidPacketError} as {@link writeReasonCode}, for those who write it later or not at all */
export function checkReasonCode(type: TypeWithReasonCode, code: number): void {
  if (isReasonCodeOf(type, code)) return
  throw new InvalidPacketError(`Reason Code ${code} does not belong in ${packetTypeName(type)}`, statements[type])
}
