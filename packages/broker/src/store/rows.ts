import type { PacketWriter } from '@curlew/codec'
import type { Segment, StoredSessionState } from './catalogue.ts'
import type { QueuedRecord } from './queued-record.ts'
import {
  type Clocks,
  finishRecord,
  readNumber,
  readRecord,
  startRecord,
  writeMessage,
  writeNumber,
  writeQueued,
} from './records.ts'

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
  const reader = readRecord(value)
  const [format, checkpoint, lastEnvelope] = [readNumber(reader), readNumber(reader), readNumber(reader)]
  return { format, checkpoint, lastEnvelope, nextSession: readNumber(reader), nextBody: readNumber(reader) }
}

export function writeProgress(writer: PacketWriter, { nextSequence, released, incoming }: StoredSessionState): void {
  writeNumber(writer, nextSequence)
  for (const set of [released, incoming]) {
    writeNumber(writer, set.size)
    for (const value of set) writeNumber(writer, value)
  }
}

/** @throws {CorruptRecordError} */
export function readProgress(value: Uint8Array, into: StoredSessionState): void {
  const reader = readRecord(value)
  into.nextSequence = readNumber(reader)
  for (const set of [into.released, into.incoming]) {
    for (let count = readNumber(reader); count > 0; count--) set.add(readNumber(reader))
  }
}

/** What is left of a segment; the segment itself is never written twice. */
export function writeRemainder(writer: PacketWriter, segment: Segment): void {
  const { first, last, count, bytes, gone, hasBodies } = segment
  for (const value of [last - first, count, bytes, hasBodies ? 1 : 0, gone.size]) writeNumber(writer, value)
  for (const sequence of gone) writeNumber(writer, sequence - first)
}

/** @throws {CorruptRecordError} */
export function readRemainder(value: Uint8Array, first: number): Segment {
  const reader = readRecord(value)
  const last = first + readNumber(reader)
  const [count, bytes, hasBodies] = [readNumber(reader), readNumber(reader), readNumber(reader) === 1]
  const gone = new Set<number>()
  for (let left = readNumber(reader); left > 0; left--) gone.add(first + readNumber(reader))
  return { first, last, count, bytes, gone, hasBodies, isDirty: false }
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

/** @throws {CorruptRecordError} */
export function readReferences(value: Uint8Array): number {
  return readNumber(readRecord(value))
}
