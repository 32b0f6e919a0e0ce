import { PacketWriter } from '@curlew/codec'
import type { Log } from '../runtime/log.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { Catalogue } from './catalogue.ts'
import { type Change, messageOf, writeEnvelope } from './changes.ts'
import { Checkpoint } from './checkpoint.ts'
import type { Engine, EngineChange } from './engine.ts'
import type { Envelope } from './envelope.ts'
import { refuseInterruptedImport } from './import-mark.ts'
import { journalKey, metaKey } from './keys.ts'
import { migrate, newMeta } from './migrations.ts'
import { type DamagedRow, recover } from './recovery.ts'
import { type Meta, readMeta, rowOf, writeMeta } from './rows.ts'
import { Slices } from './slices.ts'
import { messageBytes, type StoredState } from './store.ts'
import type { StoreClock } from './store-clock.ts'

/**
 * When an acknowledgement may leave.
 *
 * - `always`: what it says is on stable storage. It survives the end of the process and of the power.
 * - `interval`: what it says has been given to the operating system, which is made to store it every second. It survives
 *   the end of the process; a power cut can take the last second.
 */
export type Durability = 'always' | 'interval'

/** See {@link JournalOptions.bytesMax}. */
const BYTES_MAX = 16 * 1024 * 1024
/** So many changes call for a checkpoint as well: in memory a small message takes more than its bytes. */
const CHANGES_MAX = 100_000
/** An envelope with more changes, or more bytes, is written as several rows, so that none takes the event loop for long. */
const PART_COUNT_MAX = 1_000
const PART_BYTES_MAX = 128 * 1024
/** A writer that has grown beyond this is replaced, so that one large message does not cost memory for good. */
const WRITER_BYTES_MAX = 1024 * 1024

/** Numbers of a store, read by whoever shows them. */
export class JournalCounters {
  envelopes = 0
  envelopeBytes = 0
  /** Messages that were delivered before they had to be written. */
  elided = 0
  checkpoints = 0
  failures = 0
}

export interface JournalOptions {
  readonly engine: Engine
  readonly runtime: Runtime
  readonly log: Log
  readonly clock: StoreClock
  readonly durability: Durability
  readonly counters: JournalCounters
  /** Bytes of envelopes that call for a checkpoint. Default 16 MiB: what a restart must read, and about what is kept in memory for it. */
  readonly bytesMax: number | undefined
  /** Whether this is the import that the store may be in the middle of. */
  readonly isImporting: boolean
}

/**
 * What a store has in its engine: the rows of the last checkpoint and the envelopes since, and its {@link Catalogue} of both. One
 * thing is written at a time; whoever calls sees to that.
 */
export class Journal {
  readonly #options: JournalOptions
  #catalogue = new Catalogue()
  #meta: Meta = newMeta
  /** Numbers of the rows with envelopes since the last checkpoint. */
  #envelopes: number[] = []
  #bytes = 0
  #changeCount = 0
  #lastEnvelope = 0
  readonly #slices: Slices
  #writer = new PacketWriter()
  /** A checkpoint of which it is not known whether it was written. */
  #unsure: { readonly meta: Meta; readonly checkpoint: Checkpoint } | undefined

  constructor(options: JournalOptions) {
    this.#options = options
    this.#slices = new Slices(options.runtime)
  }

  get catalogue(): Catalogue {
    return this.#catalogue
  }

  /** Number of the last envelope written, in this run or an earlier one. */
  get lastEnvelope(): number {
    return this.#lastEnvelope
  }

  /** Whether there is nothing that a checkpoint would change. */
  get isEmpty(): boolean {
    return this.#envelopes.length === 0
  }

  /** Whether it is time for a checkpoint. */
  get isLong(): boolean {
    return this.#bytes > (this.#options.bytesMax ?? BYTES_MAX) || this.#changeCount > CHANGES_MAX
  }

  /**
   * Reads what is there.
   *
   * @throws {StoreFormatError} when a later version of this program has written it
   * @throws {InterruptedImportError}
   */
  async load(): Promise<{ readonly state: StoredState; readonly damaged: readonly DamagedRow[] }> {
    const { engine, runtime, clock, isImporting } = this.#options
    if (!isImporting) await refuseInterruptedImport(engine)
    await migrate(engine)
    const { catalogue, meta, journal, journalBytes, damaged, state } = await recover(engine, runtime, clock.now())
    this.#catalogue = catalogue
    this.#meta = meta ?? this.#meta
    this.#envelopes = [...journal]
    this.#bytes = journalBytes
    this.#lastEnvelope = Math.max(this.#meta.lastEnvelope, journal.at(-1) ?? 0)
    return { state, damaged }
  }

