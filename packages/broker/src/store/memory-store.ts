import type { Message } from '@curlew/protocol'
import type { QueuedRecord, SessionRecord, Store, StoredState, SubscriptionRecord } from './store.ts'

interface Entry {
  record: SessionRecord
  readonly subscriptions: Map<string, SubscriptionRecord>
  readonly queue: Map<number, QueuedRecord>
  readonly incoming: Set<number>
}

/**
 * Keeps everything in memory: it survives a broker that is closed and created again with the same
 * store, which is what tests need, and nothing else. Its size is bounded by the limits of the sessions that use it.
 */
export class MemoryStore implements Store {
  readonly #sessions = new Map<string, Entry>()
  readonly #retained = new Map<string, Message>()

  /** Memory needs no waiting. */
  readonly isSettled: boolean = true

  async load(): Promise<StoredState> {
    const sessions = [...this.#sessions.values()].map(({ record, subscriptions, queue, incoming }) => ({
      ...record,
      subscriptions: [...subscriptions.values()],
      queue: [...queue.values()],
      incoming: [...incoming],
    }))
    return { sessions, retained: [...this.#retained.values()] }
  }

  saveSession(record: SessionRecord): void {
    const entry = this.#sessions.get(record.clientId)
    if (entry !== undefined) entry.record = record
    else {
      const fresh = { record, subscriptions: new Map(), queue: new Map(), incoming: new Set<number>() }
      this.#sessions.set(record.clientId, fresh)
    }
  }

  deleteSession(clientId: string): void {
    this.#sessions.delete(clientId)
  }

  saveSubscription(clientId: string, record: SubscriptionRecord): void {
    this.#sessions.get(clientId)?.subscriptions.set(record.filter, record)
  }

  deleteSubscription(clientId: string, filter: string): void {
    this.#sessions.get(clientId)?.subscriptions.delete(filter)
  }

  enqueue(clientId: string, record: QueuedRecord): void {
    this.#sessions.get(clientId)?.queue.set(record.sequence, record)
  }

  dequeue(clientId: string, sequence: number): void {
    this.#sessions.get(clientId)?.queue.delete(sequence)
  }

  release(clientId: string, sequence: number): void {
    const queue = this.#sessions.get(clientId)?.queue
    const record = queue?.get(sequence)
    if (record !== undefined) queue?.set(sequence, { ...record, isReleased: true })
  }

  acceptIncoming(clientId: string, packetId: number): void {
    this.#sessions.get(clientId)?.incoming.add(packetId)
  }

  releaseIncoming(clientId: string, packetId: number): void {
    this.#sessions.get(clientId)?.incoming.delete(packetId)
  }

  saveRetained(topic: string, message: Message | undefined): void {
    if (message === undefined) this.#retained.delete(topic)
    else this.#retained.set(topic, message)
  }

  commit(): void {}

  whenSettled(callback: () => void): void {
    callback()
  }

  async close(): Promise<void> {}
}
