import { type Packet, PacketType, type QoS } from '@curlew/codec'
import type { Subscription } from '../../src/index.ts'
import type { Setting } from './connected.ts'
import type { ScriptedLink } from './scripted-server.ts'

/** Grants every SUBSCRIBE that the Client has sent and not been answered. */
export async function grant(link: ScriptedLink): Promise<Packet[]> {
  const packets = await link.packets()
  for (const packet of packets) {
    if (packet.type === PacketType.Subscribe) {
      const reasonCodes = packet.subscriptions.map(({ qos }) => qos)
      link.send({ type: PacketType.Suback, packetId: packet.packetId, reasonCodes, properties: {} })
    }
    if (packet.type === PacketType.Unsubscribe) {
      const reasonCodes = packet.filters.map(() => 0 as const)
      link.send({ type: PacketType.Unsuback, packetId: packet.packetId, reasonCodes, properties: {} })
    }
  }
  return packets
}

export async function subscribed(
  { client, server }: Setting,
  filter: string | string[] = 'a',
  options: Parameters<typeof client.subscribe>[1] = {},
): Promise<Subscription> {
  const asked = client.subscribe(filter, options)
  await grant(server.link)
  return asked
}

let nextPacketId = 1
/** A PUBLISH from the Server. */
export function publish(topic: string, text: string, qos: QoS = 0, fields: object = {}): Packet {
  const packetId = qos === 0 ? 0 : nextPacketId++
  const payload = new TextEncoder().encode(text)
  return {
    type: PacketType.Publish,
    topic,
    payload,
    qos,
    retain: false,
    dup: false,
    packetId,
    properties: {},
    ...fields,
  }
}
