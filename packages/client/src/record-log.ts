import { crc32 } from 'node:zlib'

/**
 * Records one behind the other: length of the body (4 bytes), CRC-32 of the body (4 bytes), body. The first byte of the body says
 * what it is.
 */
export const HEADER_BYTES = 8

/** What a record says; the numbers are what is written. */
export const RecordKind = {
  Message: 1,
  Release: 2,
  Remove: 3,
  AcceptIncoming: 4,
  ReleaseIncoming: 5,
  ClearIncoming: 6,
} as const
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind]

/** A record where it lies in the log. */
export interface LogRecord {
  readonly kind: RecordKind
  /** Without the kind. */
  readonly content: Uint8Array
  readonly offset: number
  /** Bytes of the whole record. */
  readonly size: number
}

/** @returns a record, ready to be written */
export function encodeRecord(kind: RecordKind, content: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + 1 + content.length)
  record[HEADER_BYTES] = kind
  record.set(content, HEADER_BYTES + 1)
  record.writeUInt32BE(content.length + 1, 0)
  record.writeUInt32BE(crc32(record.subarray(HEADER_BYTES)), 4)
  return record
}

/** A record whose content is a number. */
export function encodeNumber(kind: RecordKind, number: number): Buffer {
  const content = Buffer.allocUnsafe(8)
  content.writeDoubleBE(number)
  return encodeRecord(kind, content)
}

/** The number that is a record's content. */
export function decodeNumber(content: Uint8Array): number {
  return new DataView(content.buffer, content.byteOffset).getFloat64(0)
}

/**
 * All records of a log, up to where a crash has torn its last write.
 *
 * @throws {Error} when a record is damaged and sound ones follow it: that is no torn write, and to go on would lose messages
 */
export function readLog(bytes: Uint8Array): { readonly records: readonly LogRecord[]; readonly end: number } {
  const records: LogRecord[] = []
  let offset = 0
  for (;;) {
    const record = recordAt(bytes, offset)
    if (!record) break
    records.push(record)
    offset += record.size
  }
  const length = lengthAt(bytes, offset)
  if (length > 0 && recordAt(bytes, offset + HEADER_BYTES + length)) {
    throw new Error(`the outbox is damaged at byte ${offset}`)
  }
  return { records, end: offset }
}

function lengthAt(bytes: Uint8Array, offset: number): number {
  if (offset + HEADER_BYTES > bytes.length) return 0
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset)
}

/** @returns `undefined` when no whole and sound record begins there */
function recordAt(bytes: Uint8Array, offset: number): LogRecord | undefined {
  const length = lengthAt(bytes, offset)
  const start = offset + HEADER_BYTES
  if (length === 0 || start + length > bytes.length) return undefined
  const body = bytes.subarray(start, start + length)
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset + 4)
  if (crc32(body) !== expected) return undefined
  return { kind: body[0] as RecordKind, content: body.subarray(1), offset, size: HEADER_BYTES + length }
}
