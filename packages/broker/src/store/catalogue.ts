import type { Message } from '@curlew/protocol'
import type { Change } from './changes.ts'
import type { QueuedRecord } from './queued-record.ts'
import { CorruptRecordError } from './records.ts'
import { SequenceList } from './sequence-list.ts'
import type { SessionRecord, SubscriptionRecord } from './store.ts'

/** Queued messages of one Session that stand together in one row of the engine, and which of them are left. */
export interface Segment {
  /** Sequence of the first and the last message that were written; names the row. */
  readonly first: number
  readonly last: number
  /** Messages that are left, and what they count. */
  count: number
  bytes: number
  /** Sequences of messages that are not left. */
  readonly gone: Set<number>
  /** Whether messages of it stand in rows of their own. */
  readonly hasBodies: boolean
  /** Whether `gone` has changed since the last checkpoint. */
  isDirty: boolean
}

/** What the store keeps in memory of a Session: small, whatever waits in its queue. */
export class StoredSessionState {
  readonly number: number
  record: SessionRecord | undefined = undefined
  nextSequence = 0
  /** By sequence; they do not overlap. */
  segments: Segment[] = []
  /** Sequences whose PUBREC has come. */
  readonly released: Set<number> = new Set()
  /** Packet Identifiers of incoming QoS 2 messages. */
  readonly incoming: Set<number> = new Set()

  // What the last checkpoint does not have:

  /** Queued messages. */
  queue: SequenceList = new SequenceList()
  /** Subscriptions; `undefined` where one was deleted. */
  subscriptions: Map<string, SubscriptionRecord | undefined> = new Map()
  /** First sequences of segments of which nothing is left. */
  emptied: number[] = []
  isRecordDirty = false
  isProgressDirty = false
  /** Whether any of these is there. */
  isDirty = false

  constructor(number: number) {
    this.number = number
  }

  /** Whether a message is queued, as far as envelopes have been applied. */
  hasQueued(sequence: number): boolean {
    if (this.queue.get(sequence) !== undefined) return true
    const segment = this.segmentFrom(sequence)
    return segment !== undefined && sequence >= segment.first && !segment.gone.has(sequence)
  }

  /** The segment that holds a sequence, or the first one behind it. */
  segmentFrom(sequence: number): Segment | undefined {
    const { segments } = this
    let low = 0
    let high = segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (segments[middle]!.last < sequence) low = middle + 1
      else high = middle
    }
    return segments[low]
  }
}

