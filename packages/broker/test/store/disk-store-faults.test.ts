import { afterEach, describe, expect, test, vi } from 'vitest'
import type { RowQuarantine } from '../../src/store/damaged-store.ts'
import { DiskStore } from '../../src/store/disk-store.ts'
import { EngineError } from '../../src/store/engine.ts'
import type { DamagedRow } from '../../src/store/recovery.ts'
import { SequenceList } from '../../src/store/sequence-list.ts'
import { checkStore } from '../../src/store/store-check.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { readWholeQueue } from '../support/stored-state.ts'
import { messageOf } from '../support/subscribers.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { queued, session } from './store-records.ts'
import { setUp } from './written-store.ts'

const lines = (log: RecordingLog): string[] => log.entries.map(({ line }) => line)

describe.each(['before', 'after'] as const)('a write that fails %s it has changed anything', fault => {
  test('settles nothing until the files have been opened anew and it has been written', async () => {
    const { engine, runtime, log, store, settled, found } = await setUp()
    const calls: string[] = []
    engine.nextFault = fault
    store.enqueue('client', queued(1))
    store.whenSettled(() => calls.push('first'))
    await settled()
    store.enqueue('client', queued(2))
    store.whenSettled(() => calls.push('second'))
    await settled()
    expect([calls, store.isSettled, store.health.isWritable]).toEqual([[], false, false])

    await runtime.advance(2_000)

    expect([calls, store.isSettled, store.health.isWritable]).toEqual([['first', 'second'], true, true])
    expect(lines(log)).toEqual([
      'error the store cannot write: nothing is acknowledged that is not stored',
      'info the store can write again',
    ])
    engine.cutPower()
    expect((await found()).sessions[0]!.queue.map(({ sequence }) => sequence)).toEqual([1, 2])
  })

  test('of a checkpoint loses nothing and repeats nothing', async () => {
    const { engine, runtime, store, settled, found } = await setUp()
    const message = messageOf('t', 'x'.repeat(500))
    store.saveSession(session('other'))
    for (const clientId of ['client', 'other']) {
      for (const sequence of [1, 2, 3]) store.enqueue(clientId, queued(sequence, message))
    }
    await settled()
    engine.nextFault = fault
    await runtime.advance(5_000)
    expect(store.health.isWritable).toBe(false)

    const [first] = await readWholeQueue(store, 'client')
    store.dequeue('client', first!)
    store.enqueue('client', queued(4))
    await settled()
    await runtime.advance(20_000)

    expect(store.health.isWritable).toBe(true)
    engine.cutPower()
    const { sessions } = await found()
    expect(sessions.map(({ queue }) => queue.map(({ sequence }) => sequence))).toEqual([
      [2, 3, 4],
      [1, 2, 3],
    ])
  })
})

test('while the files cannot be opened it goes on trying, and says once that it cannot write', async () => {
  const { engine, runtime, log, store, settled } = await setUp()
  engine.nextFault = 'before'
  engine.refusesToOpen = true
  store.enqueue('client', queued(1))
  await settled()
  await runtime.advance(20_000)
  expect([store.isSettled, log.entries.length]).toEqual([false, 1])

  engine.refusesToOpen = false
  await runtime.advance(2_000)

  expect([store.isSettled, store.health]).toEqual([true, { isWritable: true }])
})

test('whoever wants to know of its health hears of each change, and harms nothing by failing', async () => {
  const { engine, runtime, log, store, settled } = await setUp()
  const heard: unknown[] = []
  store.onHealthChange = () => {
    heard.push(store.health)
    throw new Error('a bug')
  }
  engine.nextFault = 'before'
  store.enqueue('client', queued(1))

  await settled()
  await runtime.advance(2_000)

  const failed = { isWritable: false, reason: 'no space left on device' }
  expect([heard, store.isSettled]).toEqual([[failed, { isWritable: true }], true])
  expect(lines(log).filter(line => line.startsWith('error internal'))).toHaveLength(2)
})

