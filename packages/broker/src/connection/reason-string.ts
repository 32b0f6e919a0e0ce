import { type Connack, type Disconnect, noProperties, type PacketWriter, writePacket } from '@curlew/codec'

/**
 * Writes a packet that says why the connection ends, without its properties where they would make it larger than the Client
 * takes [MQTT-3.2.2-19], [MQTT-3.14.2-3], and not at all if that is still too large.
 */
export function writeWithReason(
  writer: PacketWriter,
  packet: Connack | Disconnect,
  version: 3 | 4 | 5,
  maximumPacketSize: number,
): void {
  const start = writer.position
  writePacket(writer, packet, version)
  if (writer.position - start <= maximumPacketSize) return
  writer.position = start
  writePacket(writer, { ...packet, properties: noProperties }, version)
  if (writer.position - start > maximumPacketSize) writer.position = start // [MQTT-3.1.2-24]
}
