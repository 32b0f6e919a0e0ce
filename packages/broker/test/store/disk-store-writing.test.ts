import { expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { readWholeQueue } from '../support/stored-state.ts'
import { messageOf } from '../support/subscribers.ts'
import { hostTurn } from '../support/virtual-runtime.ts'
import { queued, session } from './store-records.ts'
import { sequencesOf, setUp } from './written-store.ts'

/** Whether the store has settled, and whom it has called. */
function watch(store: Store): string[] {
  const calls: string[] = []
  store.whenSettled(() => calls.push('settled'))
  return calls
}

test('a turn is one write that waits for the disk, whatever it changes', async () => {
  const { engine, enqueue, store, settled } = await setUp()
  enqueue(1, 2, 3)
  store.acceptIncoming('client', 7)
  store.saveRetained('t', messageOf('t', 'x', { qos: 1 }))

  await settled()

  expect(engine.writes).toEqual([{ count: 1, isSynced: true }])
})

test('turns that end while the disk works share the next write', async () => {
  const { engine, enqueue, store, runtime } = await setUp()
  engine.hold()
  for (let turn = 0; turn < 50; turn++) {
    enqueue(turn)
    store.commit()
    await hostTurn()
  }
  const calls = watch(store)

  engine.release()
  await runtime.settle()

  expect([engine.writes.length, calls, store.isSettled]).toEqual([2, ['settled'], true])
})

test('nothing settles in the middle of a turn that has not been committed', async () => {
  const { enqueue, store, runtime } = await setUp()
  enqueue(1)
  const calls = watch(store)

  await runtime.settle()

  expect([calls, store.isSettled]).toEqual([[], false])
})

test('a message that is finished before it is written is not written at all', async () => {
  const { engine, enqueue, store, settled } = await setUp()
  const [first] = enqueue(1)
  store.dequeue('client', first!)
  const calls = watch(store)

  await settled()

  expect([engine.writes, calls, store.counters.elided]).toEqual([[], ['settled'], 1])
})

test('that holds for one that has been released too', async () => {
  const { enqueue, store, settled, found } = await setUp()
  const [first] = enqueue(1)
  store.release('client', first!)
  store.dequeue('client', first!)
  await settled()

  expect((await found()).sessions[0]!.backlog).toMatchObject({ count: 0, lastReleased: -1 })
})

test('what nobody waits for is written after a while, without waiting for the disk', async () => {
  const { engine, enqueue, store, settled, runtime, found } = await setUp()
  const [first, second] = enqueue(1, 2)
  await settled()
  engine.writes.length = 0

  store.dequeue('client', first!)
  store.saveRetained('t', messageOf('t', 'x'))
  await settled()
  expect([engine.writes, store.isSettled]).toEqual([[], true])
  await runtime.advance(500)

  expect(engine.writes).toEqual([{ count: 1, isSynced: false }])
  const { sessions, retained } = await found()
  expect([sequencesOf(sessions[0]!.queue), retained.length]).toEqual([[second!.sequence], 1])
})

test('always: what has settled is there after a power cut', async () => {
  const { engine, enqueue, settled, found, runtime } = await setUp()
  for (let sequence = 0; sequence < 20; sequence++) {
    enqueue(sequence)
    await settled()
    if (sequence % 7 === 0) await runtime.advance(6_000) // a checkpoint
  }

  engine.cutPower()

  expect(sequencesOf((await found()).sessions[0]!.queue)).toEqual(Array.from({ length: 20 }, (_, index) => index))
})

test('interval: what has settled is there when the process ends, and after a second when the power goes', async () => {
  const { engine, enqueue, settled, found, runtime } = await setUp({ durability: 'interval' })
  enqueue(1)
  await settled()
  expect(engine.writes).toEqual([{ count: 1, isSynced: false }])
  expect(sequencesOf((await found()).sessions[0]!.queue)).toEqual([1])
  await runtime.advance(1_000)

  engine.cutPower()

  expect(sequencesOf((await found()).sessions[0]!.queue)).toEqual([1])
})

test('a checkpoint replaces the journal by rows', async () => {
  const { engine, enqueue, settled, store, runtime, found } = await setUp()
  for (let sequence = 0; sequence < 600; sequence++) enqueue(sequence)
  await settled()
  expect([engine.rowCount('J'), engine.rowCount('Q')]).toEqual([2, 0])

  await runtime.advance(5_000)

  // 600 messages in segments of 256.
  expect([engine.rowCount('J'), engine.rowCount('Q'), engine.rowCount('G')]).toEqual([0, 3, 3])
  expect((await readWholeQueue(store, 'client')).length).toBe(600)
  expect((await found()).sessions[0]!.queue.length).toBe(600)
})

test('a segment goes when the last of its messages has gone', async () => {
  const { engine, enqueue, store, checkpoint } = await setUp()
  enqueue(...Array.from({ length: 300 }, (_, index) => index))
  await checkpoint()
  for (const record of (await readWholeQueue(store, 'client')).slice(0, 299)) store.dequeue('client', record)
  await checkpoint()
  expect(engine.rowCount('Q')).toBe(1)

  for (const record of await readWholeQueue(store, 'client')) store.dequeue('client', record)
  await checkpoint()

  expect([engine.rowCount('Q'), engine.rowCount('G')]).toEqual([0, 0])
})

test('short segments are joined, so that a device that is sent a message now and then has few', async () => {
  const { engine, enqueue, found, checkpoint } = await setUp()
  for (let sequence = 0; sequence < 100; sequence++) {
    enqueue(sequence)
    await checkpoint()
  }

  expect(engine.rowCount('Q')).toBeLessThan(12)
  expect(sequencesOf((await found()).sessions[0]!.queue)).toEqual(Array.from({ length: 100 }, (_, index) => index))
})

test('a large message that many Sessions queue is stored once, until the last of them is done with it', async () => {
  const { engine, store, found, checkpoint } = await setUp()
  const message = messageOf('t', 'x'.repeat(1_000))
  const clientIds = Array.from({ length: 10 }, (_, index) => `client ${index}`)
  for (const clientId of clientIds) {
    store.saveSession(session(clientId))
    store.enqueue(clientId, queued(1, message))
  }
  await checkpoint()
  expect([engine.rowCount('B'), engine.rowCount('C')]).toEqual([1, 1])
  const texts = (await found()).sessions.flatMap(({ queue }) => queue.map(record => record.message.payloadLength))
  expect(texts).toEqual(clientIds.map(() => 1_000))

  store.deleteSession(clientIds[0]!)
  for (const clientId of clientIds.slice(1)) {
    for (const record of await readWholeQueue(store, clientId)) store.dequeue(clientId, record)
  }
  await checkpoint()

  expect([engine.rowCount('B'), engine.rowCount('C'), engine.rowCount('Q')]).toEqual([0, 0, 0])
})

test('a shared message goes too when it is finished while the checkpoint is made that stores it', async () => {
  const { engine, store, runtime, checkpoint } = await setUp()
  const message = messageOf('t', 'x'.repeat(1_000))
  const records = ['one', 'two'].map(clientId => {
    const record = queued(1, message)
    store.saveSession(session(clientId))
    store.enqueue(clientId, record)
    return { clientId, record }
  })
  store.commit()
  await runtime.settle()
  engine.hold()
  await runtime.advance(5_000)
  for (const { clientId, record } of records) store.dequeue(clientId, record)
  engine.release()
  await checkpoint()
  await checkpoint()

  expect(['Q', 'B', 'C'].map(table => engine.rowCount(table))).toEqual([0, 0, 0])
})

test('a shared message goes too when it was finished before the checkpoint, and that was not written yet', async () => {
  const { engine, store, runtime, checkpoint } = await setUp()
  const message = messageOf('t', 'x'.repeat(1_000))
  const records = ['one', 'two'].map(clientId => {
    const record = queued(1, message)
    store.saveSession(session(clientId))
    store.enqueue(clientId, record)
    return { clientId, record }
  })
  store.commit()
  await runtime.settle()
  await runtime.advance(4_900)
  for (const { clientId, record } of records) store.dequeue(clientId, record)
  await runtime.advance(200)
  await checkpoint()
  await checkpoint()

  expect(['Q', 'B', 'C'].map(table => engine.rowCount(table))).toEqual([0, 0, 0])
})

test('a segment can be read though what is gone of it had a body that is gone too', async () => {
  const { engine, store, checkpoint } = await setUp()
  const messages = [1, 2, 3].map(sequence => messageOf('t', `${sequence}`.repeat(1_000)))
  for (const clientId of ['one', 'two']) {
    store.saveSession(session(clientId))
    for (const [index, message] of messages.entries()) store.enqueue(clientId, queued(index, message))
  }
  await checkpoint()
  for (const clientId of ['one', 'two']) store.dequeue(clientId, (await readWholeQueue(store, clientId))[1]!)
  await checkpoint()
  expect(engine.rowCount('B')).toBe(2)

  expect(sequencesOf(await readWholeQueue(store, 'one'))).toEqual([0, 2])
})

test('what has been finished is not read again, whether that is written yet or not', async () => {
  const { engine, enqueue, store, runtime, checkpoint } = await setUp()
  enqueue(0, 1, 2, 3)
  await checkpoint()
  const records = await readWholeQueue(store, 'client')
  enqueue(4, 5)
  store.dequeue('client', records[0]!)
  store.commit()
  engine.hold()
  await hostTurn()
  const [, ...others] = enqueue(6, 7)
  store.dequeue('client', records[1]!)

  expect(sequencesOf(await readWholeQueue(store, 'client'))).toEqual([2, 3, 4, 5, 6, 7])
  store.dequeue('client', others[0]!)
  expect(sequencesOf(await readWholeQueue(store, 'client'))).toEqual([2, 3, 4, 5, 6])

  engine.release()
  await runtime.settle()
  expect(sequencesOf(await readWholeQueue(store, 'client'))).toEqual([2, 3, 4, 5, 6])
})

test('what a checkpoint moves while it is read is found where it goes', async () => {
  const { engine, enqueue, store, checkpoint } = await setUp()
  for (let sequence = 0; sequence < 8; sequence++) {
    enqueue(sequence)
    await checkpoint()
  }
  expect(engine.rowCount('Q')).toBe(8)
  enqueue(8)
  engine.onWritten = count => {
    if (count < 10) return // an envelope
    // The rows have changed, and the store does not know it yet.
    engine.onWritten = undefined
    store.readQueue('client', 0, records => pages.push(sequencesOf(records)))
  }
  const pages: number[][] = []

  await checkpoint()

  expect(engine.rowCount('Q')).toBe(1)
  expect(pages).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8]])
})

test('a deleted Session leaves no row', async () => {
  const { engine, enqueue, store, checkpoint } = await setUp()
  enqueue(...Array.from({ length: 600 }, (_, index) => index))
  for (let index = 0; index < 2_500; index++) {
    const options = {
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
      identifier: undefined,
    } as const
    store.saveSubscription('client', { filter: `f/${index}`, ...options })
  }
  await checkpoint()
  expect([engine.rowCount('S'), engine.rowCount('U'), engine.rowCount('Q')]).toEqual([1, 2_500, 3])

  store.deleteSession('client')
  await checkpoint()

  expect(['S', 'P', 'U', 'Q', 'G', 'J'].map(table => engine.rowCount(table))).toEqual([0, 0, 0, 0, 0, 0])
})
