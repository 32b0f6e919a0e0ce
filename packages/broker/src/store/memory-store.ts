import type { Message } from '@curlew/protocol'
import type { QueuedRecord } from './queued-record.ts'
import {
  messageBytes,
  type SessionRecord,
  type Store,
  type StoredSession,
  type StoredState,
  type StoreHealth,
  type SubscriptionRecord,
} from './store.ts'

/** Records that {@link MemoryStore.readQueue} gives at a time. */
const PAGE_COUNT = 1024

interface Entry {
  record: SessionRecord
  readonly subscriptions: Map<string, SubscriptionRecord>
  /** In the order of `sequence`. */
  readonly queue: Map<number, QueuedRecord>
  readonly incoming: Set<number>
  nextSequence: number
}

/**
 * Keeps everything in memory: it survives a broker that is closed and created again with the same
 * store, which is what tests need, and nothing else. Its size is bounded by the limits of the sessions that use it.
 */
export class MemoryStore implements Store {
  readonly #sessions = new Map<string, Entry>()
  readonly #retained = new Map<string, Message>()

  /** Memory needs no waiting, and is as durable as it will be. */
  readonly isSettled: boolean = true
  readonly isCongested: boolean = false
  readonly health: StoreHealth = { isWritable: true }
  /** Never called. */
  onHealthChange: (() => void) | undefined = undefined
  readonly durability = 'memory'

  async load(): Promise<StoredState> {
    return { sessions: [...this.#sessions.values()].map(storedSession), retained: [...this.#retained.values()] }
  }

  saveSession(record: SessionRecord): void {
    const entry = this.#sessions.get(record.clientId)
    if (entry !== undefined) entry.record = record
    else {
      const rest = { queue: new Map(), incoming: new Set<number>(), nextSequence: 0 }
      this.#sessions.set(record.clientId, { record, subscriptions: new Map(), ...rest })
    }
  }

  renameSession(clientId: string, record: SessionRecord): void {
    const entry = this.#sessions.get(clientId)
    if (entry === undefined) return
    this.#sessions.delete(clientId)
    entry.record = record
    this.#sessions.set(record.clientId, entry)
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
    const entry = this.#sessions.get(clientId)
    if (entry === undefined) return
    entry.queue.set(record.sequence, record)
    entry.nextSequence = record.sequence + 1
  }

  dequeue(clientId: string, { sequence }: QueuedRecord): void {
    this.#sessions.get(clientId)?.queue.delete(sequence)
  }

  /** The record says it itself. */
  release(): void {}

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

  readQueue(clientId: string, from: number, onRead: (records: readonly QueuedRecord[]) => void): void {
    const page: QueuedRecord[] = []
    for (const record of this.#sessions.get(clientId)?.queue.values() ?? []) {
      if (record.sequence < from) continue
      page.push(record)
      if (page.length === PAGE_COUNT) break
    }
    onRead(page)
  }

  commit(): void {}

  whenSettled(callback: () => void): void {
    callback()
  }

  isDurable(): boolean {
    return true
  }

  async close(): Promise<void> {}
}

function storedSession({ record, subscriptions, queue, incoming, nextSequence }: Entry): StoredSession {
  let bytes = 0
  let lastReleased = -1
  for (const { message, isReleased, sequence } of queue.values()) {
    bytes += messageBytes(message)
    if (isReleased) lastReleased = sequence
  }
  const backlog = { count: queue.size, bytes, nextSequence, lastReleased }
  return { ...record, subscriptions: [...subscriptions.values()], backlog, incoming: [...incoming] }
}
