import { type Connect, PacketType, type ProtocolVersion } from '@curlew/codec'
import { bytesOf, hexOf } from '../../../packages/broker/test/support/notation.ts'
import { type Request, subscribePacket } from '../../../packages/broker/test/support/packets.ts'
import type { Client, Server } from './rules.ts'

/** Publishers and subscribers, for the tests of how messages are delivered. */

/** Connects a client that only publishes. */
export function publisherOf(server: Server, version: ProtocolVersion = 5): Promise<Client> {
  return server.connect({ protocolVersion: version, clientId: 'publisher' })
}

/** Connects a client, which subscribes and takes the SUBACK. */
export async function subscriberOf(
  server: Server,
  fields: Partial<Connect>,
  requests: readonly Request[],
  identifier?: number,
): Promise<Client> {
  const client = await server.connect({ clientId: 'subscriber', ...fields })
  client.send(subscribePacket(1, requests, identifier))
  await client.receiveA(PacketType.Suback)
  return client
}

/** Loses the connection of a client, and waits until the broker has noticed. */
export async function lose(client: Client): Promise<void> {
  client.end()
  await client.closing()
}

/** What a client is told before its connection is closed: the Reason Code, from 5.0 on. */
export function farewell(version: ProtocolVersion, reasonCode: string): string[] {
  return version === 5 ? [`DISCONNECT ${reasonCode}`] : []
}

/** Records what arrives from now on, to be read as hex digits. */
export function recordBytes(client: Client): () => string {
  const chunks: Uint8Array[] = []
  const onBytes = (bytes: Uint8Array) => {
    chunks.push(Uint8Array.from(bytes))
  }
  client.wire.start({ onBytes, onEnd() {}, onClose() {} })
  return () => hexOf(Buffer.concat(chunks))
}

/** A PUBLISH of 5.0 at QoS 0 with these properties, right or wrong, and no payload, in notation; up to 127 bytes. */
export function publishWith(properties: string, topic: string): string {
  const size = bytesOf(properties).length
  const length = Buffer.byteLength(topic)
  return `30 ${hexOf(Uint8Array.of(3 + length + size))} 00 ${hexOf(Uint8Array.of(length))} '${topic}' ${hexOf(Uint8Array.of(size))} ${properties}`
}
