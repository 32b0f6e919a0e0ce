import type { Message } from '@curlew/protocol'
import type { Log } from '../runtime/log.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Change } from './changes.ts'
import { putAside, type RowQuarantine, readSalvaged } from './damaged-store.ts'
import { type Engine, EngineError } from './engine.ts'
import { Envelope } from './envelope.ts'
import { type Durability, Journal, JournalCounters } from './journal.ts'
import { NamedTimers } from './named-timers.ts'
import { QueueReader } from './queue-reader.ts'
import { type QueuedRecord, UNTOLD } from './queued-record.ts'
import {
  messageBytes,
  type SessionRecord,
  type Store,
  type StoredState,
  type StoreHealth,
  type SubscriptionRecord,
} from './store.ts'
import { StoreClock } from './store-clock.ts'

/** Milliseconds between two moments at which `interval` makes the system store everything. */
export const SYNC_INTERVAL_MS = 1_000
/** Milliseconds that a change which nobody waits for may wait for company. */
const LAZY_MS = 500
/** Milliseconds after which a checkpoint is made though the journal is short. */
const CHECKPOINT_MS = 5_000
/** So many changes that nobody waits for are written at once: whoever reads a queue looks through all that are not written yet. */
const LAZY_COUNT_MAX = 4_096
/** So many bytes may wait for the disk before whoever brings more is made to wait. */
const OPEN_BYTES_MAX = 8 * 1024 * 1024
/** So many changes may wait, for the same reason as {@link LAZY_COUNT_MAX}. More than the disk needs to be kept busy. */
const OPEN_COUNT_MAX = 32_768
/** Milliseconds between two attempts to open a store that could not write. */
const RETRY_MS = 2_000

export interface DiskStoreOptions {
  readonly engine: Engine
  readonly runtime: Runtime
  readonly log: Log
  readonly durability: Durability
  /** Bytes of envelopes that call for a checkpoint. Default 16 MiB: what a restart must read, and about what is kept in memory for it. */
  readonly journalBytesMax?: number
  /** Default: damaged rows are taken out of the store all the same. */
  readonly quarantine?: RowQuarantine
  /** Whether the store may be loaded in the middle of an import, which goes on or begins again. Default: no. */
  readonly isImporting?: boolean
}

/**
 * A {@link Store} on an {@link Engine}. Changes are collected in an envelope, which is written as one record of a journal; while
 * one is being written the next one collects, so that any number of turns share one wait for the disk. Now and then a checkpoint
 * turns what the journal says into rows, see {@link Checkpoint}.
 *
 *     open ── a write fails ─▶ failed ── opened anew, the same envelope written ─▶ open
 *       ├─ an error of our own ──┴─▶ stopped
 *       └──────── close() ───────┴──────┴─▶ closed
 *
 * While `failed`, nothing settles. What could not be written is kept and written again, to files opened anew: after a failed fsync
 * only those tell the truth. An error of our own would come again however often it is tried: while `stopped`, nothing settles, and what is on
 * the disk stays for the next start.
 */
export class DiskStore implements Store {
  readonly durability: Durability
  readonly counters: JournalCounters = new JournalCounters()
  readonly #engine: Engine
  readonly #log: Log
  readonly #options: DiskStoreOptions
  #state: 'open' | 'failed' | 'stopped' | 'closed' = 'open'
  #health: StoreHealth = { isWritable: true }
  /** {@link Store.onHealthChange} */
  onHealthChange: (() => void) | undefined = undefined
  readonly #journal: Journal
  /** The number of each Session by its Client Identifier, as of the last change told. */
  readonly #numbers = new Map<string, number>()
  #nextNumber = 1

  #open = new Envelope(1)
  /** Whether the turn is over that told the last change. */
  #isCommitted = true
  #inFlight: Envelope | undefined
  /** Number of the last envelope that settled. */
  #settled = 0
  #isWorking = false
  #working: Promise<void> = Promise.resolve()
  #isLazyDue = false
  #isCheckpointDue = false
  #isMakingCheckpoint = false
  #isSyncDue = false
  readonly #timers: NamedTimers<'lazy' | 'checkpoint' | 'sync' | 'retry'>
  readonly #reader: QueueReader

