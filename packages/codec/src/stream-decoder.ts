import { allocateBytes } from '#bytes'
import { MalformedPacketError, PacketTooLargeError, ProtocolError } from './errors.ts'
import { checkReservedFlags, emptyPackets, hasType, receivable, setUpPackets } from './fixed-header.ts'
import type { Packet } from './packet.ts'
import { PacketType, type ProtocolVersion, packetTypeName } from './packet-type.ts'
import { decodeAuth } from './packets/auth.ts'
import { type Disconnect, decodeDisconnect } from './packets/disconnect.ts'
import { checkPublishFlags, DecodedPublish, decodePublish, type Publish } from './packets/publish.ts'
import { type DecodedPublishAck, decodePublishAck, type PublishAckType } from './packets/publish-ack.ts'
import type { PublishPropertiesMemory } from './publish-properties-memory.ts'
import { PacketReader } from './reader.ts'
import { TopicNames } from './topic-names.ts'
import { VARIABLE_BYTE_INTEGER_MAX } from './variable-byte-integer.ts'

/** How a stream of packets is read. */
export interface PacketDecoderOptions {
  /** Which end reads: a Server takes no CONNACK, a Client no SUBSCRIBE; `any` takes all, for tools. */
  receiver: 'server' | 'client' | 'any'
  /** Version of the connection. A Server leaves it out: CONNECT tells, and must come first [MQTT-3.1.0-1]. */
  version?: ProtocolVersion
  /** Bytes of a whole packet, fixed header included. Default: what the format allows, 268 435 460. */
  maximumPacketSize?: number
  /** Whether strings may hold control characters and non-characters (section 1.5.4). Default: `false`. */
  allowsControlCharacters?: boolean
  /**
   * Whether faults that mislead nobody are let pass: DUP on QoS 0, bytes behind the properties of a CONNACK of 5.0, an UNSUBACK
   * without Reason Codes or with unknown ones. There are Servers that make them, and a Client that went away for it would only
   * come back to the same. Default: `false`.
   */
  isLenient?: boolean
  /** A memory of Topic Names to share with other decoders. Default: one of its own. */
  topicNames?: TopicNames
}

/** Packets that only a Client or only a Server sends. */
export type OneWayType = Exclude<
  PacketType,
  PublishAckType | typeof PacketType.Publish | typeof PacketType.Disconnect | typeof PacketType.Auth
>

const noBytes = new Uint8Array(0)

/** Decoding a packet is never interrupted, so all decoders of one strictness share a cursor: of idle connections there are many. */
const readers: PacketReader[] = []

function readerOf(allowsControlCharacters: boolean, isLenient: boolean): PacketReader {
  const index = (allowsControlCharacters ? 1 : 0) + (isLenient ? 2 : 0)
  readers[index] ??= new PacketReader(allowsControlCharacters, isLenient)
  return readers[index]
}

/** First capacity for a packet that comes in pieces. */
const PARTIAL_PACKET_BYTES = 1024
/** The capacity is so many times what has come, at most: a claimed length costs little, and what has come is seldom copied again. */
const PARTIAL_PACKET_FACTOR = 4

type State = 'fixed-header' | 'body' | 'failed'

/**
 * Bytes of a stream in, Control Packets out; the base of `PacketDecoder` and `ClientDecoder`, which know the packets that go in one
 * direction only. What an end never receives thus need not be in its program.
 *
 *     fixed-header ── type, flags and Remaining Length are read and allowed ─▶ body ── all bytes are there ─▶ fixed-header
 *          └──────────────────── malformed, not allowed, too large ────────────┴──────────────▶ failed
 *
 * Give it each chunk with {@link push}, then call {@link next} until it returns `undefined`. A packet
 * that lies whole in a chunk is decoded where it lies. One that comes in pieces is gathered in a buffer
 * that grows with the bytes that really came; no byte of it is looked at twice. The payload
 * of a PUBLISH is a view, valid for as long as the owner of the chunk leaves its bytes alone; all else is copied.
 *
 * It throws at most once; afterwards it ignores all bytes.
 */
export abstract class StreamDecoder {
  /** Known from the options or, at a Server, from CONNECT. */
  version: ProtocolVersion | undefined
  /** May be changed between packets, such as after a successful CONNECT. */
  maximumPacketSize: number

  /** Types that may come; at a Server, CONNECT decides about AUTH. */
  protected receivable: number
  protected readonly isServer: boolean
  readonly #isClient: boolean
  /** A Server does without: it has a thousand decoders, and its publishers set few properties. */
  protected readonly propertiesMemory: PublishPropertiesMemory | undefined = undefined
  readonly #reader: PacketReader
  readonly #topicNames: TopicNames
  #state: State = 'fixed-header'

  #chunk: Uint8Array = noBytes
  #position = 0

