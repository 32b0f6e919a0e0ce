import type { Change } from './changes.ts'
import { ELIDED, type QueuedRecord } from './queued-record.ts'

/**
 * The changes of one or more turns on their way to the disk. A message that is queued and finished within one envelope is not
 * written at all: what all receivers have acknowledged needs no keeping. Of several writes to a retained topic the last one is kept, so
 * that they are no more than there are topics, however long the disk takes.
 */
export class Envelope {
  readonly number: number
  /** Whether somebody may wait for it to be durable. */
  isUrgent = false
  /** About how many bytes it will have. */
  bytes = 0
  /** How many of its changes the catalogue has already. */
  appliedCount = 0
  readonly callbacks: (() => void)[] = []
  #changes: Change[] = []
  /** Where the last write of each retained topic stands, and what it adds to {@link bytes}. */
  readonly #retained = new Map<string, { readonly index: number; readonly bytes: number }>()
  #elidedCount = 0

  constructor(number: number) {
    this.number = number
  }

  /** Changes so far, with those that need not be written. */
  get count(): number {
    return this.#changes.length
  }

  /** No more changes come. @returns what is to be written */
  close(): readonly Change[] {
    if (this.#elidedCount > 0) {
      this.#changes = this.#changes.filter(change => change.kind !== 'enqueue' || change.record.envelope !== ELIDED)
    }
    return this.#changes
  }

  get elidedCount(): number {
    return this.#elidedCount
  }

  /** @param bytes about what it takes beside a few */
  add(change: Change, isUrgent: boolean, bytes = 0): void {
    this.bytes += bytes
    if (isUrgent) this.isUrgent = true
    if (change.kind === 'retain') this.#retain(change, bytes)
    else this.#changes.push(change)
  }

  #retain(change: Change & { readonly kind: 'retain' }, bytes: number): void {
    const earlier = this.#retained.get(change.topic)
    const index = earlier?.index ?? this.#changes.length
    this.bytes -= earlier?.bytes ?? 0
    this.#changes[index] = change
    this.#retained.set(change.topic, { index, bytes })
  }

  /** Takes a queued message back, if it came with this envelope. @returns whether it did */
  elide(record: QueuedRecord, bytes: number): boolean {
    if (record.envelope !== this.number) return false
    this.bytes -= bytes
    record.envelope = ELIDED
    this.#elidedCount++
    return true
  }

  /** The sequences of one Session's messages that it finishes, and that the catalogue does not know to be finished. */
  dequeued(session: number): Set<number> {
    const sequences = new Set<number>()
    for (let index = this.appliedCount; index < this.#changes.length; index++) {
      const change = this.#changes[index]!
      if (change.kind === 'dequeue' && change.session === session) sequences.add(change.record.sequence)
    }
    return sequences
  }

  /** The messages of one Session in it that the catalogue does not have, from a `sequence` on. */
  queued(session: number, from: number): QueuedRecord[] {
    const records: QueuedRecord[] = []
    for (let index = this.appliedCount; index < this.#changes.length; index++) {
      const change = this.#changes[index]!
      if (change.kind !== 'enqueue' || change.session !== session) continue
      if (change.record.sequence >= from && change.record.envelope !== ELIDED) records.push(change.record)
    }
    return records
  }
}
