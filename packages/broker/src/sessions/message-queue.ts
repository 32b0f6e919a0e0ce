import type { Message } from '@curlew/protocol'
import type { QueuedRecord } from '../store/store.ts'

export interface QueueLimits {
  /** Messages that wait for one Session at most. Default 10 000: hours of a device, minutes of a back end. */
  queuedMessagesMax: number
  /** Bytes of payloads, properties and topics that wait for one Session at most. Default 16 MiB. */
  queuedBytesMax: number
}

/** What one waiting message is taken to cost beside its payload, properties and topic, in bytes. */
const OVERHEAD_BYTES = 64

/** What a message counts in the limits on bytes of queues and of messages in flight. */
export function messageBytes(message: Message): number {
  return message.payloadLength + message.encodedProperties.length + message.topic.length + OVERHEAD_BYTES
}

/**
 * The messages of a Session that have not been sent, oldest first. When one more does not fit, the oldest go: what a device
 * missed longest ago is worth least to it. Whoever pushes says what becomes of those.
 *
 * `#records[#head..]` are waiting; what lies before is given back in bulk, so that taking costs the same however
 * many wait.
 */
export class MessageQueue {
  readonly #limits: QueueLimits
  #records: (QueuedRecord | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#records.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether more than a part of what the limits allow is waiting. */
  isOver(part: number): boolean {
    const { queuedMessagesMax, queuedBytesMax } = this.#limits
    return this.count > queuedMessagesMax * part || this.#bytes > queuedBytesMax * part
  }

  /** Whether a message can wait without another having to go. */
  hasRoomFor(message: Message): boolean {
    const { queuedMessagesMax, queuedBytesMax } = this.#limits
    return this.count < queuedMessagesMax && this.#bytes + messageBytes(message) <= queuedBytesMax
  }

  /** The oldest message, which stays. */
  peek(): QueuedRecord | undefined {
    return this.#records[this.#head]
  }

  /** Takes the oldest message out. */
  shift(): QueuedRecord | undefined {
    const record = this.#records[this.#head]
    if (record === undefined) return undefined
    this.#records[this.#head++] = undefined
    this.#bytes -= messageBytes(record.message)
    if (this.#head === this.#records.length || (this.#head > 1024 && this.#head * 2 > this.#records.length)) {
      this.#records = this.#records.slice(this.#head)
      this.#head = 0
    }
    return record
  }

  /**
   * Appends a message.
   *
   * @returns what had to go for it, oldest first: the message itself when it is larger than the whole queue may be
   */
  push(record: QueuedRecord): readonly QueuedRecord[] {
    const size = messageBytes(record.message)
    if (size > this.#limits.queuedBytesMax) return [record]
    const dropped: QueuedRecord[] = []
    while (this.count >= this.#limits.queuedMessagesMax || this.#bytes + size > this.#limits.queuedBytesMax) {
      dropped.push(this.shift()!)
    }
    this.#records.push(record)
    this.#bytes += size
    return dropped
  }

  /** All that wait, oldest first. */
  records(): readonly QueuedRecord[] {
    return this.#records.slice(this.#head).filter(record => record !== undefined)
  }

  /** Takes out the messages for which `isWanted` says so, oldest first. */
  extract(isWanted: (record: QueuedRecord) => boolean): readonly QueuedRecord[] {
    const taken: QueuedRecord[] = []
    const kept: QueuedRecord[] = []
    for (const record of this.records()) (isWanted(record) ? taken : kept).push(record)
    if (taken.length === 0) return taken
    this.#records = kept
    this.#head = 0
    for (const { message } of taken) this.#bytes -= messageBytes(message)
    return taken
  }

  /** Appends a message that was stored before, whatever the limits are now. */
  restore(record: QueuedRecord): void {
    this.#records.push(record)
    this.#bytes += messageBytes(record.message)
  }
}
