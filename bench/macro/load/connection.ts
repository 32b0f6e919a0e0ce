import {
  type Connack,
  encodePacket,
  noProperties,
  type Packet,
  PacketDecoder,
  PacketType,
  PacketWriter,
  type PublishAckType,
  packetTypeName,
  ReasonCode,
  type Suback,
  writeShortAck,
} from '@curlew/codec'
import type { Transport } from '../scenarios.ts'
import { ByteChannel, chunk } from './byte-channel.ts'
import type { LoadState } from './load-state.ts'

/** Fixed header, topic, Packet Identifier and properties of any packet of the load. */
const HEADERS_BYTES_MAX = 1024

/** So many packets go through the codec, every byte checked, before the scanner takes over. */
const PROVED_PACKETS = 64

const REPLY_BYTES = 4096

/** Where a connection goes and how it speaks. */
export interface Endpoint {
  readonly port: number
  readonly transport: Transport
  readonly protocolVersion: 4 | 5
  /** Of the largest message that comes. */
  readonly payloadBytes: number
}

/** What most loads speak: 3.1.1 over TCP, small messages. */
export function plainEndpoint(port: number): Endpoint {
  return { port, transport: 'tcp', protocolVersion: 4, payloadBytes: 1024 }
}

/**
 * A client connection that costs little: bytes are split into packets where they lie, and all that is sent in answer to one
 * chunk leaves in one write.
 *
 * The first packets are decoded by the codec and compared in full. The scanner behind them reads only fixed header, Packet
 * Identifier, publisher and sequence number: what count and order need.
 */
export abstract class Connection {
  protected readonly load: LoadState
  protected readonly protocolVersion: 4 | 5
  readonly #channel: ByteChannel
  readonly #name: string

  /** Decodes until enough is proved; `undefined` from then on. */
  #decoder: PacketDecoder | undefined
  #provedPackets = 0
  #onAnswer: ((packet: Connack | Suback) => void) | undefined

  /** `#carry[0..#carryBytes)` is the beginning of a packet whose rest has not come. */
  readonly #carry: Buffer
  #carryBytes = 0

  #replies = new PacketWriter(REPLY_BYTES)
  #isClosing = false
  readonly #closed: Promise<void>

