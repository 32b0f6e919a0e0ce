import { PacketWriter } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { Log } from '../runtime/log.ts'
import type { Catalogue, Segment, StoredSessionState } from './catalogue.ts'
import { isDamage } from './damage.ts'
import type { Engine, EngineChange } from './engine.ts'
import {
  bodyKey,
  journalKey,
  metaKey,
  progressKey,
  referencesKey,
  remainderKey,
  retainedKey,
  segmentKey,
  sessionKey,
  subscriptionKey,
  subscriptionRange,
} from './keys.ts'
import { pagesOf } from './pages.ts'
import type { QueuedRecord } from './queued-record.ts'
import { type Clocks, writeMessage, writeSession, writeSubscription } from './records.ts'
import {
  type Meta,
  readReferences,
  rowOf,
  SEGMENT_BYTES_MAX,
  SEGMENT_COUNT_MAX,
  writeMeta,
  writeProgress,
  writeReferences,
  writeRemainder,
  writeSegment,
} from './rows.ts'
import { readSegment, type SegmentContents } from './segment-reader.ts'
import type { Slices } from './slices.ts'
import { messageBytes } from './store.ts'

/** A message of at least so many bytes that several Sessions queue stands in a row of its own. A reference costs about as much. */
const SHARED_BODY_BYTES_MIN = 256
/** So many short segments at the end of a queue are joined: a device that is sent a message now and then would have one each. */
const SHORT_SEGMENTS_MAX = 8
/** Messages in a segment that counts as short. */
const SHORT_SEGMENT_COUNT = 32
/** Keys of Subscriptions that are looked up at a time. */
const PAGE_COUNT = 1_000

/** What a checkpoint needs beside the {@link Catalogue}. */
export interface CheckpointServices {
  readonly engine: Engine
  readonly log: Log
  readonly clocks: Clocks
  readonly slices: Slices
  /** Numbers of the envelopes that the checkpoint replaces. */
  readonly journal: readonly number[]
  readonly meta: Meta
}

/**
 * Turns the changes since the last checkpoint into rows, so that the envelopes that brought them can go. What has been acknowledged
 * meanwhile leaves no trace. All of it is one batch: a crash finds either the envelopes or the rows.
 */
export class Checkpoint {
  readonly #catalogue: Catalogue
  readonly #services: CheckpointServices
  readonly #changes: EngineChange[] = []
  readonly #writer = new PacketWriter(SEGMENT_BYTES_MAX)
  /** Bodies that get a row now, with the number of messages that refer to them. */
  readonly #bodies = new Map<Message, { readonly id: number; references: number }>()
  readonly #segments = new Map<StoredSessionState, Segment[]>()
  /** References to bodies that are gone. */
  readonly #bodyReleases: Map<number, number>

  constructor(catalogue: Catalogue, services: CheckpointServices) {
    this.#catalogue = catalogue
    this.#services = services
    this.#bodyReleases = new Map(catalogue.bodyReleases)
  }

