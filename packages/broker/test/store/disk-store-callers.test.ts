import { expect, test } from 'vitest'
import { readWholeQueue } from '../support/stored-state.ts'
import { queued } from './store-records.ts'
import { setUp } from './written-store.ts'

test('one that waited and fails harms nobody else', async () => {
  const { log, store, settled } = await setUp()
  const calls: string[] = []
  store.enqueue('client', queued(1))
  store.whenSettled(() => {
    throw new Error('a bug')
  })
  store.whenSettled(() => calls.push('other'))

  await settled()

  expect([calls, store.health.isWritable]).toEqual([['other'], true])
  expect(log.entries.map(({ line }) => line)).toEqual(['error internal error of one that waited for the store'])
})

test('nor does one that fails with what has been read from disk', async () => {
  const { runtime, log, store, settled } = await setUp()
  store.enqueue('client', queued(1))
  await settled()
  await runtime.advance(5_000)
  store.readQueue('client', 0, () => {
    throw new Error('a bug')
  })

  const records = await readWholeQueue(store, 'client')

  expect([records.length, store.health.isWritable]).toEqual([1, true])
  expect(log.entries.map(({ line }) => line)).toEqual(['error internal error of one that waited for the store'])
})
