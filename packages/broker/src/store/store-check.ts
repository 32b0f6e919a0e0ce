import type { Runtime } from '../runtime/runtime.ts'
import { type Segment, StoredSessionState, supersededIn } from './catalogue.ts'
import { readEnvelope } from './changes.ts'
import { CheckFindings, type StoreFault } from './check-findings.ts'
import { isDamage } from './damage.ts'
import { type Engine, type EngineEntry, EngineError, type KeyRange } from './engine.ts'
import { InterruptedImportError, sourceOf } from './import-mark.ts'
import { firstOf, importKey, numberOf, sessionOf, type Table, tableRange } from './keys.ts'
import { migrate } from './migrations.ts'
import { pagesOf } from './pages.ts'
import { QueueCheck } from './queue-check.ts'
import { type Clocks, CorruptRecordError, clocksOf } from './records.ts'
import { recover } from './recovery.ts'
import { hexOf, isKeyOf, placeOf, rangesBetweenTables } from './row-places.ts'
import {
  type Meta,
  readBodyRow,
  readMeta,
  readProgress,
  readReferences,
  readRemainder,
  readRetainedRow,
  readSessionRow,
  readSubscriptionRow,
} from './rows.ts'
import { StateCounts } from './state-line.ts'

/** Small rows that are read at a time. */
const PAGE_COUNT = 1_000
/** Rows with messages that are read at a time: each may be as large as a packet. */
const LARGE_PAGE_COUNT = 16

/** What a store holds. */
export interface StoreCounts extends StateCounts {
  /** Envelopes of the journal that no checkpoint covers. */
  readonly envelopes: number
}

/** What {@link checkStore} found. */
export interface StoreReport {
  /** `undefined` when the store does not say. */
  readonly format: number | undefined
  /** What a broker would find; `undefined` when it could not start with the store. */
  readonly counts: StoreCounts | undefined
  readonly rowCount: number
  /** The first ten thousand. */
  readonly faults: readonly StoreFault[]
  readonly faultCount: number
}

/**
 * Looks at every row and every envelope of an open engine: whether each is what was written, and whether they agree
 * with each other. Nothing is changed, except that a store of an older format is brought to the current one: give it a snapshot. Faults
 * are found, not thrown.
 *
 * @throws {EngineError} when the engine cannot be read for another reason than damage
 * @throws {StoreFormatError} when a later version of this program has written the store
 */
export async function checkStore(engine: Engine, runtime: Runtime): Promise<StoreReport> {
  return new StoreCheck(engine, runtime).run()
}

class StoreCheck {
  readonly #engine: Engine
  readonly #runtime: Runtime
  readonly #clocks: Clocks
  readonly #findings = new CheckFindings()
  readonly #queues: QueueCheck
  readonly #sessions = new Map<number, StoredSessionState>()
  #meta: Meta | undefined

  constructor(engine: Engine, runtime: Runtime) {
    const clocks = clocksOf(runtime)
    this.#engine = engine
    this.#runtime = runtime
    this.#clocks = clocks
    this.#queues = new QueueCheck(this.#findings, clocks)
  }

