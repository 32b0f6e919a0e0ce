import type { PacketReader, PacketWriter } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { Segment, StoredSessionState } from './catalogue.ts'
import type { EngineEntry } from './engine.ts'
import { retainedKey, sessionOf, subscriptionKey } from './keys.ts'
import type { QueuedRecord } from './queued-record.ts'
import {
  type Clocks,
  CorruptRecordError,
  finishRecord,
  readMessage,
  readNumber,
  readSession,
  readSubscription,
  readWhole,
  startRecord,
  writeMessage,
  writeNumber,
  writeQueued,
} from './records.ts'
import type { SessionRecord, SubscriptionRecord } from './store.ts'

/*
 * The readers of rows hold each to all that is true of it alone: it ends with its last field, and stands under the key that
 * follows from it. They throw {CorruptRecordError} or {MqttError} when the row is not what was written. Who starts with a store, checks it
 * or mends it reads with these, so that all three agree on what is damaged.
 */

/** Messages in a segment at most: what is read at a time, so what a waiting queue costs in memory. */
export const SEGMENT_COUNT_MAX = 256
/** A segment that has so many bytes takes no more messages. */
export const SEGMENT_BYTES_MAX = 65_536

/** What the store says of itself. */
export interface Meta {
  /** Of the whole format, see `migrations.ts`. */
  readonly format: number
  /** Number of the last checkpoint. */
  readonly checkpoint: number
  /** Number of the last envelope that it covers. */
  readonly lastEnvelope: number
  readonly nextSession: number
  readonly nextBody: number
}

/** Writes one row with version and checksum. @returns bytes of its own */
export function rowOf(writer: PacketWriter, write: (writer: PacketWriter) => void): Uint8Array {
  writer.position = 0
  const mark = startRecord(writer)
  write(writer)
  return Uint8Array.prototype.slice.call(finishRecord(writer, mark))
}

export function writeMeta(writer: PacketWriter, meta: Meta): void {
  const { format, checkpoint, lastEnvelope, nextSession, nextBody } = meta
  for (const value of [format, checkpoint, lastEnvelope, nextSession, nextBody]) writeNumber(writer, value)
}

export function readMeta(value: Uint8Array): Meta {
  return readWhole(value, reader => {
    const [format, checkpoint, lastEnvelope] = [readNumber(reader), readNumber(reader), readNumber(reader)]
    if (format === 0) throw new CorruptRecordError('there is no format 0')
    return { format, checkpoint, lastEnvelope, nextSession: readNumber(reader), nextBody: readNumber(reader) }
  })
}

export function readSessionRow({ value }: EngineEntry, clocks: Clocks): SessionRecord {
  return readWhole(value, reader => readSession(reader, clocks))
}

export function readSubscriptionRow({ key, value }: EngineEntry): SubscriptionRecord {
  const record = readWhole(value, readSubscription)
  expectKey(key, subscriptionKey(sessionOf(key), record.filter), record.filter)
  return record
}

/** The message is a view of the row. */
export function readBodyRow({ value }: EngineEntry, clocks: Clocks): Message {
  return readWhole(value, reader => readMessage(reader, clocks))
}

/** The message is a view of the row. */
export function readRetainedRow({ key, value }: EngineEntry, clocks: Clocks): Message {
  const message = readWhole(value, reader => readMessage(reader, clocks))
  expectKey(key, retainedKey(message.topic), message.topic)
  return message
}

function expectKey(is: Uint8Array, expected: Uint8Array, name: string): void {
  if (Buffer.compare(is, expected) !== 0) throw new CorruptRecordError(`it is of ${JSON.stringify(name)}`)
}

export function writeProgress(writer: PacketWriter, { nextSequence, released, incoming }: StoredSessionState): void {
  writeNumber(writer, nextSequence)
  for (const set of [released, incoming]) {
    writeNumber(writer, set.size)
    for (const value of set) writeNumber(writer, value)
  }
}

/** Tells a Session, if all of the row makes sense. */
export function readProgress(value: Uint8Array, into: StoredSessionState): void {
  const { nextSequence, released, incoming } = readWhole(value, reader => ({
    nextSequence: readNumber(reader),
    released: readNumbers(reader),
    incoming: readNumbers(reader),
  }))
  into.nextSequence = nextSequence
  for (const sequence of released) into.released.add(sequence)
  for (const packetId of incoming) into.incoming.add(packetId)
}

function readNumbers(reader: PacketReader): number[] {
  const numbers: number[] = []
  for (let count = readNumber(reader); count > 0; count--) numbers.push(readNumber(reader))
  return numbers
}

/** What is left of a segment; the segment itself is never written twice. */
export function writeRemainder(writer: PacketWriter, segment: Segment): void {
  const { first, last, count, bytes, gone, hasBodies } = segment
  for (const value of [last - first, count, bytes, hasBodies ? 1 : 0, gone.size]) writeNumber(writer, value)
  for (const sequence of gone) writeNumber(writer, sequence - first)
}

export function readRemainder(value: Uint8Array, first: number): Segment {
  return readWhole(value, reader => {
    const last = first + readNumber(reader)
    const [count, bytes, hasBodies] = [readNumber(reader), readNumber(reader), readNumber(reader) === 1]
    const gone = new Set(readNumbers(reader).map(offset => first + offset))
    return { first, last, count, bytes, gone, hasBodies, isDirty: false }
  })
}

/** Messages with a body of their own are left to that. */
export function writeSegment(writer: PacketWriter, records: readonly QueuedRecord[], clocks: Clocks): void {
  writeNumber(writer, records.length)
  for (const record of records) {
    writeQueued(writer, record)
    if (record.bodyId === 0) writeMessage(writer, record.message, clocks)
  }
}

export function writeReferences(writer: PacketWriter, count: number): void {
  writeNumber(writer, count)
}

export function readReferences(value: Uint8Array): number {
  return readWhole(value, readNumber)
}
