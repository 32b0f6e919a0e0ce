import { DecodedPublish, type Packet, PacketDecoder, PacketType, type PublishProperties, type QoS } from '@curlew/codec'
import { IncomingTopicAliases } from '@curlew/protocol'
import { packetText } from './packet-text.ts'

/** Aliases are followed, not limited: both ends have agreed on less. */
const ALIASES_MAX = 65_535

/** An Application Message as it passed. */
export interface PublishedMessage {
  /** Of the Client that published it, or that it was sent to. */
  readonly clientId: string
  readonly topic: string
  readonly payload: Uint8Array
  /** The payload as text. */
  readonly text: string
  readonly qos: QoS
  readonly retain: boolean
  readonly properties: PublishProperties
}

/** One Control Packet that passed between a Client and the broker. */
export interface PacketRecord {
  /** Counts the Network Connections from 1. */
  readonly connection: number
  /** As the broker knows the Client; empty before CONNECT. */
  readonly clientId: string
  readonly direction: 'to-broker' | 'to-client'
  readonly packet: Packet
  /** Of a PUBLISH. */
  readonly message: PublishedMessage | undefined
  /** The packet in one line, such as `PUBLISH home/kitchen "21.5" qos 1 id 7`. */
  readonly text: string
  /** Milliseconds since the broker was started, by its own clock. */
  readonly atMs: number
}

/**
 * The packets that have passed, the oldest first. Bounded: the oldest go.
 *
 * @example
 * for (const { direction, text } of broker.packets) console.assert(text !== '', direction)
 */
export class PacketLog implements Iterable<PacketRecord> {
  /** Packets that had to go. */
  dropped = 0
  readonly #recordsMax: number
  #records: PacketRecord[] = []

  constructor(recordsMax: number) {
    this.#recordsMax = recordsMax
  }

  get size(): number {
    return this.#records.length
  }

  /**
   * What `matches`, or everything.
   *
   * @example
   * const published = broker.packets.find(({ message }) => message?.topic === 'kettle/temperature')
   */
  find(matches: (record: PacketRecord) => boolean = () => true): PacketRecord[] {
    return this.#records.filter(matches)
  }

  /**
   * The packets of a Client, each in a line, those to the broker with `>` before them, those to the Client with `<`.
   *
   * @param clientId default: those of all Clients
   * @example
   * const [first] = broker.packets.lines('kettle') // > CONNECT …
   */
  lines(clientId?: string): string[] {
    return this.#records
      .filter(record => clientId === undefined || record.clientId === clientId)
      .map(({ direction, text }) => `${direction === 'to-broker' ? '>' : '<'} ${text}`)
  }

  [Symbol.iterator](): IterableIterator<PacketRecord> {
    return this.#records.values()
  }

  /** Forgets all of them, also how many had to go. */
  clear(): void {
    this.#records = []
    this.dropped = 0
  }

  /** Puts one behind the others. */
  add(record: PacketRecord): void {
    this.#records.push(record)
    if (this.#records.length <= this.#recordsMax) return
    this.#records.shift()
    this.dropped++
  }
}

/** Reads what passes on one Network Connection. What cannot be decoded ends the reading, not the connection. */
export class ConnectionReader {
  clientId = ''
  readonly #connection: number
  readonly #now: () => number
  readonly #toBroker = new PacketDecoder({ receiver: 'server' })
  readonly #aliases = {
    'to-broker': new IncomingTopicAliases(ALIASES_MAX),
    'to-client': new IncomingTopicAliases(ALIASES_MAX),
  }
  #toClient: PacketDecoder | undefined
  #isReadable = true

  constructor(connection: number, now: () => number) {
    this.#connection = connection
    this.#now = now
  }

  read(direction: PacketRecord['direction'], chunk: Uint8Array): PacketRecord[] {
    const records: PacketRecord[] = []
    if (!this.#isReadable) return records
    try {
      const decoder = direction === 'to-broker' ? this.#toBroker : this.#decoderToClient()
      decoder.push(Uint8Array.from(chunk))
      for (let packet = decoder.next(); packet; packet = decoder.next()) records.push(this.#record(direction, packet))
    } catch {
      this.#isReadable = false // the end that is meant will say so itself
    }
    return records
  }

  #decoderToClient(): PacketDecoder {
    const version = this.#toBroker.version ?? 5
    this.#toClient ??= new PacketDecoder({ receiver: 'client', version, isLenient: true })
    return this.#toClient
  }

  #record(direction: PacketRecord['direction'], packet: Packet): PacketRecord {
    if (packet.type === PacketType.Connect) this.clientId = packet.clientId
    if (packet.type === PacketType.Connack) this.clientId = packet.properties.assignedClientIdentifier ?? this.clientId
    const message = packet instanceof DecodedPublish ? this.#message(direction, packet) : undefined
    const { clientId } = this
    const text = packetText(packet, message?.topic)
    return { connection: this.#connection, clientId, direction, packet, message, text, atMs: this.#now() }
  }

  #message(direction: PacketRecord['direction'], packet: DecodedPublish): PublishedMessage {
    const { payload, qos, retain, properties } = packet
    const { topicAlias } = properties
    const topic = topicAlias === undefined ? packet.topic : this.#aliases[direction].resolve(packet.topic, topicAlias)
    const text = Buffer.from(payload).toString()
    return { clientId: this.clientId, topic, payload, text, qos, retain, properties }
  }
}
