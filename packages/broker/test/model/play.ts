import { noProperties, type Packet, PacketType, type Publish } from '@curlew/codec'
import { expect } from 'vitest'
import type { MemoryWire } from '../support/memory-stream.ts'
import { packetText } from '../support/packet-text.ts'
import {
  connectPacket,
  disconnectPacket,
  pingreq,
  puback,
  pubcomp,
  publishPacket,
  pubrec,
  subscribePacket,
  unsubscribePacket,
  willOf,
} from '../support/packets.ts'
import type { RawClient } from '../support/raw-client.ts'
import { Stage } from '../support/stage.ts'
import type { ReferenceModel } from './reference-model.ts'
import { type ModelConnect, type ModelDelivery, type ModelSubscription, receiveMaximumOf, versionOf } from './values.ts'

interface Unfinished extends Pick<ModelDelivery, 'text' | 'isReleased'> {
  readonly packetId: number
}

/** The clients that play against the broker, and what they have not acknowledged. */
export class Play {
  readonly stage = new Stage({ limits: { inFlightMessagesMax: 1_000 } })
  readonly #clients: (RawClient<MemoryWire> | undefined)[] = [undefined, undefined, undefined, undefined]
  readonly #unfinished: Unfinished[][] = [[], [], [], []]
  /** Of each Packet Identifier, what was last delivered with it. */
  readonly #texts: Map<number, string>[] = [new Map(), new Map(), new Map(), new Map()]
  readonly #came: string[][] = [[], [], [], []]

  /** Sends in one chunk, and takes what comes. */
  async send(client: number, ...packets: readonly Packet[]): Promise<void> {
    this.#clients[client]!.send(...packets)
    await this.settle()
  }

  async connect(client: number, { cleanStart, expiry, will }: ModelConnect): Promise<void> {
    const protocolVersion = versionOf(client)
    const is5 = protocolVersion === 5
    const receiveMaximum = Math.min(receiveMaximumOf(client), 0xffff)
    const willProperties = is5 && will !== undefined ? { willDelayInterval: will.delay } : noProperties
    const properties = is5 ? { sessionExpiryInterval: expiry, receiveMaximum } : noProperties
    const old = this.#clients[client]
    const fresh = await this.stage.open(protocolVersion)
    const packet = {
      clientId: `client ${client}`,
      protocolVersion,
      cleanStart,
      properties,
      will:
        will &&
        willOf(will.topic, will.payload, { ...will, payload: Buffer.from(will.payload), properties: willProperties }),
    }
    fresh.send(connectPacket(packet))
    await this.stage.settle()
    if (old !== undefined) this.#take(client)
    old?.drop()
    this.#clients[client] = fresh
    this.#unfinished[client] = []
    await this.settle()
  }

  async leave(client: number, reasonCode?: 0 | 4): Promise<void> {
    if (reasonCode !== undefined) await this.send(client, disconnectPacket({ reasonCode }))
    this.#take(client)
    this.#clients[client]!.drop()
    this.#clients[client] = undefined
    await this.settle()
  }

  subscribe(client: number, { identifier, ...request }: ModelSubscription): Promise<void> {
    return this.send(client, subscribePacket(1, [request], identifier))
  }

  unsubscribe(client: number, filter: string): Promise<void> {
    return this.send(client, unsubscribePacket(1, [filter]))
  }

  /** A QoS 2 message is sent twice before it is released, as a client does that has lost the PUBREC. */
  publish(client: number, topic: string, payload: string, fields: Partial<Publish>): Promise<void> {
    const packetId = fields.qos === 0 ? 0 : 7
    const publish = publishPacket(topic, payload, { ...fields, packetId })
    if (fields.qos !== 2) return this.send(client, publish)
    const pubrel: Packet = { type: PacketType.Pubrel, packetId, reasonCode: 0, properties: noProperties }
    return this.send(client, publish, { ...publish, dup: true }, pubrel)
  }

