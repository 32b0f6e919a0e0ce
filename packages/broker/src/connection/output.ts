import {
  type PacketWriter,
  type ProtocolVersion,
  type PublishForms,
  type PublishHeader,
  writePublishHead,
} from '@curlew/codec'
import { LARGE_PAYLOAD_MIN, type Message } from '@curlew/protocol'
import type { ByteStream } from './byte-stream.ts'
import type { Flushable, Turn } from './turn.ts'
import type { WriterPool } from './writer-pool.ts'

export interface OutputLimits {
  /** Bytes that may be pending for one Client before its Session holds messages back. Default 1 MiB. */
  outputHighWaterBytes: number
}

/** What the output tells the connection that owns it. */
export interface OutputOwner {
  /** The host did not take a write whole. */
  onPending(): void
  /** There is room again; not called while a packet is being written. */
  onDrain(): void
}

/** What the outputs of a broker share. */
export interface OutputServices {
  readonly writers: WriterPool
  readonly publishForms: PublishForms
  readonly turn: Turn
  readonly limits: OutputLimits
  readonly counters: { sentBytes: number; sentPackets: number; sentPayloadBytes: number }
}

/** A payload up to this size that nobody keeps is copied, in bytes: with what may have collected, the buffer stays one that is used again. */
const COPIED_VIEW_MAX = 65_536
/** So much collected output leaves before the turn ends, in bytes: memory stays small in a large fan-out. */
const EARLY_FLUSH_BYTES = 131_072

/**
 * So many times `outputHighWaterBytes` of answers, with the headers of messages, may be pending before the Client is read no more: half a million PUBACKs by
 * default. It is not less, because a Client that sends and does not read meanwhile, which is clumsy and not more, would wait for us as we for it.
 */
const FLOODED_FACTOR = 2

/** What all have in common that have nothing to send. Never pushed to. */
const noParts: Uint8Array[] = []

/**
 * The way out of one connection. Packets collect in a buffer during the turn and leave with one write at its end; large
 * payloads travel beside the buffer without being copied.
 */
export class Output implements Flushable {
  readonly #stream: ByteStream
  readonly #owner: OutputOwner
  readonly #services: OutputServices
  readonly #collectedBytesMax: number
  #writer: PacketWriter | undefined
  /** Finished parts that go out before what the writer holds. */
  #parts = noParts
  #partBytes = 0
  /** Where in the writer the part begins that is not in `#parts` yet. */
  #partStart = 0
  #isScheduled = false
  /** Whether the host may hold bytes that it has not taken. */
  #hasPending = false
  /** Whether there was no room for a while in this turn. */
  #wasCongested = false
  #isHeld = false
  /** Bytes handed to the stream so far. */
  sentBytes = 0
  /** Bytes of payloads that were written so far. */
  #payloadBytes = 0
  /** What `#otherBytes` was when the host last held nothing. */
  #otherBytesTaken = 0

  constructor(stream: ByteStream, owner: OutputOwner, services: OutputServices) {
    this.#stream = stream
    this.#owner = owner
    this.#services = services
    this.#collectedBytesMax = Math.min(EARLY_FLUSH_BYTES, services.limits.outputHighWaterBytes)
  }

  /** Bytes that have not been taken by the host, in this turn's buffer or before. */
  get pendingBytes(): number {
    // The host is asked only while it holds something: this is read for every delivery (bench/macro: fan-out).
    if (!this.#hasPending) return this.#collectedBytes
    const { pendingBytes } = this.#stream
    if (pendingBytes === 0) this.#hasPending = false
    return pendingBytes + this.#collectedBytes
  }

  get isCongested(): boolean {
    return this.pendingBytes > this.#services.limits.outputHighWaterBytes
  }

  /** Whether the Client must be made to wait, because it asks for answers and does not take them. Of messages its Session stops to send before. */
  get isFlooded(): boolean {
    if (!this.isCongested) return false
    return this.#otherBytes - this.#otherBytesTaken > this.#services.limits.outputHighWaterBytes * FLOODED_FACTOR
  }

  /** Bytes of all that was written, without payloads. */
  get #otherBytes(): number {
    return this.sentBytes + this.#collectedBytes - this.#payloadBytes
  }

