import type { Message } from '@curlew/protocol'
import type { Runtime } from '../runtime/runtime.ts'
import { Catalogue, StoredSessionState, supersededIn } from './catalogue.ts'
import { readEnvelope } from './changes.ts'
import { isDamage } from './damage.ts'
import type { Engine, EngineEntry } from './engine.ts'
import { firstOf, metaKey, numberOf, sessionKey, sessionOf, type Table, tableRange } from './keys.ts'
import { pagesOf } from './pages.ts'
import { type Clocks, CorruptRecordError } from './records.ts'
import { isKeyOf } from './row-places.ts'
import {
  type Meta,
  readMeta,
  readProgress,
  readRemainder,
  readRetainedRow,
  readSessionRow,
  readSubscriptionRow,
} from './rows.ts'
import { Slices } from './slices.ts'
import { type Backlog, messageBytes, type StoredSession, type StoredState, type SubscriptionRecord } from './store.ts'

/** Rows that are read at a time. */
const PAGE_COUNT = 1_000
/** Rows that may be large are read so many at a time. */
const LARGE_PAGE_COUNT = 64

/** A row that is not what was written. */
export interface DamagedRow extends EngineEntry {
  readonly reason: string
}

/** What {@link recover} found. */
export interface Recovered {
  readonly catalogue: Catalogue
  readonly state: StoredState
  readonly meta: Meta | undefined
  /** Envelopes that no checkpoint covers, oldest first, and their bytes. */
  readonly journal: readonly number[]
  readonly journalBytes: number
  readonly damaged: readonly DamagedRow[]
}

/**
 * Reads what a store holds: the rows of the last checkpoint, then the envelopes since. Messages that wait in segments stay where
 * they are. A row that makes no sense is put aside, and the rest is what is left without it.
 */
export async function recover(engine: Engine, runtime: Runtime, clocks: Clocks): Promise<Recovered> {
  return new Recovery(engine, runtime, clocks).run()
}

class Recovery {
  readonly #engine: Engine
  readonly #clocks: Clocks
  readonly #catalogue = new Catalogue()
  readonly #subscriptions = new Map<number, Map<string, SubscriptionRecord>>()
  readonly #retained = new Map<string, Message>()
  readonly #damaged: DamagedRow[] = []
  readonly #journal: number[] = []
  #journalBytes = 0
  readonly #slices: Slices
  /** Changes that the row held which was read last. */
  #changeCount = 0

  constructor(engine: Engine, runtime: Runtime, clocks: Clocks) {
    this.#engine = engine
    this.#clocks = clocks
    this.#slices = new Slices(runtime)
  }

