import { PacketWriter } from '@curlew/codec'
import type { Log } from '../runtime/log.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type Segment, StoredSessionState, supersededIn } from './catalogue.ts'
import { readEnvelope } from './changes.ts'
import { isDamage } from './damage.ts'
import { type RowQuarantine, readSalvaged } from './damaged-store.ts'
import { DiskStore } from './disk-store.ts'
import type { Engine, EngineChange, EngineEntry } from './engine.ts'
import { clearImportMark, InterruptedImportError, refuseInterruptedImport } from './import-mark.ts'
import {
  bodyKey,
  firstOf,
  importKey,
  metaKey,
  numberOf,
  progressKey,
  referencesKey,
  remainderKey,
  sessionKey,
  sessionOf,
  type Table,
  tableRange,
} from './keys.ts'
import { migrate, newMeta } from './migrations.ts'
import { pagesOf } from './pages.ts'
import { type Clocks, CorruptRecordError, clocksOf } from './records.ts'
import type { DamagedRow } from './recovery.ts'
import { hexOf, isKeyOf, placeOf, rangesBetweenTables } from './row-places.ts'
import {
  readBodyRow,
  readMeta,
  readProgress,
  readReferences,
  readRemainder,
  readRetainedRow,
  readSessionRow,
  readSubscriptionRow,
  rowOf,
  writeMeta,
  writeProgress,
  writeReferences,
  writeRemainder,
} from './rows.ts'
import { entriesOf, type SegmentEntry } from './segment-entries.ts'
import { messageBytes } from './store.ts'

/** Rows that are read at a time: each may be as large as a packet. */
const PAGE_COUNT = 16
/** Bytes of rows that are held before they are put aside and taken out. A repair that is interrupted then is simply done again. */
const HELD_BYTES_MAX = 16 * 1024 * 1024

/** Steps that are listed. */
const LISTED_MAX = 10_000

/** One thing that a repair has done, for people. */
export interface RepairStep {
  /** The row, as the check calls it. */
  readonly place: string
  readonly action: string
}

/** What {@link repairStore} needs. */
export interface RepairOptions {
  /** Open, before and after. */
  readonly engine: Engine
  readonly runtime: Runtime
  readonly log: Log
  /** Keeps rows where nothing deletes them, and returns where that is. */
  readonly quarantine: RowQuarantine
}

/**
 * Mends what a program can, after which a check finds no fault: rows that cannot be read or belong to nothing are taken out, what can be derived
 * from others is derived anew, messages without a body count as gone, bodies that nobody refers to go, and the journal is turned into
 * rows. What is taken out is in quarantine before.
 *
 * A segment whose remainder is lost is taken as a whole: messages of it may be delivered again.
 *
 * @returns what it has done, at most ten thousand steps before the journal is turned into rows, and as many after that
 * @throws {EngineError} when the engine cannot read or write
 * @throws {StoreFormatError} when a later version of this program has written the store
 */
export async function repairStore({ engine, runtime, log, quarantine }: RepairOptions): Promise<RepairStep[]> {
  const repair = (): Promise<RepairStep[]> => new StoreRepair(engine, clocksOf(runtime), quarantine).run()
  const steps = await readSalvaged(engine, repair)
  await engine.close()
  const store = new DiskStore({ engine, runtime, log, durability: 'always', quarantine })
  await store.load()
  await store.close()
  await engine.open()
  return [...steps, ...(await repair())]
}

class StoreRepair {
  readonly #engine: Engine
  readonly #clocks: Clocks
  readonly #quarantine: RowQuarantine
  readonly #steps: RepairStep[] = []
  readonly #writer = new PacketWriter()
  #damaged: DamagedRow[] = []
  #changes: EngineChange[] = []
  #heldBytes = 0
  readonly #sessions = new Map<number, StoredSessionState>()
  /** What the bodies that can be read count. */
  readonly #bodies = new Map<number, number>()
  readonly #references = new Map<number, number>()
  #lastSession = 0
  #lastBody = 0
  #hasRows = false

  constructor(engine: Engine, clocks: Clocks, quarantine: RowQuarantine) {
    this.#engine = engine
    this.#clocks = clocks
    this.#quarantine = quarantine
  }

  async run(): Promise<RepairStep[]> {
    await this.#migrate()
    await this.#endImport()
    await this.#takeOutStrays()
    await this.#repairSessions()
    await this.#repairQueues()
    await this.#repairBodies()
    await this.#forEach('retained', entry => void readRetainedRow(entry, this.#clocks))
    await this.#repairMeta()
    await this.#flush()
    return this.#steps
  }

  /** A store of another format has rows that look damaged and are not. */
  async #migrate(): Promise<void> {
    const [meta] = await this.#engine.getMany([metaKey])
    if (meta !== undefined) await migrate(this.#engine)
  }

