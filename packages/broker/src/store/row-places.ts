import type { KeyRange } from './engine.ts'
import { filterOf, firstOf, importKey, numberOf, sessionOf, type Table, tableRange } from './keys.ts'

/** No key is longer. */
const KEY_BYTES_MAX = 0x1_0010

/** Bytes of the keys of each table; of those with a text, at least. */
const keyBytes: Record<Table, { readonly min: number; readonly max: number }> = {
  meta: { min: 1, max: 2 },
  journal: { min: 7, max: 7 },
  session: { min: 5, max: 5 },
  progress: { min: 5, max: 5 },
  subscription: { min: 6, max: 5 + 0xffff },
  segment: { min: 11, max: 11 },
  remainder: { min: 11, max: 11 },
  body: { min: 7, max: 7 },
  references: { min: 7, max: 7 },
  retained: { min: 1, max: 1 + 0xffff },
}

/** Whether a key is one that its table may have. */
export function isKeyOf(table: Table, key: Uint8Array): boolean {
  const { min, max } = keyBytes[table]
  if (key.length < min || key.length > max) return false
  return table !== 'meta' || key.length === min || Buffer.compare(key, importKey) === 0
}

/** Where no key should be. */
export function rangesBetweenTables(): KeyRange[] {
  const used = Object.keys(keyBytes).map(table => tableRange(table as Table)) // its keys are all tables
  used.sort((a, b) => a.gte[0]! - b.gte[0]!)
  const ranges = used.map(({ gte }, index) => ({ gte: used[index - 1]?.lt ?? new Uint8Array(0), lt: gte }))
  ranges.push({ gte: used.at(-1)!.lt, lt: new Uint8Array(KEY_BYTES_MAX).fill(0xff) })
  return ranges.filter(({ gte, lt }) => gte[0] !== lt[0])
}

/** A key, for people. */
export function hexOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex')
}

/** The Topic Name of a retained message's key. */
export function topicOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8', 1)
}

/** What people call a row. */
export function placeOf(table: Table, key: Uint8Array): string {
  switch (table) {
    case 'meta':
      return 'the row about the store'
    case 'journal':
      return `envelope ${numberOf(key)}`
    case 'session':
      return `Session ${sessionOf(key)}`
    case 'progress':
      return `progress of Session ${sessionOf(key)}`
    case 'subscription':
      return `Subscription ${JSON.stringify(filterOf(key))} of Session ${sessionOf(key)}`
    case 'segment':
      return `segment ${firstOf(key)} of Session ${sessionOf(key)}`
    case 'remainder':
      return `remainder of segment ${firstOf(key)} of Session ${sessionOf(key)}`
    case 'body':
      return `body ${numberOf(key)}`
    case 'references':
      return `references to body ${numberOf(key)}`
    case 'retained':
      return `retained message of ${JSON.stringify(topicOf(key))}`
    default:
      return table satisfies never
  }
}