  /** First byte of the packet under way; -1 before it is there. */
  #firstByte = -1
  /** Remaining Length as far as it is known, and the shift of its next seven bits. */
  #length = 0
  #shift = 0
  /** Whether Remaining Length was not in its shortest form, which 5.0 alone forbids. */
  #isLengthPadded = false
  /** The body of a packet that came in pieces: `#partial[0..#partialLength)`. Empty when there is none. */
  #partial: Uint8Array = noBytes
  #partialLength = 0

  constructor(options: PacketDecoderOptions) {
    this.version = options.version
    this.maximumPacketSize = options.maximumPacketSize ?? VARIABLE_BYTE_INTEGER_MAX + 5
    this.receivable = receivable[options.receiver]
    this.isServer = options.receiver === 'server'
    this.#isClient = options.receiver === 'client'
    this.#reader = readerOf(options.allowsControlCharacters ?? false, options.isLenient ?? false)
    this.#topicNames = options.topicNames ?? new TopicNames()
  }

  /**
   * Takes the next bytes of the stream.
   *
   * @throws {Error} when {@link next} has not yet returned `undefined` for the chunk before: its rest would be lost
   */
  push(chunk: Uint8Array): void {
    if (this.#state === 'failed') return
    if (this.#position < this.#chunk.length) throw new Error('push() before next() has returned undefined')
    this.#chunk = chunk
    this.#position = 0
  }

  /** Whether a packet has begun and is not complete. */
  get isInsidePacket(): boolean {
    return this.#firstByte !== -1
  }

  /**
   * @returns the next packet, or `undefined` when more bytes are needed
   * @throws `MqttError` of the class and Reason Code that the specification gives for the fault, once
   */
  next(): Packet | undefined {
    if (this.#state === 'failed') return undefined
    try {
      const packet = this.#state === 'body' || this.#readFixedHeader() ? this.#readBody() : undefined
      if (packet === undefined) this.#releaseChunk()
      return packet
    } catch (error) {
      this.#state = 'failed'
      this.#partial = noBytes
      this.#releaseChunk()
      throw error
    }
  }

  /** An idle connection must not keep the memory of its last read alive. */
  #releaseChunk(): void {
    this.#chunk = noBytes
    this.#position = 0
    this.#reader.reset(noBytes, 0, 0)
    this.release?.()
  }

  /** @returns whether the fixed header is complete */
  #readFixedHeader(): boolean {
    const chunk = this.#chunk
    const { length } = chunk
    let position = this.#position
    if (this.#firstByte === -1) {
      if (position === length) return false
      this.#firstByte = chunk[position++]!
      this.#checkFirstByte(this.#firstByte)
    }
    while (position < length) {
      const byte = chunk[position++]!
      this.#length |= (byte & 127) << this.#shift
      this.#shift += 7
      if (byte < 128) {
        this.#position = position
        this.#checkLength(byte)
        this.#state = 'body'
        return true
      }
      if (this.#shift === 28) this.#refuseLength('is longer than four bytes (section 2.1.4)')
    }
    this.#position = position
    return false
  }

  /** Everything that the first byte alone is refused for, so that no byte behind it matters. */
  #checkFirstByte(firstByte: number): void {
    const type = (firstByte >> 4) as PacketType
    const { version } = this
    if (version === undefined && this.isServer && type !== PacketType.Connect) {
      throw new ProtocolError('the first packet is not CONNECT', '[MQTT-3.1.0-1]')
    }
    if (firstByte < 16 || (type === PacketType.Auth && version !== undefined && version < 5)) {
      throw new ProtocolError(`packet type ${type} is reserved (section 2.1.2)`) // section 1.2, as of a property (ADR 0013)
    }
    if (type === PacketType.Publish) return checkPublishFlags(firstByte & 15, this.#reader.isLenient)
    // MQTT 3.1 does not use these bits and says nothing of their value; CONNECT tells its version in the body only.
    if (type === PacketType.Connect || version === 3) return
    const isRefusedAnyway = hasType(setUpPackets, type) && !hasType(this.receivable, type)
    if (!isRefusedAnyway) checkReservedFlags(firstByte)
  }

  /** What the type can be refused for once its length is known to have an end. */
  #checkType(type: PacketType): void {
    if (this.#length > 0 && hasType(emptyPackets, type)) {
      this.#refuseLength(`of ${packetTypeName(type)} is ${this.#length} (sections 3.12.1 and 3.13.1)`)
    }
    const isDisconnectOf3 = type === PacketType.Disconnect && this.#isClient && this.version !== 5
    if (hasType(this.receivable, type) && !isDisconnectOf3) return // only 5.0 lets a Server send DISCONNECT
    if (type === PacketType.Auth) {
      throw new ProtocolError('AUTH without an Authentication Method in CONNECT', '[MQTT-4.12.0-7]')
    }
    throw new ProtocolError(`${packetTypeName(type)} was sent in the wrong direction (section 2.1.2)`)
  }

  /** @param lastByte of Remaining Length */
  #checkLength(lastByte: number): void {
    const type = (this.#firstByte >> 4) as PacketType
    if (type !== PacketType.Publish) this.#checkType(type) // PUBLISH goes both ways
    const lengthBytes = this.#shift / 7
    const size = 1 + lengthBytes + this.#length
    if (size > this.maximumPacketSize) {
      throw new PacketTooLargeError(
        `${packetTypeName(type)} has ${size} bytes; ${this.maximumPacketSize} are allowed`,
        this.isServer ? '[MQTT-3.2.2-15]' : '[MQTT-3.1.2-24]',
      )
    }
    this.#isLengthPadded = lastByte === 0 && lengthBytes > 1
    if (this.version === 5) this.checkLengthForm()
  }

  /** With a wrong length it is not known where the next packet begins, so nothing more is said either (ADR 0013). */
  #refuseLength(fault: string): never {
    throw new MalformedPacketError(`Remaining Length ${fault}`).silenced()
  }

