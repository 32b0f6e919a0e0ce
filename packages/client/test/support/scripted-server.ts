import {
  encodePacket,
  type Packet,
  PacketDecoder,
  PacketType,
  type ProtocolVersion,
  packetTypeName,
} from '@curlew/codec'
import { packetText } from '../../../broker/test/support/packet-text.ts'
import { bytesOf } from '../../../codec/test/notation.ts'
import type { ByteStream, ByteStreamHandler, Transport } from '../../src/index.ts'
import { settle } from './virtual-runtime.ts'

/** Sent by a scripted Server of its own accord once CONNECT has come. */
export type Greeting = (link: ScriptedLink) => void

/** One connection of the Client as the Server sees it. */
export class ScriptedLink implements ByteStream {
  /** Packets of the Client that no {@link take} has returned. */
  #received: Packet[] = []
  readonly #decoder = new PacketDecoder({ receiver: 'server' })
  readonly #server: ScriptedServer
  #handler: ByteStreamHandler | undefined
  pendingBytes = 0
  /** Whether the Client has closed its side. */
  isEnded = false
  /** Writes that the Client has made. */
  writes = 0
  /** Whether what is written stays pending. */
  isFrozen = false

  constructor(server: ScriptedServer) {
    this.#server = server
  }

  start(handler: ByteStreamHandler): void {
    this.#handler = handler
  }

  write(bytes: Uint8Array): void {
    this.writes++
    if (this.isFrozen) this.pendingBytes += bytes.length
    this.#decoder.push(Uint8Array.from(bytes))
    for (let packet = this.#decoder.next(); packet; packet = this.#decoder.next()) {
      this.#received.push(packet)
      if (packet.type === PacketType.Connect) this.#server.greeting(this)
    }
  }

  end(): void {
    this.isEnded = true
    this.drop()
  }

  destroy(): void {
    this.end()
  }

  /** What is pending goes out. */
  thaw(): void {
    this.isFrozen = false
    this.pendingBytes = 0
    this.#handler?.onDrain()
  }

  get version(): ProtocolVersion {
    return this.#decoder.version ?? 5
  }

  /** Sends bytes in the notation of the codec's tests: hex digits and 'text'. */
  sendBytes(notation: string): void {
    const bytes = bytesOf(notation)
    queueMicrotask(() => this.#handler?.onBytes(bytes))
  }

  sendRaw(bytes: Uint8Array): void {
    queueMicrotask(() => this.#handler?.onBytes(bytes))
  }

  send(...packets: Packet[]): void {
    for (const packet of packets) this.sendRaw(encodePacket(packet, this.version))
  }

  /** Breaks the connection. */
  drop(error?: Error): void {
    const handler = this.#handler
    this.#handler = undefined
    queueMicrotask(() => handler?.onClose(error))
  }

  /** Packets of the Client since the last call, each in one line. */
  async take(): Promise<string[]> {
    await settle()
    return this.#received.splice(0).map(lineOf)
  }

  /** As {@link take}, whole. */
  async packets(): Promise<Packet[]> {
    await settle()
    return this.#received.splice(0)
  }
}

/** A Server that does what a test says, byte for byte. */
export class ScriptedServer implements Transport {
  readonly links: ScriptedLink[] = []
  /** What a CONNECT is answered with. */
  greeting: Greeting
  /** Set to refuse connections before they are made. */
  unreachable: Error | undefined

  constructor(greeting: Greeting = accept()) {
    this.greeting = greeting
  }

  async connect(): Promise<ByteStream> {
    if (this.unreachable) throw this.unreachable
    const link = new ScriptedLink(this)
    this.links.push(link)
    return link
  }

  /** The latest connection. */
  get link(): ScriptedLink {
    return this.links.at(-1)!
  }
}

/** A greeting that accepts. @param properties of the CONNACK */
export function accept(properties: object = {}, sessionPresent = false): Greeting {
  return link => link.send({ type: PacketType.Connack, sessionPresent, reasonCode: 0, properties })
}

/** A greeting that refuses. */
export function refuse(reasonCode: number, properties: object = {}): Greeting {
  return link => link.send({ type: PacketType.Connack, sessionPresent: false, reasonCode, properties })
}

function lineOf(packet: Packet): string {
  switch (packet.type) {
    case PacketType.Connect:
      return `CONNECT ${packet.protocolVersion}${packet.cleanStart ? ' clean' : ''}`
    case PacketType.Subscribe: {
      const filters = packet.subscriptions.map(({ filter, qos }) => `${filter}:${qos}`)
      return [packetTypeName(packet.type), packet.packetId, ...filters].join(' ')
    }
    case PacketType.Unsubscribe:
      return [packetTypeName(packet.type), packet.packetId, ...packet.filters].join(' ')
    default:
      return packetText(packet)
  }
}