test('a store that cannot write says when so much waits that others should', async () => {
  const { engine, store } = await setUp()
  engine.hold()
  const message = messageOf('t', 'x'.repeat(100_000))
  expect(store.isCongested).toBe(false)
  for (let sequence = 0; sequence < 100; sequence++) store.enqueue('client', queued(sequence, message))

  expect(store.isCongested).toBe(true)
})

describe('a change that the catalogue cannot be told of, which is a fault of the broker', () => {
  const fault = () => {
    throw new Error('a bug')
  }
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('stops the store, which names it: what is written stays, is written once, and is there at the next start', async () => {
    const { engine, runtime, log, store, settled, found } = await setUp()
    const calls: string[] = []
    vi.spyOn(SequenceList.prototype, 'add').mockImplementationOnce(fault)
    store.enqueue('client', queued(1))
    store.whenSettled(() => calls.push('first'))
    await settled()
    const rows = engine.rowCount('J')
    store.enqueue('client', queued(2))
    store.whenSettled(() => calls.push('second'))
    await settled()
    await runtime.advance(60_000)

    const reason = 'enqueue of message 1 for Session 1 cannot be applied: a bug'
    expect([calls, store.health]).toEqual([['first'], { isWritable: false, reason }])
    expect(lines(log)).toEqual(['error internal error in the store: it is read-only until the broker starts anew'])
    expect([rows, engine.rowCount('J'), store.isSettled]).toEqual([2, 2, false])
    await store.close()
    expect((await found()).sessions[0]!.queue.map(({ sequence }) => sequence)).toEqual([1])
  })

  test('is put aside with its envelope when it comes again at the next start', async () => {
    const { engine, log, settled, store, found } = await setUp()
    vi.spyOn(SequenceList.prototype, 'add').mockImplementation(fault)
    store.enqueue('client', queued(1))
    await settled()

    const { sessions } = await found()

    expect(sessions.map(({ queue }) => queue.length)).toEqual([0])
    expect(log.entries.at(-1)).toMatchObject({
      line: 'error part of the store is damaged',
      fields: { rows: 1, reasons: ['enqueue of message 1 for Session 1 cannot be applied: a bug'] },
    })
    expect(engine.rowCount('J')).toBe(1)
  })
})

const tables: [what: string, table: string, left: { sessions: number; queue: number; retained: number }][] = [
  ['a Session', 'S', { sessions: 0, queue: 0, retained: 1 }],
  ['what is left of a segment', 'G', { sessions: 1, queue: 0, retained: 1 }],
  ['a retained message', 'R', { sessions: 1, queue: 1, retained: 0 }],
]
test.each(tables)('%s that is damaged is put aside, and the rest is what is left', async (_, table, left) => {
  const kept: DamagedRow[] = []
  const quarantine = async (rows: readonly DamagedRow[]) => {
    kept.push(...rows)
    return 'somewhere'
  }
  const { engine, runtime, log, store, settled, found } = await setUp({ quarantine })
  store.enqueue('client', queued(1))
  store.saveRetained('t', messageOf('t', 'x', { qos: 1 }))
  await settled()
  await runtime.advance(5_000)
  const row = engine.entries(table)[0]!
  engine.damage(row)

  const { sessions, retained } = await found()

  const count = { sessions: sessions.length, queue: sessions[0]?.queue.length ?? 0, retained: retained.length }
  expect(count).toEqual(left)
  expect(kept[0]).toMatchObject({ reason: 'the checksum of a record is wrong' })
  expect(lines(log)).toEqual(['error part of the store is damaged'])
  expect(engine.rowCount(table)).toBe(0)
})

/** A store with 300 messages of one Session, of which the segment with the first 256 is damaged. */
async function withDamagedSegment(quarantine: RowQuarantine) {
  const it = await setUp({ quarantine })
  for (let sequence = 0; sequence < 300; sequence++) it.store.enqueue('client', queued(sequence))
  await it.settled()
  await it.runtime.advance(5_000)
  it.engine.damage(it.engine.entries('Q')[0]!)
  return it
}