  /** Builds the batch. The catalogue must not change until {@link finish}. */
  async build(): Promise<readonly EngineChange[]> {
    const { dirtySessions, deletedSessions, retained, sessions } = this.#catalogue
    await this.#findSharedBodies()
    for (const session of dirtySessions) if (sessions.get(session.number) === session) await this.#saveSession(session)
    for (const session of deletedSessions) await this.#deleteSession(session)
    for (const [topic, message] of retained) {
      this.#put(retainedKey(topic), message && (writer => writeMessage(writer, message, this.#services.clocks)))
      await this.#slice(1, message?.payloadLength)
    }
    await this.#releaseBodies()
    for (const [message, { id, references }] of this.#bodies) {
      this.#put(bodyKey(id), writer => writeMessage(writer, message, this.#services.clocks))
      this.#put(referencesKey(id), writer => writeReferences(writer, references))
      await this.#slice(1, message.payloadLength)
    }
    for (const envelope of this.#services.journal) this.#put(journalKey(envelope), undefined)
    const { nextSession, nextBody } = this.#catalogue
    this.#put(metaKey, writer => writeMeta(writer, { ...this.#services.meta, nextSession, nextBody }))
    return this.#changes
  }

  /** The batch is durable: the catalogue follows. */
  finish(): void {
    for (const [session, segments] of this.#segments) session.segments = segments
    this.#catalogue.clearChanges()
  }

  /** Bodies that more than one of the messages to be written have. */
  async #findSharedBodies(): Promise<void> {
    const { slices } = this.#services
    const seen = new Set<Message>()
    const { dirtySessions, sessions } = this.#catalogue
    for (const session of dirtySessions) {
      if (sessions.get(session.number) !== session) continue
      const { queue } = session
      for (const record of queue.all()) {
        const { message } = record
        record.bodyId = 0
        if (messageBytes(message) < SHARED_BODY_BYTES_MIN) continue
        const isSecond = seen.has(message) && !this.#bodies.has(message)
        if (isSecond) this.#bodies.set(message, { id: this.#catalogue.nextBody++, references: 0 })
        seen.add(message)
        const pause = slices.add(1)
        if (pause !== undefined) await pause
      }
      await this.#slice(1)
    }
  }

  async #saveSession(session: StoredSessionState): Promise<void> {
    const { number, record } = session
    if (session.isRecordDirty && record !== undefined) {
      this.#put(sessionKey(number), writer => writeSession(writer, record, this.#services.clocks))
    }
    if (session.isProgressDirty) this.#put(progressKey(number), writer => writeProgress(writer, session))
    for (const [filter, subscription] of session.subscriptions) {
      this.#put(subscriptionKey(number, filter), subscription && (writer => writeSubscription(writer, subscription)))
    }
    for (const first of session.emptied) this.#dropSegment(number, first)
    for (const segment of session.segments) if (segment.isDirty) this.#putRemainder(number, segment)
    if (session.queue.size > 0) await this.#saveQueue(session)
    await this.#slice(1)
  }

  async #saveQueue(session: StoredSessionState): Promise<void> {
    const { short, records } = await this.#shortSegments(session)
    for (const segment of short) this.#dropSegment(session.number, segment.first)
    for (const record of session.queue.all()) {
      const body = this.#bodies.get(record.message)
      if (body !== undefined) {
        record.bodyId = body.id
        body.references++
      }
      records.push(record)
    }
    const segments = session.segments.slice(0, session.segments.length - short.length)
    for (let start = 0; start < records.length; ) {
      const end = endOfSegment(records, start)
      segments.push(this.#putSegment(session.number, records.slice(start, end)))
      await this.#slice(end - start, segments.at(-1)!.bytes)
      start = end
    }
    this.#segments.set(session, segments)
  }

