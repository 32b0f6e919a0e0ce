import type { Log } from '../runtime/log.ts'
import type { Segment, StoredSessionState } from './catalogue.ts'
import { isDamage } from './damage.ts'
import type { RowQuarantine } from './damaged-store.ts'
import type { Engine } from './engine.ts'
import type { Envelope } from './envelope.ts'
import { bodyKey, segmentKey } from './keys.ts'
import type { QueuedRecord } from './queued-record.ts'
import { readSegment, type SegmentContents } from './segment-reader.ts'
import type { StoreClock } from './store-clock.ts'

/** Messages in memory that are given at a time. */
const PAGE_COUNT = 1_024

/** What a {@link QueueReader} needs of its store. */
export interface QueueReaderServices {
  readonly engine: Engine
  readonly clock: StoreClock
  readonly log: Log
  readonly quarantine: RowQuarantine | undefined
  /** What the store knows of a Session, now. */
  session(number: number): StoredSessionState | undefined
  /** Envelopes that the catalogue does not have yet, oldest first. */
  unsettled(): readonly (Envelope | undefined)[]
  /** Whether rows may be moving; {@link QueueReader.readAgain} is called when that is over. */
  isMakingCheckpoint(): boolean
  /** The engine could not read. */
  onFault(error: unknown): void
  /** Calls back later than it was asked: what that throws is nobody's but the callback's. */
  answer(callback: () => void): void
}

export interface QueueRead {
  readonly session: number
  readonly from: number
  readonly onRead: (records: readonly QueuedRecord[]) => void
  /** Whether whoever asked has stopped waiting for the call to return; set by {@link QueueReader}. */
  readonly isLater?: boolean
}

/**
 * Reads queued messages page by page, wherever they are: in segments, then in what has changed since the last checkpoint, then in
 * envelopes that are not written yet. The order of these is the order of the queue.
 *
 * A checkpoint may move messages to segments while one is read; therefore what comes next is looked up when it is needed.
 */
export class QueueReader {
  readonly #services: QueueReaderServices
  #waiting: QueueRead[] = []

  constructor(services: QueueReaderServices) {
    this.#services = services
  }

  read(read: QueueRead): void {
    const session = this.#services.session(read.session)
    const segment = session?.segmentFrom(read.from)
    if (segment !== undefined) return void this.#readFromDisk(this.#answeredLater(read), segment)
    const finished = this.#finished(read.session)
    const page = session?.queue.from(read.from, PAGE_COUNT) ?? []
    const records = page.filter(({ sequence }) => !finished.has(sequence))
    if (page.length === PAGE_COUNT) {
      if (records.length > 0) return read.onRead(records)
      return this.read({ ...read, from: page.at(-1)!.sequence + 1 })
    }
    for (const envelope of this.#services.unsettled()) {
      if (envelope === undefined) continue
      for (const record of envelope.queued(read.session, read.from)) {
        if (!finished.has(record.sequence)) records.push(record)
      }
    }
    read.onRead(records)
  }

  #answeredLater(read: QueueRead): QueueRead {
    if (read.isLater) return read
    return { ...read, isLater: true, onRead: records => this.#services.answer(() => read.onRead(records)) }
  }

  /** The messages of a Session that envelopes finish which are not applied yet. */
  #finished(session: number): Set<number> {
    const finished = new Set<number>()
    for (const envelope of this.#services.unsettled()) {
      for (const sequence of envelope?.dequeued(session) ?? []) finished.add(sequence)
    }
    return finished
  }

  /** Takes up what could not be read: the engine has been opened anew, or a checkpoint is over. */
  readAgain(): void {
    for (const read of this.#waiting.splice(0)) this.read(read)
  }

  async #readFromDisk(read: QueueRead, segment: Segment): Promise<void> {
    const { engine, clock } = this.#services
    let contents: SegmentContents
    try {
      contents = await readSegment(engine, read.session, segment, clock.now())
    } catch (error) {
      return this.#readFailed(read, segment, error)
    }
    const lost = contents.lost.filter(({ sequence }) => sequence >= read.from)
    if (lost.length > 0) {
      if (this.#readMovedAgain(read, segment)) return
      const bodies = [...new Set(lost.map(({ bodyId }) => bodyId))]
      const reason = 'a message that several queues share is missing or damaged'
      await this.#putAside(bodies.map(bodyKey), lost.length, reason)
    }
    // What has been finished while it was read counts as gone.
    const session = this.#services.session(read.session)
    const finished = this.#finished(read.session)
    const wanted = contents.records.filter(
      ({ sequence }) => sequence >= read.from && session?.hasQueued(sequence) === true && !finished.has(sequence),
    )
    for (const record of wanted) record.isReleased = session?.released.has(record.sequence) === true
    if (wanted.length > 0) read.onRead(wanted)
    else this.read({ ...read, from: segment.last + 1 })
  }

  async #readFailed(read: QueueRead, segment: Segment, error: unknown): Promise<void> {
    if (this.#readMovedAgain(read, segment)) return
    if (!isDamage(error)) {
      this.#waiting.push(read)
      return this.#services.onFault(error)
    }
    await this.#putAside([segmentKey(read.session, segment.first)], segment.count, error.message)
    this.read({ ...read, from: segment.last + 1 })
  }

  /** Reads again, now or later, what a checkpoint may have taken away while it was read. @returns whether it may have */
  #readMovedAgain(read: QueueRead, segment: Segment): boolean {
    const current = this.#services.session(read.session)?.segmentFrom(read.from)
    if (current !== segment)
      this.read(read) // it has been joined with others, or finished
    else if (this.#services.isMakingCheckpoint())
      this.#waiting.push(read) // it may be joined just now
    else return false
    return true
  }

  /** What cannot be read counts as lost; its rows stay in the engine as long as something refers to them, and in quarantine. */
  async #putAside(keys: readonly Uint8Array[], count: number, reason: string): Promise<void> {
    const { engine, log, quarantine } = this.#services
    let keptIn: string | undefined
    try {
      const values = await engine.getMany(keys)
      keptIn = await quarantine?.(keys.map((key, index) => ({ key, value: values[index] ?? new Uint8Array(), reason })))
    } catch {
      // They are where they were; there may be no room for a copy.
    }
    log.error('queued messages are damaged', { count, reason, keptIn })
  }
}