  async run(): Promise<Recovered> {
    const catalogue = this.#catalogue
    const meta = await this.#meta()
    await this.#forEach('session', entry => this.#session(entry))
    await this.#forEach('progress', ({ key, value }) => {
      readProgress(value, this.#sessionAt(key))
    })
    await this.#forEach('subscription', entry => this.#subscription(entry))
    await this.#forEach('remainder', ({ key, value }) => {
      const session = this.#sessionAt(key)
      const segment = readRemainder(value, firstOf(key))
      session.segments.push(segment)
      session.nextSequence = Math.max(session.nextSequence, segment.last + 1) // the other row may be damaged
    })
    await this.#forEach('retained', entry => this.#retain(entry), LARGE_PAGE_COUNT)
    await this.#forEach('journal', entry => this.#envelope(entry), LARGE_PAGE_COUNT)
    await this.#deleteSuperseded()
    if (meta !== undefined) {
      catalogue.nextSession = Math.max(catalogue.nextSession, meta.nextSession)
      catalogue.nextBody = meta.nextBody
    } else catalogue.nextBody = await this.#unusedBody()
    const [journal, journalBytes] = [this.#journal, this.#journalBytes]
    return { catalogue, state: await this.#state(), meta, journal, journalBytes, damaged: this.#damaged }
  }

  async #meta(): Promise<Meta | undefined> {
    const [value] = await this.#engine.getMany([metaKey])
    let meta: Meta | undefined
    if (value !== undefined) {
      this.#tryRead({ key: metaKey, value }, () => {
        meta = readMeta(value)
      })
    }
    return meta
  }

  /** A number that no body has, for a store that does not know any more which one is next. */
  async #unusedBody(): Promise<number> {
    let unused = 1
    await this.#forEach('references', ({ key }) => {
      unused = numberOf(key) + 1
    })
    return unused
  }

  #session(entry: EngineEntry): void {
    const session = new StoredSessionState(sessionOf(entry.key))
    session.record = readSessionRow(entry, this.#clocks)
    this.#catalogue.sessions.set(session.number, session)
    this.#catalogue.nextSession = Math.max(this.#catalogue.nextSession, session.number + 1)
  }

  #subscription(entry: EngineEntry): void {
    const { number } = this.#sessionAt(entry.key)
    const record = readSubscriptionRow(entry)
    const known = this.#subscriptions.get(number)
    if (known === undefined) this.#subscriptions.set(number, new Map([[record.filter, record]]))
    else known.set(record.filter, record)
  }

  #retain(entry: EngineEntry): void {
    const message = readRetainedRow(entry, this.#clocks)
    this.#retained.set(message.topic, message.own())
  }

  #envelope({ key, value }: EngineEntry): void {
    this.#journal.push(numberOf(key))
    this.#journalBytes += value.length
    const changes = readEnvelope(value, this.#clocks)
    for (const change of changes) this.#catalogue.apply(change)
    this.#changeCount += changes.length
  }

  /** Where the envelope that deleted a Session was lost, and its Client has another one since, the later one is right. */
  async #deleteSuperseded(): Promise<void> {
    for (const { number, record } of supersededIn(this.#catalogue.sessions)) {
      const key = sessionKey(number)
      const [value = new Uint8Array()] = await this.#engine.getMany([key])
      const reason = `the Client ${JSON.stringify(record?.clientId)} has a later Session`
      this.#damaged.push({ key, value, reason })
      this.#catalogue.apply({ kind: 'delete-session', session: number })
    }
  }

  #sessionAt(key: Uint8Array): StoredSessionState {
    const session = this.#catalogue.sessions.get(sessionOf(key))
    if (session === undefined) throw new CorruptRecordError(`there is no Session ${sessionOf(key)}`)
    return session
  }

  async #forEach(table: Table, read: (entry: EngineEntry) => void, count = PAGE_COUNT): Promise<void> {
    for await (const page of pagesOf(this.#engine, tableRange(table), count)) {
      for (const entry of page) {
        this.#changeCount = 1
        this.#tryRead(entry, () => {
          if (!isKeyOf(table, entry.key)) throw new CorruptRecordError(`its key is none of the table ${table}`)
          read(entry)
        })
        const pause = this.#slices.add(this.#changeCount, entry.value.length)
        if (pause !== undefined) await pause
      }
    }
  }

  #tryRead(entry: EngineEntry, read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#damaged.push({ ...entry, reason: error.message })
    }
  }

  async #state(): Promise<StoredState> {
    const { sessions, retained } = this.#catalogue
    const stored: StoredSession[] = []
    for (const session of sessions.values()) {
      if (session.record === undefined) continue
      stored.push({
        ...session.record,
        subscriptions: this.#subscriptionsOf(session),
        backlog: backlogOf(session),
        incoming: [...session.incoming],
      })
      const pause = this.#slices.add(1 + session.queue.size)
      if (pause !== undefined) await pause
    }
    for (const [topic, message] of retained) {
      if (message === undefined) this.#retained.delete(topic)
      else this.#retained.set(topic, message.own())
    }
    return { sessions: stored, retained: [...this.#retained.values()] }
  }

  #subscriptionsOf({ number, subscriptions }: StoredSessionState): SubscriptionRecord[] {
    const all = this.#subscriptions.get(number) ?? new Map<string, SubscriptionRecord>()
    for (const [filter, record] of subscriptions) {
      if (record === undefined) all.delete(filter)
      else all.set(filter, record)
    }
    return [...all.values()]
  }
}

function backlogOf({ segments, queue, nextSequence, released }: StoredSessionState): Backlog {
  let count = queue.size
  let bytes = 0
  for (const { message } of queue.all()) bytes += messageBytes(message)
  for (const segment of segments) {
    count += segment.count
    bytes += segment.bytes
  }
  return { count, bytes, nextSequence, lastReleased: Math.max(-1, ...released) }
}
