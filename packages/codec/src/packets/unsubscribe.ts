import { InvalidPacketError, MalformedPacketError } from '../errors.ts'
import { PacketType, type ProtocolVersion } from '../packet-type.ts'
import { noProperties, readProperties, type UnsubscribeProperties, writeProperties } from '../properties.ts'
import type { PacketReader } from '../reader.ts'
import type { PacketWriter } from '../writer.ts'
import { readTopicFilter, writeTopicFilter } from './subscribe.ts'

/** UNSUBSCRIBE, section 3.10. Sent by a Client. */
export interface Unsubscribe {
  readonly type: typeof PacketType.Unsubscribe
  readonly packetId: number
  /** At least one [MQTT-3.10.3-2]. */
  readonly filters: readonly string[]
  readonly properties: UnsubscribeProperties
}

/** What cannot be such a packet is malformed, as in SUBSCRIBE. */
export function decodeUnsubscribe(reader: PacketReader, version: ProtocolVersion): Unsubscribe {
  const packetId = reader.twoByteInteger()
  if (packetId === 0) throw new MalformedPacketError('Packet Identifier of UNSUBSCRIBE is 0', '[MQTT-2.2.1-3]')
  const properties = version === 5 ? readProperties(reader, PacketType.Unsubscribe) : noProperties
  if (reader.remaining === 0) throw new MalformedPacketError('UNSUBSCRIBE has no Topic Filter', '[MQTT-3.10.3-2]')
  const filters: string[] = []
  while (reader.remaining > 0) filters.push(readTopicFilter(reader))
  return { type: PacketType.Unsubscribe, packetId, filters, properties }
}

export function writeUnsubscribe(writer: PacketWriter, packet: Unsubscribe, version: ProtocolVersion): void {
  if (packet.filters.length === 0) throw new InvalidPacketError('filters is empty', '[MQTT-3.10.3-2]')
  const mark = writer.start((PacketType.Unsubscribe << 4) | 2) // [MQTT-3.10.1-1]
  writer.packetId(packet.packetId)
  if (version === 5) writeProperties(writer, packet.properties, PacketType.Unsubscribe)
  for (const filter of packet.filters) writeTopicFilter(writer, filter)
  writer.finish(mark)
}
