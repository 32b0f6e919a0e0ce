import { type Packet, PacketType, type QoS } from '@curlew/codec'
import type { QueuePolicy } from '../../src/index.ts'
import type { MemoryWire } from './memory-stream.ts'
import { puback, pubcomp, publishPacket, pubrec, type Request, subscribePacket } from './packets.ts'
import type { RawClient } from './raw-client.ts'
import { persistent, Stage, type StageOptions } from './stage.ts'
import { v5, versions } from './versions.ts'

/** Two messages `a` of one byte fit into a queue: by their number, or by their bytes. */
const bounds = { count: { queuedMessagesMax: 2 }, bytes: { queuedBytesMax: 2 * (1 + 1 + 64) } }

type Version = (typeof versions)[number]
export interface Case {
  name: string
  version: Version
  qos: 1 | 2
  bound: keyof typeof bounds
  presence: 'online' | 'offline'
}

export function caseOf(version: Version, qos: 1 | 2, bound: keyof typeof bounds, presence: Case['presence']): Case {
  return {
    name: `${version}, QoS ${qos}, the queue full by ${bound}, receiver ${presence}`,
    version,
    qos,
    bound,
    presence,
  }
}

/** Each way in which a queue can be full. */
export const cases: Case[] = versions.flatMap(version =>
  ([1, 2] as const).flatMap(qos =>
    (['count', 'bytes'] as const).flatMap(bound =>
      (['online', 'offline'] as const).map(presence => caseOf(version, qos, bound, presence)),
    ),
  ),
)

const filters = [{ filter: 'a', qos: 2 as const }, 'live']

/** A Client that does not acknowledge: of what is sent to it one message is in flight, the others wait. */
export async function receiverOn(stage: Stage, clientId: string, version = v5, requests: readonly Request[] = filters) {
  const client = await stage.connect(persistent(version.version, clientId))
  client.send(subscribePacket(1, requests))
  await client.receiveA(PacketType.Suback)
  return client
}

/**
 * Publishes, and lets time go on until nobody waits for a receiver that is behind and does not acknowledge.
 *
 * @returns the answers
 */
export async function publishOn(stage: Stage, publisher: RawClient<MemoryWire>, ...packets: readonly Packet[]) {
  publisher.send(...packets)
  await stage.advance(1_100)
  return publisher.takeAll()
}

/** A broker with a publisher, and the Session `receiver` whose queue is full of `1`, `2` (and `0` before them, in flight). */
export async function fullQueue(
  queuePolicy: QueuePolicy,
  { version, qos, bound, presence }: Case,
  options: StageOptions = {},
) {
  const limits = { inFlightMessagesMax: 1, ...bounds[bound], ...options.limits }
  const stage = new Stage({ ...options, queuePolicy, limits })
  const receiver = await receiverOn(stage, 'receiver', version)
  if (presence === 'offline') receiver.drop()
  await stage.settle()
  const publisher = await stage.connect({ clientId: 'publisher', protocolVersion: version.version })
  const publish = (payload: string, packetId: number, topic = 'a') =>
    publishOn(stage, publisher, publishPacket(topic, payload, { qos, packetId }))
  const backlog = presence === 'online' ? ['0', '1', '2'] : ['1', '2']
  for (const [index, payload] of backlog.entries()) await publish(payload, index + 1)
  return { stage, receiver, publisher, publish, backlog }
}

/** Acknowledges whatever comes until nothing more does; returns the payloads. */
export async function drain(stage: Stage, client: RawClient<MemoryWire>): Promise<string[]> {
  const payloads: string[] = []
  for (;;) {
    await stage.settle()
    const packets = client.takePackets()
    if (packets.length === 0) return payloads
    for (const packet of packets) {
      if (packet.type === PacketType.Publish) payloads.push(Buffer.from(packet.payload).toString())
      if (packet.type === PacketType.Publish && packet.qos === 1) client.send(puback(packet.packetId))
      if (packet.type === PacketType.Publish && packet.qos === 2) client.send(pubrec(packet.packetId))
      if (packet.type === PacketType.Pubrel) client.send(pubcomp(packet.packetId))
    }
  }
}

/** What the Session `receiver` has, in the order it gets it. */
export async function drainReceiver(stage: Stage, version: Version): Promise<string[]> {
  const back = await stage.connect(persistent(version.version, 'receiver'))
  return drain(stage, back)
}

/** The answer to a PUBLISH. @param code as ` 97`, or nothing */
export const answer = (qos: QoS, packetId: number, code: string): string =>
  `${qos === 1 ? 'PUBACK' : 'PUBREC'} ${packetId}${code}`

/** The simplest of them. */
export const offline5: Case = caseOf(v5, 1, 'count', 'offline')