  /** The buffer to write whole packets to, now: it is another one in the next turn. @param packetCount how many, for the counters */
  writer(packetCount = 1): PacketWriter {
    this.#services.counters.sentPackets += packetCount
    this.#handEarly()
    if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#services.turn.flushAtEnd(this)
    }
    this.#writer ??= this.#services.writers.take()
    return this.#writer
  }

  publish(message: Message, header: PublishHeader, version: ProtocolVersion): void {
    const writer = this.writer()
    const { payloadLength } = message
    this.#services.counters.sentPayloadBytes += payloadLength
    this.#payloadBytes += payloadLength
    if (!isLinked(message)) this.#services.publishForms.write(writer, message, header, version)
    else {
      writePublishHead(writer, message, header, version)
      this.#closePart(writer)
      this.#addPart(message.own().payload)
    }
    // Otherwise what the host would take at once, such as one large payload, would count as pending until the turn ends.
    this.#handEarly()
  }

  /** Keeps everything back until {@link release}; what collects counts as pending. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    this.flush()
  }

  /** The host has taken everything. */
  resume(): void {
    this.#otherBytesTaken = this.#otherBytes
    this.#hand()
    this.#wasCongested = false
  }

  /** Hands everything collected to the stream for the last time; what is held is dropped. */
  end(): void {
    if (!this.#isHeld) return this.#hand()
    this.#writer = undefined
    this.#parts = noParts
    this.#partBytes = 0
    this.#partStart = 0
  }

  /**
   * Hands everything collected to the stream. While the host holds earlier bytes, little waits for {@link resume}: the Client would not get it earlier,
   * and each write costs memory beside its bytes.
   */
  flush(): void {
    this.#isScheduled = false
    const isHostBusy = this.#hasPending && this.#stream.pendingBytes > 0
    this.#wasCongested ||= this.isCongested
    if (isHostBusy && this.#collectedBytes <= this.#collectedBytesMax) return
    this.#hand()
    const hasRoom = this.#wasCongested && this.pendingBytes === 0
    this.#wasCongested = false
    if (hasRoom) this.#owner.onDrain()
  }

  /** Hands over what would be much by the end of the turn. Only then the owner hears that there is room again, if there was none. */
  #handEarly(): void {
    if (this.#collectedBytes <= this.#collectedBytesMax) return
    this.#wasCongested ||= this.isCongested
    this.#hand()
  }

  #hand(): void {
    this.#isScheduled = false
    const writer = this.#writer
    if (writer === undefined || this.#isHeld) return
    this.#writer = undefined
    this.#closePart(writer)
    const parts = this.#parts
    this.#parts = noParts
    this.sentBytes += this.#partBytes
    this.#services.counters.sentBytes += this.#partBytes
    this.#partBytes = 0
    this.#partStart = 0
    if (parts.length > 0) this.#stream.write(parts)
    // What the host has not taken still lies in the writer's buffer, which then is left to it.
    this.#hasPending = this.#stream.pendingBytes > 0
    if (this.#hasPending) return this.#owner.onPending()
    this.#otherBytesTaken = this.#otherBytes
    this.#services.writers.give(writer)
  }

  get #collectedBytes(): number {
    return this.#partBytes + (this.#writer === undefined ? 0 : this.#writer.position - this.#partStart)
  }

  #closePart(writer: PacketWriter): void {
    if (writer.position === this.#partStart) return
    this.#addPart(writer.bytes.subarray(this.#partStart, writer.position))
    this.#partStart = writer.position
  }

  #addPart(part: Uint8Array): void {
    if (this.#parts === noParts) this.#parts = [part]
    else this.#parts.push(part)
    this.#partBytes += part.length
  }
}

/**
 * Whether a payload goes to the host from where it lies. To be linked what nobody keeps would have to be copied to memory of its own, which is
 * new and soon garbage; the buffer of the turn is used again (bench/macro: p2p 64 KiB).
 */
function isLinked({ payloadLength, isKept }: Message): boolean {
  return payloadLength >= LARGE_PAYLOAD_MIN && (isKept || payloadLength > COPIED_VIEW_MAX)
}
