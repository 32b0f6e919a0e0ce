import type { QueuedRecord } from './queued-record.ts'

/** So many places of messages that have gone are kept at most before the list is packed. */
const GONE_MAX = 1024

/**
 * Queued messages in the order of their sequence. Messages come at the end and mostly leave at the beginning, so two arrays do what a
 * map would, at half the cost, and a place can be found by its sequence (bench/macro: offline).
 *
 * `#sequences[index]` belongs to `#records[index]`; a record that has gone is `undefined`. All before `#head` have gone.
 */
export class SequenceList {
  #sequences: number[] = []
  #records: (QueuedRecord | undefined)[] = []
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Appends a message, whose sequence is higher than any before. */
  add(record: QueuedRecord): void {
    this.#sequences.push(record.sequence)
    this.#records.push(record)
    this.#size++
  }

  get(sequence: number): QueuedRecord | undefined {
    const index = this.#indexFrom(sequence)
    return this.#sequences[index] === sequence ? this.#records[index] : undefined
  }

  /** @returns whether it was there */
  delete(sequence: number): boolean {
    const index = this.#sequences[this.#head] === sequence ? this.#head : this.#indexFrom(sequence)
    if (this.#sequences[index] !== sequence || this.#records[index] === undefined) return false
    this.#records[index] = undefined
    this.#size--
    while (this.#head < this.#records.length && this.#records[this.#head] === undefined) this.#head++
    if (this.#head > GONE_MAX && this.#head * 2 > this.#records.length) this.#pack()
    return true
  }

  /** The first messages from a sequence on. @param limit how many at most */
  from(sequence: number, limit: number): QueuedRecord[] {
    const found: QueuedRecord[] = []
    for (let index = this.#indexFrom(sequence); index < this.#records.length && found.length < limit; index++) {
      const record = this.#records[index]
      if (record !== undefined) found.push(record)
    }
    return found
  }

  /** All messages, in order. */
  all(): QueuedRecord[] {
    return this.from(0, Number.POSITIVE_INFINITY)
  }

  /** The first place, at or behind the head, whose sequence is not lower. */
  #indexFrom(sequence: number): number {
    let low = this.#head
    let high = this.#sequences.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sequences[middle]! < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  #pack(): void {
    this.#sequences = this.#sequences.slice(this.#head)
    this.#records = this.#records.slice(this.#head)
    this.#head = 0
  }
}