  constructor(name: string, endpoint: Endpoint, load: LoadState) {
    const { port, transport, protocolVersion, payloadBytes } = endpoint
    this.#name = name
    this.load = load
    this.protocolVersion = protocolVersion
    this.#decoder = new PacketDecoder({ receiver: 'client', version: protocolVersion })
    this.#carry = Buffer.allocUnsafe(HEADERS_BYTES_MAX + payloadBytes)
    let onClosed = (): void => undefined
    this.#closed = new Promise(resolve => {
      onClosed = resolve
    })
    this.#channel = new ByteChannel(transport, port, {
      onBytes: length => this.#receive(length),
      onError: error => {
        if (!this.#isClosing) load.fail(error)
      },
      onClose: () => {
        if (!this.#isClosing) load.fail(new Error(`the broker closed the connection of ${name}`))
        onClosed()
      },
    })
  }

  /** Checks a packet in full and then does what {@link receive} does. */
  protected abstract receiveDecoded(packet: Packet): void

  /** Takes a packet whose body is `bytes[start..end)`. */
  protected abstract receive(firstByte: number, bytes: Buffer, start: number, end: number): void

  /**
   * Sends CONNECT. Resolves when CONNACK has come and says yes.
   *
   * @param cleanStart false: with a Session that stays
   * @param keepAlive in seconds; 0: none
   */
  async connect(cleanStart: boolean, keepAlive = 0): Promise<void> {
    const connack = await this.ask({
      type: PacketType.Connect,
      protocolVersion: this.protocolVersion,
      cleanStart,
      keepAlive,
      clientId: this.#name,
      will: undefined,
      userName: undefined,
      password: undefined,
      properties: noProperties,
    })
    if (connack.type !== PacketType.Connack || connack.reasonCode !== ReasonCode.Success) {
      throw new Error(`${this.#name} may not connect: ${JSON.stringify(connack)}`)
    }
  }

  /** Sends DISCONNECT. Resolves when the broker has closed the connection, and so has handled all that came before. */
  close(): Promise<void> {
    this.#isClosing = true
    const disconnect = { type: PacketType.Disconnect, reasonCode: 0, properties: noProperties } as const
    this.#channel.end(encodePacket(disconnect, this.protocolVersion))
    return this.#closed
  }

  /** Sends a packet and resolves with the next CONNACK or SUBACK, which the codec decodes. Only while no message comes. */
  protected ask(packet: Packet): Promise<Connack | Suback> {
    this.#decoder ??= new PacketDecoder({ receiver: 'client', version: this.protocolVersion })
    this.#channel.write(encodePacket(packet, this.protocolVersion))
    return new Promise(resolve => {
      this.#onAnswer = resolve
    })
  }

  /** @param bytes must stay as they are until the messages in them have come back */
  protected write(bytes: Uint8Array): void {
    this.#channel.write(bytes)
  }

  /** Adds an acknowledgement to what the end of the chunk sends. */
  protected reply(type: PublishAckType, packetId: number): void {
    writeShortAck(this.#replies, type, packetId, ReasonCode.Success)
  }

  protected failBecause(what: string): void {
    this.load.fail(new Error(`${this.#name}: ${what}`))
  }

  #receive(length: number): void {
    this.load.nowMs = performance.now()
    if (this.#decoder === undefined) this.#scanChunk(length)
    else this.#decodeChunk(this.#decoder, length)
    this.#flushReplies()
    this.load.spendCredit()
  }

  #decodeChunk(decoder: PacketDecoder, length: number): void {
    decoder.push(chunk.subarray(0, length))
    try {
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        if (packet.type === PacketType.Connack || packet.type === PacketType.Suback) this.#onAnswer?.(packet)
        else this.receiveDecoded(packet)
        this.#provedPackets++
      }
    } catch (error) {
      this.failBecause((error as Error).message)
    }
    if (this.#provedPackets >= PROVED_PACKETS && !decoder.isInsidePacket) this.#decoder = undefined
  }

  #scanChunk(length: number): void {
    let position = 0
    if (this.#carryBytes > 0) {
      const copied = chunk.copy(this.#carry, this.#carryBytes, 0, length)
      const carryEnd = this.#carryBytes + copied
      const consumed = this.#scan(this.#carry, 0, carryEnd)
      if (consumed === 0) {
        if (carryEnd === this.#carry.length) return this.failBecause(`a packet of more than ${carryEnd} bytes`)
        this.#carryBytes = carryEnd
        return
      }
      position = consumed - this.#carryBytes
      this.#carryBytes = 0
    }
    position = this.#scan(chunk, position, length)
    if (position < length) this.#carryBytes = chunk.copy(this.#carry, 0, position, length)
  }

  /** @returns where the first packet begins that is not complete */
  #scan(bytes: Buffer, start: number, end: number): number {
    let position = start
    while (position + 2 <= end) {
      let cursor = position + 1
      let byte = bytes[cursor++]!
      let length = byte & 127
      for (let shift = 7; byte > 127 && cursor < end; shift += 7) {
        byte = bytes[cursor++]!
        length |= (byte & 127) << shift
      }
      if (byte > 127 || cursor + length > end) break
      this.receive(bytes[position]!, bytes, cursor, cursor + length)
      position = cursor + length
    }
    return position
  }

  /** The buffer is used again if the kernel took all of it, which Node knows as soon as `write` returns. */
  #flushReplies(): void {
    const replies = this.#replies
    if (replies.position === 0) return
    this.#channel.write(replies.bytes.subarray(0, replies.position))
    if (!this.#channel.isFlushed) this.#replies = new PacketWriter(REPLY_BYTES)
    else replies.position = 0
  }

  /** Ends the load because of a packet that the other side must not send, or not in this form. */
  protected refuse(firstByte: number): void {
    this.failBecause(`${packetTypeName((firstByte >> 4) as PacketType)} (first byte ${firstByte}) must not come here`)
  }
}
