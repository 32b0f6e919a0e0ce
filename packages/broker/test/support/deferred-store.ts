import type { Message } from '@curlew/protocol'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { QueuedRecord } from '../../src/store/queued-record.ts'
import type { SessionRecord, Store, StoredState, StoreHealth, SubscriptionRecord } from '../../src/store/store.ts'

/**
 * A {@link MemoryStore} that settles when the test says so, as one on a slow disk does: what a turn changed is one envelope,
 * and envelopes settle in the order they were committed.
 */
export class DeferredStore implements Store {
  readonly #memory = new MemoryStore()
  /** Whether something has changed since the last commit. */
  #isDirty = false
  #committed = 0
  #settled = 0
  #waiting: { readonly envelope: number; readonly callback: () => void }[] = []
  /** How often the broker has committed, whether something had changed or not. */
  commits = 0

  readonly isCongested = false
  readonly health: StoreHealth = { isWritable: true }
  onHealthChange: (() => void) | undefined = undefined
  readonly durability = 'always'

  /** Envelopes that have been committed and not settled. */
  get openCount(): number {
    return this.#committed - this.#settled
  }

  /** Settles the oldest envelopes. @param count default: all that are committed */
  settle(count: number = this.openCount): void {
    this.#settled += count
    const due = this.#waiting.filter(({ envelope }) => envelope <= this.#settled)
    this.#waiting = this.#waiting.filter(({ envelope }) => envelope > this.#settled)
    for (const { callback } of due) callback()
  }

  get isSettled(): boolean {
    return !this.#isDirty && this.#settled === this.#committed
  }

  whenSettled(callback: () => void): void {
    if (this.isSettled) callback()
    else this.#waiting.push({ envelope: this.#committed + (this.#isDirty ? 1 : 0), callback })
  }

  commit(): void {
    this.commits++
    if (!this.#isDirty) return
    this.#isDirty = false
    this.#committed++
  }

  load(): Promise<StoredState> {
    return this.#memory.load()
  }

  async close(): Promise<void> {
    this.commit()
    this.settle()
  }

  saveSession(record: SessionRecord): void {
    this.#changed().saveSession(record)
  }

  renameSession(clientId: string, record: SessionRecord): void {
    this.#changed().renameSession(clientId, record)
  }

  deleteSession(clientId: string): void {
    this.#changed().deleteSession(clientId)
  }

  saveSubscription(clientId: string, record: SubscriptionRecord): void {
    this.#changed().saveSubscription(clientId, record)
  }

  deleteSubscription(clientId: string, filter: string): void {
    this.#changed().deleteSubscription(clientId, filter)
  }

  enqueue(clientId: string, record: QueuedRecord): void {
    this.#changed().enqueue(clientId, record)
    record.envelope = this.#committed + 1
  }

  readQueue(clientId: string, from: number, onRead: (records: readonly QueuedRecord[]) => void): void {
    this.#memory.readQueue(clientId, from, onRead)
  }

  isDurable({ envelope }: QueuedRecord): boolean {
    return envelope <= this.#settled
  }

  dequeue(clientId: string, record: QueuedRecord): void {
    this.#changed().dequeue(clientId, record)
  }

  release(): void {
    this.#changed().release()
  }

  acceptIncoming(clientId: string, packetId: number): void {
    this.#changed().acceptIncoming(clientId, packetId)
  }

  releaseIncoming(clientId: string, packetId: number): void {
    this.#changed().releaseIncoming(clientId, packetId)
  }

  saveRetained(topic: string, message: Message | undefined): void {
    this.#changed().saveRetained(topic, message)
  }

  #changed(): MemoryStore {
    this.#isDirty = true
    return this.#memory
  }
}
