import type { DecodedPublish, PublishProperties, QoS, ReasonCode } from '@curlew/codec'

/** A view keeps the memory of the whole read alive; a message that waits is copied when it is smaller than this part of it. */
const PINNED_FACTOR_MAX = 8

const decoder = new TextDecoder()

/** A received message's way back: one for all Subscriptions that a PUBLISH of QoS 1 or 2 is given to. */
export interface Acknowledger {
  /** @param reasonCode failure goes to the Server, which then takes the message for refused; 5.0 only */
  acknowledge(reasonCode: ReasonCode): void
}

/** An Application Message as a Subscription gives it. */
export class ReceivedMessage {
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  /** Of the PUBLISH that brought it; 0 for QoS 0. Identifiers are used again and again. */
  readonly packetId: number
  /** Whether the Server has sent it before, as far as it knows. */
  readonly dup: boolean
  readonly properties: PublishProperties
  #bytes: Uint8Array
  #start: number
  #end: number
  #acknowledger: Acknowledger | undefined

  /** @param acknowledger `undefined` for QoS 0 */
  constructor(packet: DecodedPublish, topic: string, acknowledger: Acknowledger | undefined) {
    this.topic = topic
    this.qos = packet.qos
    this.retain = packet.retain
    this.packetId = packet.packetId
    this.dup = packet.dup
    this.properties = packet.properties
    this.#bytes = packet.bytes
    this.#start = packet.payloadStart
    this.#end = packet.payloadEnd
    this.#acknowledger = acknowledger
  }

  /** A view of memory that nobody writes to any more; it is the caller's to keep. */
  get payload(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  /** Bytes of the payload. */
  get size(): number {
    return this.#end - this.#start
  }

  /** The payload as text; what is not UTF-8 becomes U+FFFD. */
  text(): string {
    return decoder.decode(this.payload)
  }

  /** The payload as JSON. @throws {SyntaxError} when it is not */
  json(): unknown {
    return JSON.parse(this.text())
  }

  /** Whether {@link ack} has been called, or is not needed: QoS 0. */
  get isAcknowledged(): boolean {
    return this.#acknowledger === undefined
  }

  /**
   * Says that the message has been processed, in any order and at any time; the Client sends the acknowledgements in the order that the
   * protocol demands. Further calls do nothing.
   *
   * @param reasonCode a failure such as 0x80 refuses the message, 5.0 only; default 0
   */
  ack(reasonCode: ReasonCode = 0): void {
    const acknowledger = this.#acknowledger
    this.#acknowledger = undefined
    acknowledger?.acknowledge(reasonCode)
  }

  /** Copies a small payload out of the memory it came in, because the message is going to wait. */
  keep(): this {
    if (this.size * PINNED_FACTOR_MAX >= this.#bytes.buffer.byteLength) return this
    this.#bytes = Uint8Array.prototype.slice.call(this.#bytes, this.#start, this.#end) // Buffer's own would be a view
    this.#end -= this.#start
    this.#start = 0
    return this
  }
}
