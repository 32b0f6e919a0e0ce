import { expect, test } from 'vitest'
import { messageOf } from '../support/subscribers.ts'
import { queued } from './store-records.ts'
import { sequencesOf, setUp } from './written-store.ts'

test('a long envelope is several rows in one write, so that none takes the event loop for long', async () => {
  const { engine, enqueue, settled, found } = await setUp()
  const records = enqueue(...Array.from({ length: 2_500 }, (_, index) => index))

  await settled()

  expect(engine.writes).toEqual([{ count: 3, isSynced: true }])
  expect(sequencesOf((await found()).sessions[0]!.queue)).toEqual(sequencesOf(records))
})

test('an envelope of many bytes is several rows as well', async () => {
  const { engine, store, settled } = await setUp()
  const message = messageOf('t', 'x'.repeat(100_000), { qos: 1 })
  for (let sequence = 0; sequence < 4; sequence++) store.enqueue('client', queued(sequence, message))

  await settled()

  expect(engine.writes).toEqual([{ count: 2, isSynced: true }])
})

test('an envelope of several rows is read while it becomes part of the catalogue', async () => {
  const { enqueue, store, settled, runtime } = await setUp()
  const records = enqueue(...Array.from({ length: 2_500 }, (_, index) => index))
  const pages: number[][] = []
  store.whenSettled(() => {
    const readOn = () => store.readQueue('client', 0, page => pages.push(sequencesOf(page)))
    readOn()
    runtime.atEndOfTurn(readOn)
  })

  await settled()

  expect(pages).toEqual([sequencesOf(records), sequencesOf(records)])
})

test('what nobody waits for is written at once when there is much of it', async () => {
  const { engine, enqueue, store, settled, runtime } = await setUp()
  const records = enqueue(...Array.from({ length: 5_000 }, (_, index) => index))
  await settled()
  engine.writes.length = 0

  for (const record of records.slice(0, 4_095)) store.dequeue('client', record)
  store.commit()
  await runtime.settle()
  expect(engine.writes).toEqual([])
  store.dequeue('client', records[4_095]!)
  store.commit()
  await runtime.settle()

  expect(engine.writes).toEqual([{ count: 5, isSynced: false }])
})

test('so many small changes wait for the disk at most before whoever brings more is made to wait', async () => {
  const { engine, store, runtime } = await setUp()
  engine.hold()
  store.acceptIncoming('client', 1)
  store.commit()
  await runtime.settle()

  for (let count = 0; count < 32_768; count++) store.acceptIncoming('client', 2)
  expect(store.isCongested).toBe(false)
  store.acceptIncoming('client', 2)

  expect(store.isCongested).toBe(true)
  engine.release()
})
