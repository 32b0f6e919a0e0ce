import type { QueuedRecord } from '../store/queued-record.ts'
import { messageBytes } from '../store/store.ts'

/** What all queues have in common in which nothing waits: of most Clients nothing does. Never pushed to. */
const noRecords: (QueuedRecord | undefined)[] = []

/**
 * Messages of a Session that wait in memory, oldest first. Whoever pushes keeps to the limits.
 *
 * `#records[#head..]` are waiting; what lies before is given back in bulk, so that taking costs the same however
 * many wait.
 */
export class MessageQueue {
  #records = noRecords
  #head = 0
  #bytes = 0

  get count(): number {
    return this.#records.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
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
    if (this.#head === this.#records.length) this.clear()
    else if (this.#head > 1024 && this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head)
      this.#head = 0
    }
    return record
  }

  push(record: QueuedRecord): void {
    if (this.#records === noRecords) this.#records = [record]
    else this.#records.push(record)
    this.#bytes += messageBytes(record.message)
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
    this.#records = kept.length === 0 ? noRecords : kept
    this.#head = 0
    for (const { message } of taken) this.#bytes -= messageBytes(message)
    return taken
  }

  clear(): void {
    this.#records = noRecords
    this.#head = 0
    this.#bytes = 0
  }
}
