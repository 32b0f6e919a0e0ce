import { ConnackReturnCode } from '../connack-return-code.ts'
import { InvalidPacketError, MalformedPacketError, ProtocolError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { type ConnackProperties, noProperties, readProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import type { PacketWriter } from '../writer.ts'
import { checkReasonCode, readReasonCode } from './reason-code-field.ts'

/** CONNACK, section 3.2. Sent by a Server. */
export interface Connack {
  readonly type: typeof PacketType.Connack
  readonly sessionPresent: boolean
  /** A Reason Code in 5.0, a CONNACK return code (0 to 5) in MQTT 3.1 and 3.1.1. */
  readonly reasonCode: number
  readonly properties: ConnackProperties
}

export function decodeConnack(reader: PacketReader, version: ProtocolVersion): Connack {
  const flags = reader.byte()
  // MQTT 3.1 reserves the whole byte without saying what it holds, so nothing there is refused.
  if (flags > 1 && version > 3) {
    throw new MalformedPacketError('reserved bits of Connect Acknowledge Flags are set', '[MQTT-3.2.2-1]')
  }
  const reasonCode = version === 5 ? readReasonCode(reader, PacketType.Connack) : readReturnCode(reader)
  const sessionPresent = version > 3 && flags === 1
  if (sessionPresent && reasonCode !== 0) {
    throw new ProtocolError('CONNACK refuses and has Session Present', '[MQTT-3.2.2-6]')
  }
  const properties: ConnackProperties = version === 5 ? readProperties(reader, PacketType.Connack) : noProperties
  if (version < 5 || !reader.isLenient) reader.expectEnd()
  return { type: PacketType.Connack, sessionPresent, reasonCode, properties }
}

function readReturnCode(reader: PacketReader): number {
  const code = reader.byte()
  if (code <= ConnackReturnCode.NotAuthorized) return code
  throw new ProtocolError(`CONNACK return code ${code} is reserved (section 3.2.2.3 of MQTT 3.1.1)`)
}

export function writeConnack(writer: PacketWriter, packet: Connack, version: ProtocolVersion): void {
  const { sessionPresent, reasonCode } = packet
  if (version === 5) checkReasonCode(PacketType.Connack, reasonCode)
  else if (!isReturnCode(reasonCode)) throw new InvalidPacketError(`${reasonCode} is not a CONNACK return code`)
  if (sessionPresent && reasonCode !== 0) {
    throw new InvalidPacketError('sessionPresent is set in a CONNACK that refuses', '[MQTT-3.2.2-6]')
  }
  const mark = writer.start(PacketType.Connack << 4)
  writer.byte(sessionPresent && version > 3 ? 1 : 0)
  writer.byte(reasonCode)
  if (version === 5) writeProperties(writer, packet.properties, PacketType.Connack)
  writer.finish(mark)
}

function isReturnCode(code: number): boolean {
  return Number.isInteger(code) && code >= ConnackReturnCode.Accepted && code <= ConnackReturnCode.NotAuthorized
}