  async run(): Promise<StoreReport> {
    let hasMeta = false
    await this.#forEach('meta', ({ key, value }) => {
      if (key.length === importKey.length)
        throw new CorruptRecordError(new InterruptedImportError(sourceOf(value)).message)
      hasMeta = true
      this.#meta = readMeta(value)
    })
    if (this.#meta !== undefined) await migrate(this.#engine)
    await this.#checkSessions()
    await this.#checkQueues()
    await this.#forEach('retained', entry => void readRetainedRow(entry, this.#clocks), LARGE_PAGE_COUNT)
    await this.#forEach('journal', entry => this.#checkEnvelope(entry), LARGE_PAGE_COUNT)
    for (const { number, record } of supersededIn(this.#sessions)) {
      this.#findings.add(`Session ${number}`, `its Client ${JSON.stringify(record?.clientId)} has a later one`)
    }
    await this.#checkStrays()
    if (!hasMeta && this.#findings.rowCount > 0) this.#findings.add('the row about the store', 'it is missing')
    const counts = await this.#counts()
    const { faults, faultCount, rowCount } = this.#findings
    return { format: this.#meta?.format, counts, rowCount, faults, faultCount }
  }

  /** Finds rows that belong to no table: nothing would ever read or delete them. */
  async #checkStrays(): Promise<void> {
    for (const range of rangesBetweenTables()) {
      await this.#pages(range, 'what is in no table', LARGE_PAGE_COUNT, ({ key }) => {
        this.#findings.rowCount++
        this.#findings.add(`row ${hexOf(key)}`, 'it belongs to no table: it is an orphan')
      })
    }
  }

  async #checkSessions(): Promise<void> {
    await this.#forEach('session', entry => {
      const session = new StoredSessionState(sessionOf(entry.key))
      this.#sessions.set(session.number, session) // known even when the row is damaged: what belongs to it is no orphan
      session.record = readSessionRow(entry, this.#clocks)
      const next = this.#meta?.nextSession
      if (next !== undefined && session.number >= next) {
        throw new CorruptRecordError(`its number is not below ${next}, which the next Session gets`)
      }
    })
    await this.#forEach('progress', ({ key, value }) => readProgress(value, this.#sessionAt(key)))
    await this.#forEach('subscription', entry => {
      this.#sessionAt(entry.key)
      readSubscriptionRow(entry)
    })
  }

  async #checkQueues(): Promise<void> {
    const addBody = (entry: EngineEntry): void => {
      this.#queues.addBody(numberOf(entry.key), readBodyRow(entry, this.#clocks))
    }
    await this.#forEach('body', addBody, LARGE_PAGE_COUNT)
    await this.#forEach('references', ({ key, value }) => {
      this.#queues.addReferences(numberOf(key), readReferences(value))
    })
    /** By the rest of the key, which is that of the segment. */
    const remainders = new Map<string, Segment>()
    await this.#forEach('remainder', ({ key, value }) => {
      const remainder = readRemainder(value, firstOf(key))
      this.#sessionAt(key).segments.push(remainder)
      remainders.set(hexOf(key.subarray(1)), remainder)
    })
    for (const session of this.#sessions.values()) this.#queues.checkOrder(`Session ${session.number}`, session)
    const checkSegment = ({ key, value }: EngineEntry): void => {
      this.#sessionAt(key)
      const place = hexOf(key.subarray(1))
      const remainder = remainders.get(place)
      remainders.delete(place)
      this.#queues.checkSegment(placeOf('segment', key), firstOf(key), value, remainder)
    }
    await this.#forEach('segment', checkSegment, LARGE_PAGE_COUNT)
    for (const [place, { count }] of remainders) {
      const key = Buffer.from(`00${place}`, 'hex')
      this.#findings.add(placeOf('segment', key), `it is missing, with ${count} messages`)
    }
    this.#queues.checkBodies()
  }

  #checkEnvelope({ key, value }: EngineEntry): void {
    const last = this.#meta?.lastEnvelope
    if (last !== undefined && numberOf(key) <= last) {
      throw new CorruptRecordError(`a checkpoint covers it: that goes up to ${last}`)
    }
    for (const change of readEnvelope(value, this.#clocks)) {
      if (change.kind === 'retain') continue
      const known = this.#sessions.get(change.session)
      if (change.kind === 'save-session') {
        const session = known ?? new StoredSessionState(change.session)
        session.record = change.record
        this.#sessions.set(session.number, session)
      } else if (known === undefined) throw new CorruptRecordError(`there is no Session ${change.session}`)
      else if (change.kind === 'delete-session') this.#sessions.delete(change.session)
    }
  }

  /** What a broker would find, which is also the last thing to be checked. */
  async #counts(): Promise<StoreCounts | undefined> {
    try {
      const { state, journal } = await recover(this.#engine, this.#runtime, this.#clocks)
      const counts = new StateCounts()
      for (const { subscriptions, backlog, incoming } of state.sessions) {
        counts.sessions++
        counts.subscriptions += subscriptions.length
        counts.queued += backlog.count
        counts.incoming += incoming.length
      }
      counts.retained = state.retained.length
      return { ...counts, envelopes: journal.length }
    } catch (error) {
      // Whatever it is, a broker would stumble over it as well.
      if (error instanceof EngineError && !isDamage(error)) throw error
      const reason = error instanceof Error ? error.message : String(error)
      this.#findings.add('the store', `a broker cannot start with it: ${reason}`)
      return undefined
    }
  }

  #sessionAt(key: Uint8Array): StoredSessionState {
    const session = this.#sessions.get(sessionOf(key))
    if (session === undefined) throw new CorruptRecordError(`there is no Session ${sessionOf(key)}: it is an orphan`)
    return session
  }

  /** Reads a table; what a row is at fault for is found under its name. */
  async #forEach(table: Table, check: (entry: EngineEntry) => void, count = PAGE_COUNT): Promise<void> {
    await this.#pages(tableRange(table), `table ${table}`, count, entry => {
      this.#findings.rowCount++
      if (!isKeyOf(table, entry.key)) {
        return this.#findings.add(`row ${hexOf(entry.key)}`, `its key is none of the table ${table}`)
      }
      try {
        check(entry)
      } catch (error) {
        if (!isDamage(error)) throw error
        this.#findings.add(placeOf(table, entry.key), error.message)
      }
    })
  }

  /** Behind a row that the engine cannot read nothing of a range can be read. */
  async #pages(range: KeyRange, place: string, count: number, read: (entry: EngineEntry) => void): Promise<void> {
    try {
      for await (const page of pagesOf(this.#engine, range, count)) for (const entry of page) read(entry)
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#findings.add(place, `cannot be read to its end: ${error.message}`)
    }
  }
}
