import {
  encodePublishProperties,
  noProperties,
  type PublishContent,
  type PublishProperties,
  type QoS,
} from '@curlew/codec'
import { copyBytes, type PayloadSlab, SHARED_PAYLOAD_MAX } from './payload-slab.ts'

/** A payload from this size on, in bytes, goes to several receivers from where it lies, rather than being copied for each. */
export const LARGE_PAYLOAD_MIN = 16_384
/** A payload in memory of its packet stays there when that is at most so many times as large. */
const PINNED_FACTOR_MAX = 2

/** What a {@link Message} is made of; the payload is `bytes[payloadStart..payloadEnd)`. */
export interface MessageFields {
  readonly topic: string
  readonly bytes: Uint8Array
  readonly payloadStart: number
  readonly payloadEnd: number
  /** Whether `bytes` stay as they are for as long as anybody likes, not only during the call that brought them. Default: `false`. */
  readonly isLasting?: boolean
  readonly qos: QoS
  readonly retain: boolean
  readonly properties: PublishProperties
  /** Client Identifier of the Client that published it; empty when the Server itself did. */
  readonly publisherId: string
  /** Milliseconds of the monotonic clock; `NEVER` without Message Expiry Interval. */
  readonly expiresAt: number
}

/**
 * An Application Message, shared by every delivery of it: nothing that differs from one receiver to
 * another is kept here.
 *
 * A message begins as a view of the bytes it arrived in, which the next read from the network overwrites: enough for receivers that
 * it is written to at once. Whoever keeps it longer calls {@link hold} or {@link own} first; the bytes are copied once,
 * however many keep it.
 */
export class Message implements PublishContent {
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  readonly properties: PublishProperties
  readonly publisherId: string
  readonly expiresAt: number
  #bytes: Uint8Array
  #payloadStart: number
  #payloadEnd: number
  /** Whose memory the payload lies in: that of the network, a slab's, or its own. */
  #keeping: 'view' | 'held' | 'owned'
  #encodedProperties: Uint8Array | undefined = undefined

  constructor(fields: MessageFields) {
    this.topic = fields.topic
    this.qos = fields.qos
    this.retain = fields.retain
    this.publisherId = fields.publisherId
    this.expiresAt = fields.expiresAt
    this.properties = fields.properties === noProperties ? noProperties : forwarded(fields.properties)
    this.#bytes = fields.bytes
    this.#payloadStart = fields.payloadStart
    this.#payloadEnd = fields.payloadEnd
    this.#keeping = fields.isLasting === true && fillsItsMemory(fields) ? 'owned' : 'view'
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }
  get payloadStart(): number {
    return this.#payloadStart
  }
  get payloadEnd(): number {
    return this.#payloadEnd
  }
  get payloadLength(): number {
    return this.#payloadEnd - this.#payloadStart
  }

  /** Whether {@link hold} or {@link own} has been called, or might as well have been. */
  get isKept(): boolean {
    return this.#keeping !== 'view'
  }

  /** The payload as a view of {@link bytes}. */
  get payload(): Uint8Array {
    return this.#bytes.subarray(this.#payloadStart, this.#payloadEnd)
  }

  /** Properties that every receiver of 5.0 gets, encoded when the first one does. */
  get encodedProperties(): Uint8Array {
    this.#encodedProperties ??= encodePublishProperties(this.properties)
    return this.#encodedProperties
  }

  /**
   * Lets the message outlive the turn for a short time, such as until its acknowledgement comes: the payload
   * is copied into memory that it shares with others, unless somebody keeps it already. Large payloads get memory of their own.
   */
  hold(slab: PayloadSlab): this {
    if (this.#keeping !== 'view') return this
    const length = this.#payloadEnd - this.#payloadStart
    if (length > SHARED_PAYLOAD_MAX) return this.own()
    this.#keeping = 'held'
    this.#payloadStart = slab.copy(this.#bytes, this.#payloadStart, this.#payloadEnd)
    this.#payloadEnd = this.#payloadStart + length
    this.#bytes = slab.bytes
    return this
  }

  /** Lets the message live as long as anybody likes: the payload is copied into memory of its own, once. */
  own(): this {
    if (this.#keeping === 'owned') return this
    this.#keeping = 'owned'
    const length = this.#payloadEnd - this.#payloadStart
    const copy = new Uint8Array(length)
    copyBytes(this.#bytes, this.#payloadStart, copy, 0, length)
    this.#bytes = copy
    this.#payloadStart = 0
    this.#payloadEnd = length
    return this
  }
}

/** Not a private method: objects with such cost V8 a word each. */
function fillsItsMemory({ bytes, payloadStart, payloadEnd }: MessageFields): boolean {
  return (payloadEnd - payloadStart) * PINNED_FACTOR_MAX >= bytes.buffer.byteLength
}

/**
 * What a Server passes on unaltered (section 3.3.2.3): Topic Alias and Subscription Identifiers belong to one
 * connection, and Message Expiry Interval lives on in `expiresAt`.
 */
function forwarded(properties: PublishProperties): PublishProperties {
  const { payloadFormatIndicator, responseTopic, correlationData, userProperties, contentType } = properties
  return { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties }
}