/** A change that was written cannot be told to the {@link Catalogue}. */
export class UnappliedChangeError extends CorruptRecordError {
  constructor(change: Change, cause: unknown) {
    super(`${nameOf(change)} cannot be applied: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }

  override get name(): string {
    return 'UnappliedChangeError'
  }
}

function nameOf(change: Change): string {
  if (change.kind === 'retain') return `retain of ${JSON.stringify(change.topic)}`
  const { kind, session } = change
  const message = kind === 'enqueue' || kind === 'dequeue' ? ` of message ${change.record.sequence}` : ''
  return `${kind}${message} for Session ${session}`
}

/** Of the Sessions that have a Client Identifier in common, all but the one that was created last; lowest number first. */
export function supersededIn(sessions: ReadonlyMap<number, StoredSessionState>): StoredSessionState[] {
  const superseded: StoredSessionState[] = []
  const latest = new Map<string, StoredSessionState>()
  for (const session of sessions.values()) {
    if (session.record === undefined) continue
    const { clientId } = session.record
    const other = latest.get(clientId)
    if (other !== undefined) superseded.push(other.number < session.number ? other : session)
    if (other === undefined || other.number < session.number) latest.set(clientId, session)
  }
  return superseded.sort((a, b) => a.number - b.number)
}

/**
 * What the engine holds, in memory as far as it is small, and all that has changed since the last checkpoint. Envelopes are
 * applied when they are written; while a checkpoint is made none is.
 */
export class Catalogue {
  readonly sessions: Map<number, StoredSessionState> = new Map()
  nextSession = 1
  nextBody = 1

  // What the last checkpoint does not have:

  dirtySessions: StoredSessionState[] = []
  deletedSessions: StoredSessionState[] = []
  /** Retained messages; `undefined` where one was cleared. */
  retained: Map<string, Message | undefined> = new Map()
  /** How many references to a body have gone. */
  bodyReleases: Map<number, number> = new Map()

  /** @throws {UnappliedChangeError} when a change makes no sense: whoever wrote it, or this, has a fault */
  apply(change: Change): void {
    try {
      this.#apply(change)
    } catch (error) {
      throw new UnappliedChangeError(change, error)
    }
  }

  #apply(change: Change): void {
    if (change.kind === 'retain') {
      this.retained.set(change.topic, change.message)
      return
    }
    const session = this.sessions.get(change.session) ?? this.#created(change)
    if (session === undefined) return // its envelope was lost with a damaged journal
    switch (change.kind) {
      case 'save-session':
        session.record = change.record
        session.isRecordDirty = true
        break
      case 'delete-session':
        this.sessions.delete(session.number)
        this.deletedSessions.push(session)
        return
      case 'save-subscription':
        session.subscriptions.set(change.record.filter, change.record)
        break
      case 'delete-subscription':
        session.subscriptions.set(change.filter, undefined)
        break
      case 'enqueue':
        session.queue.add(change.record)
        session.nextSequence = Math.max(session.nextSequence, change.record.sequence + 1)
        session.isProgressDirty = true
        break
      case 'dequeue':
        this.#dequeue(session, change.record, change.bytes)
        break
      case 'release':
        this.#release(session, change.sequence)
        break
      case 'accept-incoming':
        session.incoming.add(change.packetId)
        session.isProgressDirty = true
        break
      case 'release-incoming':
        session.incoming.delete(change.packetId)
        session.isProgressDirty = true
        break
      default:
        change satisfies never
    }
    this.#markDirty(session)
  }

  /** Says that a checkpoint has what changed. */
  clearChanges(): void {
    for (const session of this.dirtySessions) {
      if (session.queue.size > 0) session.queue = new SequenceList()
      if (session.subscriptions.size > 0) session.subscriptions = new Map()
      for (const segment of session.segments) segment.isDirty = false
      session.emptied = []
      session.isRecordDirty = false
      session.isProgressDirty = false
      session.isDirty = false
    }
    this.dirtySessions = []
    this.deletedSessions = []
    this.retained = new Map()
    this.bodyReleases = new Map()
  }

  #created(change: Change): StoredSessionState | undefined {
    if (change.kind !== 'save-session') return undefined
    const session = new StoredSessionState(change.session)
    this.sessions.set(session.number, session)
    this.nextSession = Math.max(this.nextSession, session.number + 1)
    return session
  }

  #release(session: StoredSessionState, sequence: number): void {
    if (!session.hasQueued(sequence)) return // it was finished before it was written
    session.released.add(sequence)
    session.isProgressDirty = true
    const record = session.queue.get(sequence)
    if (record !== undefined) record.isReleased = true // one that comes from the journal does not know it yet
  }

  #dequeue(session: StoredSessionState, record: Pick<QueuedRecord, 'sequence' | 'bodyId'>, bytes: number): void {
    const { sequence, bodyId } = record
    if (session.released.size > 0 && session.released.delete(sequence)) session.isProgressDirty = true
    if (session.queue.delete(sequence)) return
    const segment = session.segmentFrom(sequence)
    if (segment === undefined || sequence < segment.first || segment.gone.has(sequence)) return
    segment.gone.add(sequence)
    segment.count--
    segment.bytes -= bytes
    segment.isDirty = true
    if (bodyId !== 0) this.bodyReleases.set(bodyId, (this.bodyReleases.get(bodyId) ?? 0) + 1)
    if (segment.count > 0) return
    session.emptied.push(segment.first)
    session.segments.splice(session.segments.indexOf(segment), 1)
  }

  #markDirty(session: StoredSessionState): void {
    if (session.isDirty) return
    session.isDirty = true
    this.dirtySessions.push(session)
  }
}
