import { expect, test } from 'vitest'
import { hashOf } from '../src/remembered-bytes.ts'
import { StringTable } from '../src/string-table.ts'

const unlimited = { stringsMax: 1_000_000, bytesMax: 1_000_000_000 }

function add(table: StringTable, ...strings: string[]): void {
  for (const string of strings) table.add(string, Buffer.from(`--${string}--`), 2, string.length)
}

function find(table: StringTable, string: string): string | undefined {
  return table.find(Buffer.from(`-${string}-`), 1, string.length)
}

/** Strings that are looked for in the same slots, however many there are of these. */
function colliding(count: number): string[] {
  const found: string[] = []
  const hash = (text: string): number => hashOf(Buffer.from(text), 0, text.length) & 0xff
  for (let index = 0; found.length < count; index++) if (hash(`name ${index}`) === 7) found.push(`name ${index}`)
  return found
}

test('a string is found by its bytes, wherever they lie, and nothing by others', () => {
  const table = new StringTable(unlimited)
  add(table, 'a/b', 'a/c')

  const found = ['a/b', 'a/c', 'a/', 'a/bc', 'b/b'].map(string => find(table, string))

  expect(found).toEqual(['a/b', 'a/c', undefined, undefined, undefined])
})

test('ten thousand strings are found, but for a few that had no slot', () => {
  const table = new StringTable(unlimited)
  const strings = Array.from({ length: 10_000 }, (_, index) => `devices/${index * 7}/state`)
  add(table, ...strings)

  const found = strings.map(string => find(table, string))

  expect(found.filter(string => string === undefined).length).toBeLessThan(200)
  expect(found.every((string, index) => string === undefined || string === strings[index])).toBe(true)
})

test('when there are too many strings, all are forgotten', () => {
  const table = new StringTable({ ...unlimited, stringsMax: 2 })
  add(table, 'one', 'two', 'three')

  const found = ['one', 'two', 'three'].map(string => find(table, string))

  expect(found).toEqual([undefined, undefined, 'three'])
})

test('when they have too many bytes, all are forgotten', () => {
  const table = new StringTable({ ...unlimited, bytesMax: 8 })
  add(table, 'one', 'three')
  const atLimit = ['one', 'three'].map(string => find(table, string))

  add(table, 'x')
  const beyond = ['one', 'three', 'x'].map(string => find(table, string))

  expect(atLimit).toEqual(['one', 'three'])
  expect(beyond).toEqual([undefined, undefined, 'x'])
})

test('of strings that collide on purpose it remembers eight', () => {
  const table = new StringTable(unlimited)
  const strings = colliding(12)
  add(table, ...strings)

  const found = strings.map(string => find(table, string))

  expect(found).toEqual([...strings.slice(0, 8), undefined, undefined, undefined, undefined])
})