  constructor(options: DiskStoreOptions) {
    this.#options = options
    const { engine, runtime, log, durability, quarantine, journalBytesMax: bytesMax, isImporting = false } = options
    this.#engine = engine
    this.#log = log
    this.durability = durability
    const clock = new StoreClock(runtime)
    const { counters } = this
    this.#timers = new NamedTimers(runtime)
    this.#journal = new Journal({ engine, runtime, log, clock, durability, counters, bytesMax, isImporting })
    this.#reader = new QueueReader({
      engine,
      clock,
      log,
      quarantine,
      session: number => this.#journal.catalogue.sessions.get(number),
      unsettled: () => [this.#inFlight, this.#open],
      isMakingCheckpoint: () => this.#isMakingCheckpoint,
      onFault: error => this.#fail(error),
      answer: callback => this.#call(callback),
    })
  }

  /** @throws {EngineError} when it cannot be opened or is in use @throws {StoreFormatError} @throws {InterruptedImportError} */
  async load(): Promise<StoredState> {
    await this.#engine.open()
    const { state, damaged } = await readSalvaged(this.#engine, () => this.#journal.load())
    const { catalogue } = this.#journal
    this.#nextNumber = catalogue.nextSession
    for (const { number, record } of catalogue.sessions.values()) {
      if (record !== undefined) this.#numbers.set(record.clientId, number)
    }
    await putAside(damaged, this.#engine, this.#options.quarantine, this.#log)
    this.#isCheckpointDue = !this.#journal.isEmpty
    return state
  }

  saveSession(record: SessionRecord): void {
    let session = this.#numbers.get(record.clientId)
    if (session === undefined) {
      session = this.#nextNumber++
      this.#numbers.set(record.clientId, session)
    }
    this.#add({ kind: 'save-session', session, record }, true)
  }

  renameSession(clientId: string, record: SessionRecord): void {
    const session = this.#numbers.get(clientId)
    if (session === undefined) return
    this.#numbers.delete(clientId)
    this.#numbers.set(record.clientId, session)
    this.#add({ kind: 'save-session', session, record }, true)
  }

  deleteSession(clientId: string): void {
    const session = this.#numbers.get(clientId)
    if (session === undefined) return
    this.#numbers.delete(clientId)
    this.#add({ kind: 'delete-session', session }, true)
  }

  saveSubscription(clientId: string, record: SubscriptionRecord): void {
    const session = this.#numbers.get(clientId)
    if (session !== undefined) this.#add({ kind: 'save-subscription', session, record }, true)
  }

  deleteSubscription(clientId: string, filter: string): void {
    const session = this.#numbers.get(clientId)
    if (session !== undefined) this.#add({ kind: 'delete-subscription', session, filter }, true)
  }

  enqueue(clientId: string, record: QueuedRecord): void {
    const session = this.#numbers.get(clientId)
    if (session === undefined) return
    record.envelope = this.#open.number
    this.#add({ kind: 'enqueue', session, record }, true, messageBytes(record.message))
  }

  dequeue(clientId: string, record: QueuedRecord): void {
    const session = this.#numbers.get(clientId)
    if (session === undefined || this.#open.elide(record, messageBytes(record.message))) return
    this.#add({ kind: 'dequeue', session, record, bytes: messageBytes(record.message) }, false)
  }

  release(clientId: string, { sequence }: QueuedRecord): void {
    const session = this.#numbers.get(clientId)
    if (session !== undefined) this.#add({ kind: 'release', session, sequence }, true)
  }

  acceptIncoming(clientId: string, packetId: number): void {
    const session = this.#numbers.get(clientId)
    if (session !== undefined) this.#add({ kind: 'accept-incoming', session, packetId }, true)
  }

  releaseIncoming(clientId: string, packetId: number): void {
    const session = this.#numbers.get(clientId)
    if (session !== undefined) this.#add({ kind: 'release-incoming', session, packetId }, true)
  }

  /** A message of QoS 0 has nobody who waits for an answer. */
  saveRetained(topic: string, message: Message | undefined): void {
    const isUrgent = message === undefined || message.qos > 0
    this.#add({ kind: 'retain', topic, message }, isUrgent, message === undefined ? 0 : messageBytes(message))
  }

  commit(): void {
    this.#isCommitted = true
    if (this.#open.count === 0) return
    if (this.#open.count >= LAZY_COUNT_MAX) this.#isLazyDue = true
    if (this.#open.isUrgent || this.#isLazyDue) this.#wake()
    else this.#startTimer('lazy', LAZY_MS, () => (this.#isLazyDue = true))
  }

  get isSettled(): boolean {
    return !this.#open.isUrgent && this.#inFlight?.isUrgent !== true
  }

  whenSettled(callback: () => void): void {
    if (this.#open.isUrgent) this.#open.callbacks.push(callback)
    else if (this.#inFlight?.isUrgent === true) this.#inFlight.callbacks.push(callback)
    else callback()
  }

  isDurable({ envelope }: QueuedRecord): boolean {
    return envelope !== UNTOLD && envelope <= this.#settled
  }

  get isCongested(): boolean {
    return this.#open.bytes > OPEN_BYTES_MAX || this.#open.count > OPEN_COUNT_MAX
  }

  get health(): StoreHealth {
    return this.#health
  }

  readQueue(clientId: string, from: number, onRead: (records: readonly QueuedRecord[]) => void): void {
    const session = this.#numbers.get(clientId)
    if (session === undefined) return onRead([])
    this.#reader.read({ session, from, onRead })
  }

  async close(): Promise<void> {
    this.commit()
    this.#isLazyDue = true
    this.#isCheckpointDue = true
    this.#wake()
    await this.#working
    this.#state = 'closed'
    this.#timers.close()
    await this.#engine.close()
  }

  #add(change: Change, isUrgent: boolean, bytes = 0): void {
    this.#isCommitted = false
    this.#open.add(change, isUrgent, bytes)
  }

  /** Begins to work, unless it goes on already. */
  #wake(): void {
    if (this.#isWorking || this.#state !== 'open') return
    this.#isWorking = true
    this.#working = this.#work()
  }

  /** Writes one thing after the other until there is nothing to write. */
  async #work(): Promise<void> {
    try {
      while (this.#state === 'open') {
        if (this.#inFlight !== undefined || this.#isEnvelopeDue()) await this.#writeEnvelope()
        else if (this.#isCheckpointDue) await this.#makeCheckpoint()
        else if (this.#isSyncDue) await this.#sync()
        else break
        if (this.#journal.isLong) await this.#makeCheckpoint()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isWorking = false
    }
  }

  #isEnvelopeDue(): boolean {
    return this.#isCommitted && this.#open.count > 0 && (this.#open.isUrgent || this.#isLazyDue)
  }

  async #writeEnvelope(): Promise<void> {
    // One that is in flight already could not be written the last time.
    const envelope = this.#inFlight ?? this.#open
    if (envelope === this.#open) {
      this.#inFlight = envelope
      this.#open = new Envelope(envelope.number + 1)
      this.#isLazyDue = false
      this.counters.elided += envelope.elidedCount
    }
    const changes = envelope.close()
    if (changes.length > 0) {
      await this.#journal.write(changes, envelope.isUrgent)
      this.#startTimer('checkpoint', CHECKPOINT_MS, () => (this.#isCheckpointDue = true))
      if (this.durability === 'interval') this.#startTimer('sync', SYNC_INTERVAL_MS, () => (this.#isSyncDue = true))
    }
    this.#settled = envelope.number
    envelope.isUrgent = false // nobody has to wait for it any more
    for (const callback of envelope.callbacks) this.#call(callback)
    await this.#journal.apply(changes, envelope)
    this.#inFlight = undefined
  }

  /** One that fails harms none of the others. */
  #call(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#log.error('internal error of one that waited for the store', { error })
    }
  }

  async #makeCheckpoint(): Promise<void> {
    this.#isCheckpointDue = false
    this.#isMakingCheckpoint = true
    try {
      await this.#journal.checkpoint()
    } finally {
      this.#isMakingCheckpoint = false
    }
    this.#reader.readAgain()
  }

  #sync(): Promise<void> {
    this.#isSyncDue = false
    return this.#journal.sync()
  }

  #startTimer(name: 'lazy' | 'checkpoint' | 'sync', delayMs: number, onDue: () => void): void {
    this.#timers.start(name, delayMs, () => {
      onDue()
      this.#wake()
    })
  }

  #fail(error: unknown): void {
    this.counters.failures++
    if (this.#state === 'stopped' || this.#state === 'closed') return
    if (!(error instanceof EngineError)) return this.#stop(error)
    const reason = error.message
    if (this.#state === 'open') {
      const advice =
        error.fault === 'full'
          ? 'make room on the disk; the broker goes on by itself'
          : 'see to the disk; the broker tries again by itself'
      this.#log.error('the store cannot write: nothing is acknowledged that is not stored', { reason, advice })
    }
    this.#state = 'failed'
    this.#setHealth({ isWritable: false, reason })
    this.#timers.start('retry', RETRY_MS, () => void this.#retry())
  }

  #stop(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    const advice = 'start the broker anew; if this comes again, stop it and run "curlew store check --repair"'
    this.#log.error('internal error in the store: it is read-only until the broker starts anew', { error, advice })
    this.#state = 'stopped'
    this.#setHealth({ isWritable: false, reason })
  }

  #setHealth(health: StoreHealth): void {
    this.#health = health
    if (this.onHealthChange !== undefined) this.#call(this.onHealthChange)
  }

  /** Opens the store anew and goes on with what could not be written. */
  async #retry(): Promise<void> {
    if (this.#isWorking || this.#state !== 'failed') return
    this.#isWorking = true
    this.#working = this.#reopen()
    await this.#working
  }

  async #reopen(): Promise<void> {
    try {
      await this.#engine.close()
      await this.#engine.open()
      await this.#journal.reopened()
      await this.#sync() // shows that it can write, before anybody relies on it
      this.#state = 'open'
      this.#setHealth({ isWritable: true })
      this.#log.info('the store can write again')
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isWorking = false
    }
    if (this.#state !== 'open') return
    this.#reader.readAgain()
    this.#wake()
  }
}