  /** Writes the changes of an envelope; {@link apply} follows. Writing one again that could not be written is the same as writing it once. */
  async write(changes: readonly Change[], isUrgent: boolean): Promise<void> {
    const { engine, durability, counters } = this.#options
    const rows = await this.#rowsOf(changes)
    await engine.write(rows, durability === 'always' && isUrgent)
    let bytes = 0
    for (const { value } of rows) {
      this.#envelopes.push(++this.#lastEnvelope)
      bytes += value!.length
    }
    this.#bytes += bytes
    this.#changeCount += changes.length
    counters.envelopes++
    counters.envelopeBytes += bytes
  }

  /**
   * One row, or one for each part of a large envelope; the numbers follow the last one written.
   *
   * @returns values of which a single one is valid until the next call
   */
  async #rowsOf(changes: readonly Change[]): Promise<EngineChange[]> {
    if (this.#writer.bytes.length > WRITER_BYTES_MAX) this.#writer = new PacketWriter()
    const clocks = this.#options.clock.now()
    const rows: EngineChange[] = []
    for (let start = 0; start < changes.length; ) {
      const end = endOfPart(changes, start)
      const value = writeEnvelope(this.#writer, changes, start, end, clocks)
      const isAlone = start === 0 && end === changes.length
      rows.push({
        key: journalKey(this.#lastEnvelope + 1 + rows.length),
        value: isAlone ? value : Uint8Array.prototype.slice.call(value),
      })
      const pause = this.#slices.add(end - start, value.length)
      if (pause !== undefined && end < changes.length) await pause
      start = end
    }
    return rows
  }

  /** Tells the catalogue of an envelope that has been written, in slices. */
  async apply(changes: readonly Change[], envelope: Envelope): Promise<void> {
    while (envelope.appliedCount < changes.length) {
      const start = envelope.appliedCount
      const end = Math.min(changes.length, start + PART_COUNT_MAX)
      for (let index = start; index < end; index++) this.#catalogue.apply(changes[index]!)
      envelope.appliedCount = end
      const pause = this.#slices.add(end - start)
      if (pause !== undefined && end < changes.length) await pause
    }
  }

  /** Turns the envelopes into rows, if there are any. */
  async checkpoint(): Promise<void> {
    if (this.isEmpty) return
    const { engine, log, clock, durability } = this.#options
    const meta = { ...this.#meta, checkpoint: this.#meta.checkpoint + 1, lastEnvelope: this.#lastEnvelope }
    const checkpoint = new Checkpoint(this.#catalogue, {
      engine,
      log,
      clocks: clock.now(),
      journal: this.#envelopes,
      meta,
      slices: this.#slices,
    })
    const changes = await checkpoint.build()
    this.#unsure = { meta, checkpoint }
    await engine.write(changes, durability === 'always')
    this.#finish(meta, checkpoint)
  }

  /** Makes what has been written durable. */
  async sync(): Promise<void> {
    const value = rowOf(new PacketWriter(), writer => writeMeta(writer, this.#meta))
    await this.#options.engine.write([{ key: metaKey, value }], true)
  }

  /** Finds out what became of a checkpoint during which the engine failed. */
  async reopened(): Promise<void> {
    if (this.#unsure === undefined) return
    const { meta, checkpoint } = this.#unsure
    const [value] = await this.#options.engine.getMany([metaKey])
    const isWritten = value !== undefined && readMeta(value).checkpoint === meta.checkpoint
    if (isWritten) this.#finish(meta, checkpoint)
    this.#unsure = undefined
  }

  #finish(meta: Meta, checkpoint: Checkpoint): void {
    checkpoint.finish()
    const { nextSession, nextBody } = this.#catalogue
    this.#meta = { ...meta, nextSession, nextBody }
    this.#envelopes = []
    this.#bytes = 0
    this.#changeCount = 0
    this.#unsure = undefined
    this.#options.counters.checkpoints++
  }
}

/** Where the part of an envelope that begins at `start` ends. */
function endOfPart(changes: readonly Change[], start: number): number {
  const countEnd = Math.min(changes.length, start + PART_COUNT_MAX)
  let bytes = 0
  let end = start
  for (; end < countEnd && bytes < PART_BYTES_MAX; end++) {
    const message = messageOf(changes[end]!)
    if (message !== undefined) bytes += messageBytes(message)
  }
  return end
}
