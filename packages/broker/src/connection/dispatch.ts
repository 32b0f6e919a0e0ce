import {
  type Auth,
  type Connect,
  type Disconnect,
  type Packet,
  PacketType,
  packetTypeName,
  writePing,
} from '@curlew/codec'
import type { PacketContext } from './packet-context.ts'
import { receivePuback, receivePubcomp, receivePublish, receivePubrec, receivePubrel } from './publish.ts'
import { receiveSubscribe, receiveUnsubscribe } from './subscribe.ts'

/** Packets about the connection itself, which {@link Connection} handles. */
export type ConnectionPacket = Connect | Disconnect | Auth

/** Handles a packet of a connected Client. */
export function dispatch(context: PacketContext, packet: Exclude<Packet, ConnectionPacket>): void {
  switch (packet.type) {
    case PacketType.Publish:
      return receivePublish(context, packet)
    case PacketType.Puback:
      return receivePuback(context, packet)
    case PacketType.Pubrec:
      return receivePubrec(context, packet)
    case PacketType.Pubrel:
      return receivePubrel(context, packet)
    case PacketType.Pubcomp:
      return receivePubcomp(context, packet)
    case PacketType.Subscribe:
      return receiveSubscribe(context, packet)
    case PacketType.Unsubscribe:
      return receiveUnsubscribe(context, packet)
    case PacketType.Pingreq:
      return writePing(context.output.writer(), PacketType.Pingresp) // [MQTT-3.12.4-1]
    case PacketType.Connack:
    case PacketType.Suback:
    case PacketType.Unsuback:
    case PacketType.Pingresp:
      throw new TypeError(`the decoder let ${packetTypeName(packet.type)} through`)
    default:
      packet satisfies never
  }
}
