import { PacketType, type ProtocolVersion } from './packet-type.ts'
import { type Auth, writeAuth } from './packets/auth.ts'
import { type Connect, writeConnect } from './packets/connect.ts'
import { type Disconnect, writeDisconnect } from './packets/disconnect.ts'
import { type Subscribe, writeSubscribe } from './packets/subscribe.ts'
import { type Unsubscribe, writeUnsubscribe } from './packets/unsubscribe.ts'
import type { PacketWriter } from './writer.ts'

/** What a Client sends beside messages, their acknowledgements and pings, which have functions of their own. */
export type ClientPacket = Connect | Subscribe | Unsubscribe | Disconnect | Auth

/**
 * Writes a packet that a Client sends behind what `writer` holds. When it throws, part of the packet may be there: the caller
 * sets `position` back.
 *
 * @throws {InvalidPacketError} naming the field that the specification does not allow to be written so
 */
export function writeClientPacket(writer: PacketWriter, packet: ClientPacket, version: ProtocolVersion): void {
  switch (packet.type) {
    case PacketType.Connect:
      return writeConnect(writer, packet)
    case PacketType.Subscribe:
      return writeSubscribe(writer, packet, version)
    case PacketType.Unsubscribe:
      return writeUnsubscribe(writer, packet, version)
    case PacketType.Disconnect:
      return writeDisconnect(writer, packet, version)
    case PacketType.Auth:
      return writeAuth(writer, packet, version)
    default:
      packet satisfies never
  }
}