test('a segment that is damaged is reported when it is read, and what lies behind it is read', async () => {
  const kept: DamagedRow[] = []
  const quarantine = async (rows: readonly DamagedRow[]) => {
    kept.push(...rows)
    return 'somewhere'
  }
  const { log, store } = await withDamagedSegment(quarantine)

  const records = await readWholeQueue(store, 'client')

  expect(records.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 44 }, (_, index) => 256 + index))
  expect([kept.length, lines(log)]).toEqual([1, ['error queued messages are damaged']])
})

test('a damaged segment is left out of what is read, though there is no room to put it aside', async () => {
  const quarantine = () => Promise.reject(new Error('no space left on device'))
  const { log, store } = await withDamagedSegment(quarantine)

  const records = await readWholeQueue(store, 'client')

  expect([records.length, lines(log)]).toEqual([44, ['error queued messages are damaged']])
})

const bodyFaults: [what: string, harm: (engine: MemoryEngine) => void | Promise<void>][] = [
  ['damaged', engine => engine.damage(engine.entries('B')[0]!)],
  ['missing', engine => engine.write([{ key: engine.entries('B')[0]!.key, value: undefined }], true)],
]
test.each(bodyFaults)('a shared body that is %s takes the messages with it, and no others', async (_, harm) => {
  const kept: DamagedRow[] = []
  const quarantine = async (rows: readonly DamagedRow[]) => {
    kept.push(...rows)
    return 'somewhere'
  }
  const { engine, runtime, log, store, settled } = await setUp({ quarantine })
  store.saveSession(session('other'))
  const [first, second] = [messageOf('t', 'x'.repeat(500)), messageOf('t', 'y'.repeat(500))]
  for (const clientId of ['client', 'other']) {
    store.enqueue(clientId, queued(1, first))
    store.enqueue(clientId, queued(2, second))
    store.enqueue(clientId, queued(3))
  }
  await settled()
  await runtime.advance(5_000)
  await harm(engine)

  const records = await readWholeQueue(store, 'client')

  expect(records.map(({ sequence }) => sequence)).toEqual([2, 3])
  expect([kept.length, lines(log)]).toEqual([1, ['error queued messages are damaged']])
  for (const clientId of ['client', 'other']) store.deleteSession(clientId)
  await settled()
  await runtime.advance(10_000)
  expect(['B', 'C', 'Q', 'G'].map(table => engine.rowCount(table))).toEqual([0, 0, 0, 0])
})

test('a damaged segment keeps nobody from making checkpoints, of its Session or without it', async () => {
  const { engine, runtime, store, settled, found } = await setUp()
  for (let sequence = 0; sequence < 8; sequence++) {
    store.enqueue('client', queued(sequence))
    await settled()
    await runtime.advance(5_000)
  }
  engine.damage(engine.entries('Q')[2]!)
  store.enqueue('client', queued(8))
  await settled()
  await runtime.advance(10_000)

  expect([store.health.isWritable, engine.rowCount('J')]).toEqual([true, 0])
  const { sessions } = await found()
  expect(sessions[0]!.queue.map(({ sequence }) => sequence)).toEqual([0, 1, 3, 4, 5, 6, 7, 8])
  store.deleteSession('client')
  await settled()
  await runtime.advance(10_000)
  expect(['J', 'Q', 'G'].map(table => engine.rowCount(table))).toEqual([0, 0, 0])
})