  /** For 5.0, once it is known to be that. */
  protected checkLengthForm(): void {
    if (!this.#isLengthPadded) return
    throw new MalformedPacketError('Remaining Length is not in its shortest form', '[MQTT-1.5.5-1]')
  }

  #readBody(): Packet | undefined {
    const length = this.#length
    const available = this.#chunk.length - this.#position
    if (this.#partialLength === 0 && available >= length) {
      const start = this.#position
      this.#position = start + length
      return this.#decode(this.#chunk, start, start + length, false)
    }
    const taken = Math.min(available, length - this.#partialLength)
    this.#gather(taken)
    if (this.#partialLength < length) return undefined
    const body = this.#partial
    this.#partial = noBytes
    this.#partialLength = 0
    return this.#decode(body, 0, length, true)
  }

  #gather(count: number): void {
    const needed = this.#partialLength + count
    if (needed > this.#partial.length) {
      const larger = allocateBytes(
        Math.min(this.#length, Math.max(needed * PARTIAL_PACKET_FACTOR, PARTIAL_PACKET_BYTES)),
      )
      larger.set(this.#partial.subarray(0, this.#partialLength))
      this.#partial = larger
    }
    this.#partial.set(this.#chunk.subarray(this.#position, this.#position + count), this.#partialLength)
    this.#partialLength = needed
    this.#position += count
  }

  #decode(bytes: Uint8Array, start: number, end: number, isGathered: boolean): Packet {
    const firstByte = this.#firstByte
    this.#firstByte = -1
    this.#length = 0
    this.#shift = 0
    this.#state = 'fixed-header'
    const reader = this.#reader.reset(bytes, start, end, isGathered)
    return this.#decodeBody(reader, firstByte)
  }

  #decodeBody(reader: PacketReader, firstByte: number): Packet {
    const type = (firstByte >> 4) as PacketType
    const version = this.version ?? 5
    switch (type) {
      case PacketType.Publish: {
        const publish = this.blankPublish()
        decodePublish(publish, reader, firstByte & 15, version, this.#topicNames, this.propertiesMemory)
        this.#checkPublish(publish)
        return publish
      }
      case PacketType.Puback:
      case PacketType.Pubrec:
      case PacketType.Pubrel:
      case PacketType.Pubcomp:
        return decodePublishAck(this.blankAck(), reader, type, version)
      case PacketType.Disconnect: {
        const disconnect = decodeDisconnect(reader, version)
        this.#checkDisconnect(disconnect)
        return disconnect
      }
      case PacketType.Auth:
        return decodeAuth(reader)
      default:
        return this.decodeOneWay(reader, type, firstByte)
    }
  }

  /** What the next PUBLISH is put into. */
  protected blankPublish(): DecodedPublish {
    return new DecodedPublish()
  }

  /** What the next acknowledgement of a PUBLISH is put into. */
  protected blankAck(): Partial<DecodedPublishAck> {
    return {}
  }

  /** The decoder waits for bytes, and lets go of those that came. */
  protected release?(): void

  /** Reads the body of a packet that goes in one direction only, and that this end may receive. */
  protected abstract decodeOneWay(reader: PacketReader, type: OneWayType, firstByte: number): Packet

  #checkPublish({ qos, packetId, properties }: Publish): void {
    if (qos > 0 && packetId === 0) {
      const statement = this.#isClient ? '[MQTT-2.2.1-4]' : '[MQTT-2.2.1-3]'
      throw new ProtocolError('Packet Identifier of PUBLISH is 0', statement)
    }
    if (this.isServer && properties.subscriptionIdentifiers !== undefined) {
      throw new ProtocolError('PUBLISH from a Client has a Subscription Identifier', '[MQTT-3.3.4-6]')
    }
  }

  #checkDisconnect({ properties }: Disconnect): void {
    if (this.#isClient && properties.sessionExpiryInterval !== undefined) {
      throw new ProtocolError('DISCONNECT from a Server has a Session Expiry Interval', '[MQTT-3.14.2-2]')
    }
  }
}