  /** The short segments at the end of a queue with what is left of them, if there are enough of them to be joined. */
  async #shortSegments({
    number,
    segments,
  }: StoredSessionState): Promise<{ short: Segment[]; records: QueuedRecord[] }> {
    let start = segments.length
    while (start > 0 && segments[start - 1]!.count <= SHORT_SEGMENT_COUNT) start--
    const short = segments.length - start < SHORT_SEGMENTS_MAX ? [] : segments.slice(start)
    const records: QueuedRecord[] = []
    for (const segment of short) {
      const contents = await this.#read(number, segment)
      // Whoever reads the queue reports what is damaged.
      if (contents === undefined || contents.lost.length > 0) return { short: [], records: [] }
      records.push(...contents.records)
    }
    return { short, records }
  }

  /** What is left of a segment; `undefined` when it is damaged. */
  async #read(session: number, segment: Segment): Promise<SegmentContents | undefined> {
    try {
      return await readSegment(this.#services.engine, session, segment, this.#services.clocks)
    } catch (error) {
      if (isDamage(error)) return undefined
      throw error
    }
  }

  #putSegment(session: number, records: readonly QueuedRecord[]): Segment {
    const first = records[0]!.sequence
    const segment: Segment = {
      first,
      last: records.at(-1)!.sequence,
      count: records.length,
      bytes: records.reduce((bytes, { message }) => bytes + messageBytes(message), 0),
      gone: new Set(),
      hasBodies: records.some(({ bodyId }) => bodyId !== 0),
      isDirty: false,
    }
    this.#put(segmentKey(session, first), writer => writeSegment(writer, records, this.#services.clocks))
    this.#putRemainder(session, segment)
    return segment
  }

  #putRemainder(session: number, segment: Segment): void {
    this.#put(remainderKey(session, segment.first), writer => writeRemainder(writer, segment))
  }

  #dropSegment(session: number, first: number): void {
    this.#put(segmentKey(session, first), undefined)
    this.#put(remainderKey(session, first), undefined)
  }

  async #deleteSession(session: StoredSessionState): Promise<void> {
    const { engine } = this.#services
    const { number } = session
    this.#put(sessionKey(number), undefined)
    this.#put(progressKey(number), undefined)
    for (const first of session.emptied) this.#dropSegment(number, first)
    for (const segment of session.segments) {
      if (segment.hasBodies) {
        const { records, lost } = (await this.#read(number, segment)) ?? { records: [], lost: [] }
        for (const { bodyId } of [...records, ...lost]) this.#releaseBody(bodyId)
      }
      this.#dropSegment(number, segment.first)
    }
    for await (const page of pagesOf(engine, subscriptionRange(number), PAGE_COUNT)) {
      for (const { key } of page) this.#put(key, undefined)
    }
    await this.#slice(1)
  }

  #releaseBody(bodyId: number): void {
    if (bodyId !== 0) this.#bodyReleases.set(bodyId, (this.#bodyReleases.get(bodyId) ?? 0) + 1)
  }

  async #releaseBodies(): Promise<void> {
    const releases = [...this.#bodyReleases]
    for (let start = 0; start < releases.length; start += PAGE_COUNT) {
      const slice = releases.slice(start, start + PAGE_COUNT)
      const values = await this.#services.engine.getMany(slice.map(([id]) => referencesKey(id)))
      for (const [index, [id, released]] of slice.entries()) {
        const value = values[index]
        if (value === undefined) continue
        const count = this.#countOf(id, value)
        if (count === undefined) continue
        const left = count - released
        this.#put(referencesKey(id), left > 0 ? writer => writeReferences(writer, left) : undefined)
        if (left <= 0) this.#put(bodyKey(id), undefined)
      }
    }
  }

  /** How many queued messages refer to a body; `undefined` when that is damaged: both rows stay then as they are. */
  #countOf(body: number, value: Uint8Array): number | undefined {
    try {
      return readReferences(value)
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#services.log.error('how many queues share a message must be counted anew', {
        body,
        reason: error.message,
        advice: 'until then it is kept; stop the broker and run "curlew store check --repair"',
      })
      return undefined
    }
  }

  #put(key: Uint8Array, write: ((writer: PacketWriter) => void) | undefined): void {
    this.#changes.push({ key, value: write && rowOf(this.#writer, write) })
  }

  /** Lets the event loop go on when it is time. */
  async #slice(count: number, bytes = 0): Promise<void> {
    await this.#services.slices.add(count, bytes)
  }
}

/** Where a segment that begins at `start` ends: it is full, or there are no more records. */
function endOfSegment(records: readonly QueuedRecord[], start: number): number {
  let bytes = 0
  let end = start
  while (end < records.length && end - start < SEGMENT_COUNT_MAX && bytes < SEGMENT_BYTES_MAX) {
    const { bodyId, message } = records[end]!
    bytes += bodyId === 0 ? messageBytes(message) : 0
    end++
  }
  return end
}
