import { MalformedPacketError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { type ConnackProperties, noProperties, readProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import { isReasonCodeOf } from '../reason-code.ts'
import type { PacketWriter } from '../writer.ts'

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
  const reasonCode = reader.byte()
  const isKnown = version === 5 ? isReasonCodeOf(PacketType.Connack, reasonCode) : reasonCode <= 5
  if (!isKnown) throw new MalformedPacketError(`CONNACK with unknown code ${reasonCode}`, '[MQTT-3.2.2-8]')
  const sessionPresent = version > 3 && flags === 1
  if (sessionPresent && reasonCode !== 0) {
    throw new MalformedPacketError('CONNACK refuses and has Session Present', '[MQTT-3.2.2-6]')
  }
  const properties: ConnackProperties = version === 5 ? readProperties(reader, PacketType.Connack) : noProperties
  reader.expectEnd()
  return { type: PacketType.Connack, sessionPresent, reasonCode, properties }
}

export function writeConnack(writer: PacketWriter, packet: Connack, version: ProtocolVersion): void {
  const mark = writer.start(PacketType.Connack << 4)
  writer.byte(packet.sessionPresent && version > 3 ? 1 : 0)
  writer.byte(packet.reasonCode)
  if (version === 5) writeProperties(writer, packet.properties, PacketType.Connack)
  writer.finish(mark)
}
