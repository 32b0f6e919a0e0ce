import { expect, test } from 'vitest'
import { WriterPool } from '../../src/connection/writer-pool.ts'

test('a writer that is given back is lent out again, empty', () => {
  const pool = new WriterPool()
  const writer = pool.take()
  writer.byte(1)

  pool.give(writer)
  const again = pool.take()

  expect(again).toBe(writer)
  expect(again.position).toBe(0)
  expect(pool.take()).not.toBe(writer)
})

test('a writer that one turn has made large is not kept', () => {
  const pool = new WriterPool()
  const writer = pool.take()
  writer.ensure(262_145)

  pool.give(writer)

  expect(pool.take()).not.toBe(writer)
})

test('the writers that are kept are 16 MiB at most', () => {
  const pool = new WriterPool()
  const lent = Array.from({ length: 200 }, () => pool.take())
  for (const writer of lent) writer.ensure(262_144)

  for (const writer of lent) pool.give(writer)
  const kept = lent.filter(() => pool.take().bytes.length >= 262_144)

  expect(kept).toHaveLength(16_777_216 / 262_144)
})
