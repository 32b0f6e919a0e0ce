import { copyBytes } from '#bytes'
import { writeClientPacket } from './client-encoder.ts'
import type { Packet } from './packet.ts'
import { PacketType, type ProtocolVersion } from './packet-type.ts'
import { writeConnack } from './packets/connack.ts'
import { writePing } from './packets/ping.ts'
import { writePublishPacket } from './packets/publish.ts'
import { writePublishAck } from './packets/publish-ack.ts'
import { writeSuback } from './packets/suback.ts'
import { writeUnsuback } from './packets/unsuback.ts'
import { PacketWriter } from './writer.ts'

/**
 * Writes any packet behind what `writer` holds. CONNECT is written in its own `protocolVersion`.
 * When it throws, the writer is as it was before.
 *
 * @throws {InvalidPacketError} naming the field that the specification does not allow to be written so
 */
export function writePacket(writer: PacketWriter, packet: Packet, version: ProtocolVersion): void {
  const start = writer.position
  try {
    dispatch(writer, packet, version)
  } catch (error) {
    writer.position = start
    throw error
  }
}

/** What {@link encodePacket} writes into as long as it does not know how long the packet will be. */
let scratch = new PacketWriter()

/** A scratch that has grown beyond this many bytes is given away with its packet, and a small one takes its place. */
const SCRATCH_BYTES_MAX = 65_536

/**
 * Encodes one packet by itself. The bytes are the caller's to keep. PUBLISH knows its size before it is
 * written, so its payload is copied once, into a buffer made to measure (bench/micro: encode).
 *
 * @throws {InvalidPacketError} as {@link writePacket}
 * @example
 * encodePacket({ type: PacketType.Pingreq }, 5) // C0 00
 */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  const writer = packet.type === PacketType.Publish ? new PacketWriter(0) : scratch
  writer.position = 0
  try {
    dispatch(writer, packet, version)
  } finally {
    if (scratch.bytes.length > SCRATCH_BYTES_MAX) scratch = new PacketWriter()
  }
  const { bytes, position } = writer
  if (writer === scratch) return copyBytes(bytes, 0, position)
  return position === bytes.length ? bytes : bytes.subarray(0, position)
}

function dispatch(writer: PacketWriter, packet: Packet, version: ProtocolVersion): void {
  switch (packet.type) {
    case PacketType.Connack:
      return writeConnack(writer, packet, version)
    case PacketType.Publish:
      return writePublishPacket(writer, packet, version)
    case PacketType.Puback:
    case PacketType.Pubrec:
    case PacketType.Pubrel:
    case PacketType.Pubcomp:
      return writePublishAck(writer, packet, version)
    case PacketType.Suback:
      return writeSuback(writer, packet, version)
    case PacketType.Unsuback:
      return writeUnsuback(writer, packet, version)
    case PacketType.Pingreq:
    case PacketType.Pingresp:
      return writePing(writer, packet.type)
    default:
      return writeClientPacket(writer, packet, version)
  }
}