test('a damaged count of references keeps nobody from making checkpoints, and the message from nobody', async () => {
  const { engine, runtime, log, store, settled, found } = await setUp()
  const message = messageOf('t', 'x'.repeat(500))
  store.saveSession(session('other'))
  const record = queued(1, message)
  store.enqueue('client', record)
  store.enqueue('other', queued(1, message))
  await settled()
  await runtime.advance(5_000)
  engine.damage(engine.entries('C')[0]!)
  store.dequeue('client', record)
  await settled()
  await runtime.advance(1_000)
  await runtime.advance(5_000)

  expect([store.health.isWritable, engine.rowCount('J')]).toEqual([true, 0])
  expect(lines(log)).toEqual(['error how many queues share a message must be counted anew'])
  expect((await found()).sessions.map(({ queue }) => queue.length)).toEqual([0, 1])
  const { faults } = await checkStore(engine, runtime)
  expect(faults.map(({ place }) => place)).toEqual(['references to body 1', 'body 1'])
})

const jumps: [what: string, ...byMs: number[]][] = [
  ['forwards', 86_400_000],
  ['back', -86_400_000],
  ['forwards twice', 86_400_000, 3_600_000],
  ['forwards and back', 86_400_000, -90_000_000],
  ['back and forwards', -86_400_000, 90_000_000],
]
test.each(jumps)('a wall clock that jumps %s changes nothing of when waiting messages expire', async (_, ...byMs) => {
  const { runtime, store, settled } = await setUp()
  const moments: number[] = []
  const enqueue = async () => {
    const expiresAt = runtime.monotonicMs() + 60_000
    store.enqueue('client', queued(moments.push(expiresAt), messageOf('t', 'x', { expiresAt })))
    await settled()
    await runtime.advance(6_000)
  }
  await enqueue()

  for (const jumpMs of byMs) {
    runtime.wallClockOffsetMs += jumpMs
    await enqueue()
  }

  const records = await readWholeQueue(store, 'client')
  expect(records.map(({ message }) => message.expiresAt)).toEqual(moments)
})

test('a store whose own row is damaged goes on without using a number twice', async () => {
  const { engine, runtime, store, settled, found, log } = await setUp()
  const message = messageOf('t', 'x'.repeat(500))
  store.saveSession(session('other'))
  for (const clientId of ['client', 'other']) store.enqueue(clientId, queued(1, message))
  await settled()
  await runtime.advance(5_000)
  engine.damage(engine.entries('M')[0]!)
  const next = new DiskStore({ engine, runtime, log, durability: 'always' })
  await next.load()
  const second = messageOf('t', 'y'.repeat(500))
  for (const clientId of ['client', 'other']) next.enqueue(clientId, queued(2, second))
  next.commit()
  await runtime.settle()
  await runtime.advance(5_000)

  expect(engine.rowCount('B')).toBe(2)
  const texts = (await found()).sessions.map(({ queue }) => queue.map(record => record.message.payload[0]))
  expect(texts).toEqual([
    [0x78, 0x79],
    [0x78, 0x79],
  ])
})

test('a Session whose progress is damaged gives no sequence twice', async () => {
  const { engine, runtime, store, settled, found } = await setUp()
  for (const sequence of [1, 2, 3]) store.enqueue('client', queued(sequence))
  await settled()
  await runtime.advance(5_000)
  engine.damage(engine.entries('P')[0]!)

  expect((await found()).sessions[0]!.backlog.nextSequence).toBe(4)
})

test('a damaged envelope is put aside, and the others count', async () => {
  const { engine, log, store, settled, found } = await setUp()
  for (const sequence of [1, 2, 3]) {
    store.enqueue('client', queued(sequence))
    await settled()
  }
  engine.damage(engine.entries('J')[2]!)

  expect((await found()).sessions[0]!.queue.map(({ sequence }) => sequence)).toEqual([1, 3])
  expect(lines(log)).toEqual(['error part of the store is damaged'])
})

test('an engine that cannot be opened is the caller’s to deal with', async () => {
  const engine = new MemoryEngine()
  engine.refusesToOpen = true
  const store = new DiskStore({ engine, runtime: new VirtualRuntime(), log: new RecordingLog(), durability: 'always' })

  await expect(store.load()).rejects.toThrow(EngineError)
})
