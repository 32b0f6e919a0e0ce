import type { PublishedMessage } from './published-message.ts'
import type { SubscriberRecord } from './subscriber-record.ts'
import { Violation } from './violation.ts'

/** What may wait for one Session. */
export interface QueueLimits {
  readonly queuedMessagesMax: number
  readonly queuedBytesMax: number
}

/** How the broker says that it has counted what it did not deliver, over all its processes. */
export interface CountedDrops {
  readonly queueFull: number
  readonly expired: number
  readonly damaged: number
}

/** What a message counts beside its payload and topic, in bytes; properties take some more. */
const OVERHEAD_BYTES = 64 + 8

/**
 * What small queues excuse: the oldest messages of a Session go when newer ones come that do not fit. So whoever misses a message must
 * have been sent as much as a queue holds behind it, and each one that is missing has been counted.
 */
export class QueueDrops {
  readonly #limits: QueueLimits | undefined
  readonly #messages: ReadonlyMap<string, PublishedMessage>

  constructor(limits: QueueLimits | undefined, messages: ReadonlyMap<string, PublishedMessage>) {
    this.#limits = limits
    this.#messages = messages
  }

  get isPossible(): boolean {
    return this.#limits !== undefined
  }

  /** Whether a message may have gone for newer ones that its subscriber was sent by now. */
  mayHaveDropped(message: PublishedMessage, subscriber: SubscriberRecord): boolean {
    if (this.#limits === undefined) return false
    return this.#isExceeded(message, other => {
      const isNewer = other.acknowledgedStep > message.sentStep
      const until = other.acknowledgedStep
      return isNewer && other.kind !== 'shared' && subscriber.mayReceive(other.topic, other.sentStep, until)
    })
  }

  /** The same of a message for a group. Queues of members are not in the order of publishing, as messages go from one to another. */
  mayHaveDroppedShared(message: PublishedMessage): boolean {
    return this.#limits !== undefined && this.#isExceeded(message, other => other.kind === 'shared')
  }

  /**
   * @param missing by what could have been the reason
   * @returns what is wrong when more is missing than the broker has counted
   */
  uncounted(
    missing: { readonly dropped: number; readonly expired: number },
    counted: CountedDrops,
  ): Violation | undefined {
    if (missing.dropped > counted.queueFull + counted.damaged) {
      const details = `${missing.dropped} are missing, ${counted.queueFull} are counted`
      return new Violation('messages are dropped and not counted', details)
    }
    const all = missing.dropped + missing.expired
    const allCounted = counted.queueFull + counted.expired + counted.damaged
    if (all <= allCounted) return undefined
    return new Violation('messages expire and are not counted', `${all} are missing, ${allCounted} are counted`)
  }

  #isExceeded(message: PublishedMessage, isBehind: (other: PublishedMessage) => boolean): boolean {
    const { queuedMessagesMax, queuedBytesMax } = this.#limits!
    let count = 0
    let bytes = sizeOf(message)
    for (const other of this.#messages.values()) {
      if (other === message || other.qos === 0 || !isBehind(other)) continue
      count += other.transmissions
      bytes += sizeOf(other) * other.transmissions
    }
    // A message of its publisher's that was sent again may stand behind itself.
    count += message.transmissions - 1
    return count >= queuedMessagesMax || bytes > queuedBytesMax
  }
}

function sizeOf({ payload, topic }: PublishedMessage): number {
  return payload.length + topic.length + OVERHEAD_BYTES
}