  async #endImport(): Promise<void> {
    try {
      await refuseInterruptedImport(this.#engine)
    } catch (error) {
      if (!(error instanceof InterruptedImportError)) throw error
      await clearImportMark(this.#engine)
      this.#note({ place: 'the store', action: `kept the part that is there of an import of ${error.source}` })
    }
  }

  async #takeOutStrays(): Promise<void> {
    for (const range of rangesBetweenTables()) {
      for await (const page of pagesOf(this.#engine, range, PAGE_COUNT)) {
        for (const entry of page) this.#takeOut(entry, `row ${hexOf(entry.key)}`, 'it belongs to no table')
      }
    }
  }

  async #repairSessions(): Promise<void> {
    await this.#forEach('session', entry => {
      const session = new StoredSessionState(sessionOf(entry.key))
      this.#lastSession = Math.max(this.#lastSession, session.number)
      session.record = readSessionRow(entry, this.#clocks)
      this.#sessions.set(session.number, session)
    })
    await this.#takeOutSuperseded()
    await this.#forEach('progress', ({ key, value }) => readProgress(value, this.#sessionAt(key)))
    await this.#forEach('subscription', entry => {
      this.#sessionAt(entry.key)
      readSubscriptionRow(entry)
    })
  }

  async #takeOutSuperseded(): Promise<void> {
    for (const { number, record } of supersededIn(this.#sessions)) {
      const key = sessionKey(number)
      const [value] = await this.#engine.getMany([key])
      this.#sessions.delete(number)
      if (value === undefined) continue
      this.#takeOut(
        { key, value },
        placeOf('session', key),
        `its Client ${JSON.stringify(record?.clientId)} has a later one`,
      )
    }
  }

  async #repairQueues(): Promise<void> {
    await this.#forEach('body', entry => {
      const id = numberOf(entry.key)
      this.#lastBody = Math.max(this.#lastBody, id)
      this.#bodies.set(id, messageBytes(readBodyRow(entry, this.#clocks)))
    })
    const told = new Map<string, Segment>()
    await this.#forEach('remainder', ({ key, value }) => {
      this.#sessionAt(key)
      told.set(hexOf(key.subarray(1)), readRemainder(value, firstOf(key)))
    })
    const kept = new Set<string>()
    await this.#forEach('segment', ({ key, value }) => {
      const session = this.#sessionAt(key)
      const entries = entriesOf(value, this.#clocks)
      const name = hexOf(key.subarray(1))
      const segment = this.#segmentOf(entries, told.get(name))
      if (entries[0]!.sequence !== firstOf(key)) throw new CorruptRecordError('it begins elsewhere')
      if (segment.first <= (session.segments.at(-1)?.last ?? -1)) {
        throw new CorruptRecordError('it begins before another one ends')
      }
      if (segment.count === 0) throw new CorruptRecordError('nothing is left of it')
      this.#count(entries, segment)
      kept.add(name)
      session.segments.push(segment)
      this.#tellRemainder(session, segment, told.get(name))
    })
    await this.#forEach('remainder', ({ key }) => {
      if (!kept.has(hexOf(key.subarray(1)))) throw new CorruptRecordError('its segment is gone')
    })
    for (const session of this.#sessions.values()) await this.#repairProgress(session)
  }

  /** What is left of a segment: what was told to be gone is, and what has lost its body. */
  #segmentOf(entries: readonly SegmentEntry[], told: Segment | undefined): Segment {
    const left = entries.filter(
      ({ sequence, bodyId }) => told?.gone.has(sequence) !== true && (bodyId === 0 || this.#bodies.has(bodyId)),
    )
    const sequences = new Set(left.map(({ sequence }) => sequence))
    return {
      first: entries[0]!.sequence,
      last: entries.at(-1)!.sequence,
      count: left.length,
      bytes: left.reduce((sum, { bytes, bodyId }) => sum + (bytes ?? this.#bodies.get(bodyId) ?? 0), 0),
      gone: new Set(entries.map(({ sequence }) => sequence).filter(sequence => !sequences.has(sequence))),
      hasBodies: entries.some(({ bodyId }) => bodyId !== 0),
      isDirty: false,
    }
  }

  #count(entries: readonly SegmentEntry[], { gone }: Segment): void {
    for (const { bodyId, sequence } of entries) {
      if (bodyId !== 0 && !gone.has(sequence)) this.#references.set(bodyId, (this.#references.get(bodyId) ?? 0) + 1)
    }
  }

  #tellRemainder({ number }: StoredSessionState, segment: Segment, told: Segment | undefined): void {
    const isTold =
      told !== undefined &&
      ['first', 'last', 'count', 'bytes', 'hasBodies'].every(
        name => told[name as keyof Segment] === segment[name as keyof Segment], // they are names of its fields
      ) &&
      told.gone.size === segment.gone.size &&
      [...told.gone].every(sequence => segment.gone.has(sequence))
    if (isTold) return
    const key = remainderKey(number, segment.first)
    const row = rowOf(this.#writer, writer => writeRemainder(writer, segment))
    this.#put(key, row, placeOf('remainder', key), `told anew: ${segment.count} messages are left`)
  }

  async #repairProgress(session: StoredSessionState): Promise<void> {
    const { nextSequence, released, incoming, number, segments } = session
    const key = progressKey(number)
    const [before] = await this.#engine.getMany([key])
    session.nextSequence = Math.max(nextSequence, ...segments.map(({ last }) => last + 1))
    for (const sequence of released) if (sequence >= session.nextSequence) released.delete(sequence)
    for (const packetId of incoming) if (packetId < 1 || packetId > 0xffff) incoming.delete(packetId)
    const value = rowOf(this.#writer, writer => writeProgress(writer, session))
    const isNeeded = before !== undefined || session.nextSequence > 0
    if (!isNeeded || (before !== undefined && Buffer.compare(before, value) === 0)) return
    this.#put(key, value, placeOf('progress', key), `told anew: the next sequence is ${session.nextSequence}`)
  }

  async #repairBodies(): Promise<void> {
    const told = new Map<number, number>()
    await this.#forEach('references', ({ key, value }) => {
      if (!this.#references.has(numberOf(key))) throw new CorruptRecordError('nothing refers to the body')
      told.set(numberOf(key), readReferences(value))
    })
    await this.#forEach('body', ({ key }) => {
      if (!this.#references.has(numberOf(key))) throw new CorruptRecordError('nothing refers to it')
    })
    for (const [id, count] of this.#references) {
      if (told.get(id) === count) continue
      const row = rowOf(this.#writer, writer => writeReferences(writer, count))
      this.#put(referencesKey(id), row, placeOf('body', bodyKey(id)), `counted anew: ${count} messages refer to it`)
    }
  }

  /** Last, because it needs to know which numbers are in use. */
  async #repairMeta(): Promise<void> {
    let meta = newMeta
    let isTold = false
    await this.#forEach('meta', ({ key, value }) => {
      if (key.length === importKey.length) return
      meta = readMeta(value)
      isTold = true
    })
    await this.#forEach('journal', ({ key, value }) => {
      readEnvelope(value, this.#clocks)
      if (isTold && numberOf(key) <= meta.lastEnvelope) throw new CorruptRecordError('a checkpoint covers it')
    })
    const nextSession = Math.max(meta.nextSession, this.#lastSession + 1)
    const nextBody = Math.max(meta.nextBody, this.#lastBody + 1)
    const isRight = isTold && nextSession === meta.nextSession && nextBody === meta.nextBody
    if (isRight || (!isTold && !this.#hasRows)) return
    const row = rowOf(this.#writer, writer => writeMeta(writer, { ...meta, nextSession, nextBody }))
    this.#put(metaKey, row, placeOf('meta', metaKey), 'told anew')
  }

  #sessionAt(key: Uint8Array): StoredSessionState {
    const session = this.#sessions.get(sessionOf(key))
    if (session === undefined) throw new CorruptRecordError(`there is no Session ${sessionOf(key)}`)
    return session
  }

  /** Reads a table; a row for which `check` finds damage is taken out. */
  async #forEach(table: Table, check: (entry: EngineEntry) => void): Promise<void> {
    await this.#flush() // so that nothing is read that is to go
    for await (const page of pagesOf(this.#engine, tableRange(table), PAGE_COUNT)) {
      this.#hasRows = true
      for (const entry of page) {
        try {
          if (!isKeyOf(table, entry.key)) throw new CorruptRecordError('its key is not one')
          check(entry)
        } catch (error) {
          if (!isDamage(error)) throw error
          const place = isKeyOf(table, entry.key) ? placeOf(table, entry.key) : `row ${hexOf(entry.key)}`
          this.#takeOut(entry, place, error.message)
        }
      }
      if (this.#heldBytes > HELD_BYTES_MAX) await this.#flush()
    }
  }

  #takeOut(entry: EngineEntry, place: string, reason: string): void {
    this.#damaged.push({ ...entry, reason })
    this.#changes.push({ key: entry.key, value: undefined })
    this.#heldBytes += entry.value.length
    this.#note({ place, action: `put aside: ${reason}` })
  }

  #put(key: Uint8Array, value: Uint8Array, place: string, action: string): void {
    this.#changes.push({ key, value })
    this.#heldBytes += value.length
    this.#note({ place, action })
  }

  #note(step: RepairStep): void {
    if (this.#steps.length < LISTED_MAX) this.#steps.push(step)
  }

  async #flush(): Promise<void> {
    if (this.#damaged.length > 0) await this.#quarantine(this.#damaged)
    if (this.#changes.length > 0) await this.#engine.write(this.#changes, true)
    this.#damaged = []
    this.#changes = []
    this.#heldBytes = 0
  }
}