  async acknowledge(client: number, deliveries: readonly ModelDelivery[]): Promise<void> {
    for (const { text, qos, isReleased } of deliveries) {
      const unfinished = this.#unfinished[client]!
      const index = unfinished.findIndex(each => each.text === text && each.isReleased === isReleased)
      const { packetId } = unfinished[index]!
      if (qos === 2 && !isReleased) unfinished[index] = { ...unfinished[index]!, isReleased: true }
      else unfinished.splice(index, 1)
      await this.send(client, qos === 1 ? puback(packetId) : isReleased ? pubcomp(packetId) : pubrec(packetId))
    }
  }

  async advance(seconds: number): Promise<void> {
    for (const [client, connection] of this.#clients.entries()) if (connection) await this.send(client, pingreq)
    await this.stage.advance(seconds * 1_000)
    await this.settle()
  }

  async settle(): Promise<void> {
    await this.stage.settle()
    for (const client of this.#clients.keys()) this.#take(client)
  }

  /** Drops all connections and closes the broker, for which time must go on. */
  async end(): Promise<void> {
    for (const connection of this.#clients) connection?.drop()
    const closed = this.stage.broker.close()
    await this.stage.advance(5_000)
    await closed
  }

  /** Compares what has come, and the broker's numbers, with what the model says. */
  check(model: ReferenceModel): void {
    const { connections, sessions, subscriptions, retained } = this.stage.broker.stats()
    const held = [...model.sessions.values()]
    expect({ came: this.#came.map(inOrder), connections, sessions, subscriptions, retained }).toEqual({
      came: model.outbox.map(inOrder),
      connections: held.filter(each => each.isConnected).length,
      sessions: held.length,
      subscriptions: held.reduce((sum, each) => sum + each.subscriptions.size, 0),
      retained: model.retained.size,
    })
    for (const lines of [...this.#came, ...model.outbox]) lines.length = 0
  }

  #take(client: number): void {
    for (const packet of this.#clients[client]?.takePackets() ?? []) {
      this.#came[client]!.push(lineOf(packet))
      if (packet.type === PacketType.Publish && packet.qos > 0) this.#noteUnfinished(client, packet)
      if (packet.type === PacketType.Pubrel) this.#noteReleased(client, packet.packetId)
    }
  }

  #noteUnfinished(client: number, packet: Publish): void {
    const text = lineOf(packet).replace(/ dup$/, '')
    this.#texts[client]!.set(packet.packetId, text)
    this.#unfinished[client]!.push({ text, packetId: packet.packetId, isReleased: false })
  }

  /** After a reconnect, a PUBREL is all that is seen of a delivery. */
  #noteReleased(client: number, packetId: number): void {
    if (this.#unfinished[client]!.some(each => each.packetId === packetId)) return
    const text = this.#texts[client]!.get(packetId) ?? 'unknown'
    this.#unfinished[client]!.push({ text, packetId, isReleased: true })
  }
}

/** A packet in one line, without what the Server is free to choose. */
function lineOf(packet: Packet): string {
  if (packet.type !== PacketType.Publish) return packetText(packet).replace(/^((?:PUB|SUB|UNSUB)\w+) \d+/, '$1')
  const { topic, payload, qos, retain, dup, properties } = packet
  const words = [`PUBLISH ${topic} '${Buffer.from(payload)}' qos ${qos}`]
  if (retain) words.push('retain')
  const identifiers = properties.subscriptionIdentifiers ?? []
  if (identifiers.length > 0) words.push(`identifiers ${identifiers.toSorted()}`)
  if (dup) words.push('dup')
  return words.join(' ')
}

/** The order among the retained messages of several topics is the Server's choice: they are sorted where they stand together. */
function inOrder(lines: readonly string[]): string[] {
  const runs: string[][] = []
  for (const line of lines) {
    const isRetained = line.includes(' retain')
    const run = runs.at(-1)
    if (isRetained && run?.[0]?.includes(' retain')) run.push(line)
    else runs.push([line])
  }
  return runs.flatMap(run => run.toSorted())
}
