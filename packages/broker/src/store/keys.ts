import type { KeyRange } from './engine.ts'

/**
 * Where things stand in the {@link Engine}: one byte for the table, then numbers with the most significant byte first, so that the
 * order of keys is the order of numbers. A Session has a number of its own, given once.
 */
const tables = {
  /** What the store says of itself: one row. */
  meta: 0x4d, // M
  /** Envelope number: an envelope that no checkpoint covers. */
  journal: 0x4a, // J
  /** Session: what it is. */
  session: 0x53, // S
  /** Session: how far its deliveries are. */
  progress: 0x50, // P
  /** Session, Topic Filter: a Subscription. */
  subscription: 0x55, // U
  /** Session, first sequence: queued messages. */
  segment: 0x51, // Q
  /** Session, first sequence: what is left of the segment. */
  remainder: 0x47, // G
  /** Body: a message that several Sessions have queued. */
  body: 0x42, // B
  /** Body: how many queued messages refer to it. */
  references: 0x43, // C
  /** Topic Name: a retained message. */
  retained: 0x52, // R
} as const

export type Table = keyof typeof tables

const tableNames = new Map<number, Table>(
  Object.entries(tables).map(([name, byte]) => [byte, name as Table]), // the keys of `tables` are its names
)

/** Bytes of a Session's number, and of other numbers. */
const SESSION_BYTES = 4
const NUMBER_BYTES = 6

export const metaKey: Uint8Array = Uint8Array.of(tables.meta)

/** There while an import is under way. */
export const importKey: Uint8Array = Uint8Array.of(tables.meta, 0x49)

export function journalKey(envelope: number): Uint8Array {
  return numbered('journal', envelope)
}

export function sessionKey(session: number): Uint8Array {
  return ofSession('session', session, 0)
}

export function progressKey(session: number): Uint8Array {
  return ofSession('progress', session, 0)
}

export function subscriptionKey(session: number, filter: string): Uint8Array {
  const bytes = Buffer.from(filter)
  const key = ofSession('subscription', session, bytes.length)
  key.set(bytes, 1 + SESSION_BYTES)
  return key
}

export function segmentKey(session: number, first: number): Uint8Array {
  return inSession('segment', session, first)
}

export function remainderKey(session: number, first: number): Uint8Array {
  return inSession('remainder', session, first)
}

export function bodyKey(body: number): Uint8Array {
  return numbered('body', body)
}

export function referencesKey(body: number): Uint8Array {
  return numbered('references', body)
}

export function retainedKey(topic: string): Uint8Array {
  const bytes = Buffer.from(topic)
  const key = Buffer.allocUnsafe(1 + bytes.length)
  key[0] = tables.retained
  key.set(bytes, 1)
  return key
}

/** All keys of a table. */
export function tableRange(table: Table): KeyRange {
  return { gte: Uint8Array.of(tables[table]), lt: Uint8Array.of(tables[table] + 1) }
}

/** The keys of a range behind one of them. */
export function behind(key: Uint8Array, { lt }: KeyRange): KeyRange {
  const gte = new Uint8Array(key.length + 1)
  gte.set(key)
  return { gte, lt }
}

/** The Subscriptions of one Session. */
export function subscriptionRange(session: number): KeyRange {
  return {
    gte: ofSession('subscription', session, 0),
    lt: session === 0xffffffff ? tableRange('subscription').lt : ofSession('subscription', session + 1, 0),
  }
}

/** The table that a key belongs to; `undefined` when there is no such table. */
export function tableOf(key: Uint8Array): Table | undefined {
  return tableNames.get(key[0]!)
}

/** The Session whose key it is. */
export function sessionOf(key: Uint8Array): number {
  return bufferOf(key).readUInt32BE(1)
}

/** The Topic Filter of a Subscription's key. */
export function filterOf(key: Uint8Array): string {
  return bufferOf(key).toString('utf8', 1 + SESSION_BYTES)
}

/** The first sequence of a segment's key. */
export function firstOf(key: Uint8Array): number {
  return bufferOf(key).readUIntBE(1 + SESSION_BYTES, NUMBER_BYTES)
}

/** The number of a key that has only that. */
export function numberOf(key: Uint8Array): number {
  return bufferOf(key).readUIntBE(1, NUMBER_BYTES)
}

function numbered(table: Table, value: number): Uint8Array {
  const key = Buffer.allocUnsafe(1 + NUMBER_BYTES)
  key[0] = tables[table]
  key.writeUIntBE(value, 1, NUMBER_BYTES)
  return key
}

function ofSession(table: Table, session: number, extra: number): Buffer {
  const key = Buffer.allocUnsafe(1 + SESSION_BYTES + extra)
  key[0] = tables[table]
  key.writeUInt32BE(session, 1)
  return key
}

function inSession(table: Table, session: number, value: number): Uint8Array {
  const key = ofSession(table, session, NUMBER_BYTES)
  key.writeUIntBE(value, 1 + SESSION_BYTES, NUMBER_BYTES)
  return key
}

function bufferOf(key: Uint8Array): Buffer {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength)
}
