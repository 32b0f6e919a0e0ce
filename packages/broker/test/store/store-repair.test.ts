import { PacketWriter } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import type { RowQuarantine } from '../../src/store/damaged-store.ts'
import { markImport } from '../../src/store/import-mark.ts'
import { clocksOf } from '../../src/store/records.ts'
import type { DamagedRow } from '../../src/store/recovery.ts'
import { readRemainder, rowOf, writeReferences, writeRemainder, writeSegment } from '../../src/store/rows.ts'
import { checkStore } from '../../src/store/store-check.ts'
import { repairStore } from '../../src/store/store-repair.ts'
import { diskStore, fill, settled } from '../support/filled-store.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { readState } from '../support/stored-state.ts'
import { queued, session } from './store-records.ts'

/** What `fill` has stored, all of it in rows. */
async function closedStore(): Promise<MemoryEngine> {
  const engine = new MemoryEngine()
  const store = diskStore(engine)
  await store.load()
  await fill(store)
  await store.close()
  return engine
}

/** Repairs a store. @returns what was done, the keys in quarantine, and the faults that are left */
async function repair(engine: MemoryEngine) {
  const kept: DamagedRow[] = []
  const quarantine: RowQuarantine = async rows => {
    kept.push(...rows)
    return 'quarantine'
  }
  const steps = await repairStore({ engine, runtime: nodeRuntime, log: new RecordingLog(), quarantine })
  const { faults } = await checkStore(engine, nodeRuntime)
  const keys = kept.map(({ key }) => Buffer.from(key).toString('hex'))
  return { steps: steps.map(({ place, action }) => `${place}: ${action}`), keys, faults }
}

/** The sequences that wait in the queue of each Session. */
async function queuesOf(engine: MemoryEngine): Promise<Record<string, number[]>> {
  const { sessions } = await readState(diskStore(engine))
  return Object.fromEntries(
    sessions.map(({ clientId, queue }) => [clientId, queue.map(({ sequence }) => sequence)] as const),
  )
}

const whole = { full: [3, 5, 6, 7, 8], other: [0] }

/** Keys of what `fill` stores. */
const keys = {
  meta: '4d',
  session: '5300000001',
  progress: '5000000001',
  subscription: '55000000017a2f2b',
  segment: '5100000001000000000003',
  remainder: '4700000001000000000003',
  otherSegment: '5100000002000000000000',
  body: '42000000000001',
  references: '43000000000001',
  retained: '52722f31',
} as const

test('a store without faults stays as it is', async () => {
  const engine = await closedStore()
  const rows = new Map(engine.rows)

  expect(await repair(engine)).toEqual({ steps: [], keys: [], faults: [] })
  expect(engine.rows).toEqual(rows)
})

describe('a damaged row is put aside, and the rest is whole', () => {
  const cases: [name: keyof typeof keys, queues: Record<string, number[]>][] = [
    ['session', { other: [0] }],
    ['progress', whole],
    ['subscription', whole],
    ['segment', { full: [], other: [0] }],
    ['remainder', whole],
    ['body', { full: [3, 5, 6, 8], other: [] }],
    ['references', whole],
    ['retained', whole],
    ['meta', whole],
  ]
  for (const [name, queues] of cases) {
    test(name, async () => {
      const engine = await closedStore()
      engine.rows.get(keys[name])!.set([0xff], engine.rows.get(keys[name])!.length - 1)
      engine.rows.get(keys[name])![3]! ^= 1

      const { keys: kept, faults } = await repair(engine)

      expect(faults).toEqual([])
      expect(kept).toContain(keys[name])
      expect(await queuesOf(engine)).toMatchObject(queues)
      expect((await repair(engine)).steps).toEqual([])
    })

    test(`${name}, missing`, async () => {
      const engine = await closedStore()
      engine.rows.delete(keys[name])

      const { faults } = await repair(engine)

      expect(faults).toEqual([])
      expect(await queuesOf(engine)).toMatchObject(queues)
    })
  }
})

describe('a row that goes on behind its end is put aside', () => {
  for (const name of Object.keys(keys) as (keyof typeof keys)[]) {
    test(name, async () => {
      const engine = await closedStore()
      const longer = Uint8Array.of(...engine.rows.get(keys[name])!.subarray(5), 0)
      engine.rows.set(
        keys[name],
        rowOf(new PacketWriter(), writer => writer.copy(longer, 0, longer.length)),
      )

      const { keys: kept, faults } = await repair(engine)

      expect([kept.includes(keys[name]), faults]).toEqual([true, []])
    })
  }
})

describe('of two Sessions of one Client the later one stays', () => {
  test('in rows', async () => {
    const engine = await closedStore()
    engine.rows.set('5300000002', engine.rows.get(keys.session)!)

    const { steps, faults } = await repair(engine)

    expect(steps[0]).toBe('Session 1: put aside: its Client "full" has a later one')
    expect([faults, await queuesOf(engine)]).toEqual([[], { full: [0], empty: [] }])
  })

  test('where the envelope was lost that deleted the other', async () => {
    const engine = await closedStore()
    const store = diskStore(engine)
    await store.load()
    store.deleteSession('other')
    await settled(store)
    store.saveSession(session('other'))
    store.enqueue('other', queued(0))
    await settled(store)
    engine.rows.delete('4a000000000002')
    const started = engine.afterKill()

    const { faults: before } = await checkStore(engine, nodeRuntime)
    const { faults } = await repair(engine)

    expect(before).toEqual([{ place: 'Session 2', problem: 'its Client "other" has a later one' }])
    expect([faults, await queuesOf(engine)]).toEqual([[], expect.objectContaining(whole)])
    expect(await queuesOf(started)).toEqual({ ...whole, empty: [] })
  })
})

test('a segment that begins before another one ends is put aside', async () => {
  const engine = await closedStore()
  const records = [queued(2), queued(5)]
  engine.rows.set(
    '5100000001000000000002',
    rowOf(new PacketWriter(), writer => writeSegment(writer, records, clocksOf(nodeRuntime))),
  )

  const { keys: kept, faults } = await repair(engine)

  expect([kept, faults]).toEqual([[keys.segment, keys.remainder], []])
})

describe('what does not agree is told anew', () => {
  test('a number of references', async () => {
    const engine = await closedStore()
    engine.rows.set(
      keys.references,
      rowOf(new PacketWriter(), writer => writeReferences(writer, 5)),
    )

    const outcome = await repair(engine)

    expect(outcome).toEqual({ steps: ['body 1: counted anew: 2 messages refer to it'], keys: [], faults: [] })
  })

  test('what is left of a segment', async () => {
    const engine = await closedStore()
    const remainder = readRemainder(engine.rows.get(keys.remainder)!, 3)
    const wrong = { ...remainder, last: 9, count: 4, bytes: 1 }
    engine.rows.set(
      keys.remainder,
      rowOf(new PacketWriter(), writer => writeRemainder(writer, wrong)),
    )

    const { faults } = await repair(engine)

    expect([faults, await queuesOf(engine)]).toEqual([[], expect.objectContaining(whole)])
  })
})

test('rows that belong to nothing are put aside', async () => {
  const engine = await closedStore()
  for (const key of ['00', '58aa', '5100']) engine.rows.set(key, new Uint8Array(9))
  engine.rows.set('42000000000009', engine.rows.get(keys.body)!)
  engine.rows.set('43000000000009', engine.rows.get(keys.references)!)

  const { keys: kept, faults } = await repair(engine)

  expect([kept.sort(), faults]).toEqual([['00', '42000000000009', '43000000000009', '5100', '58aa'], []])
})

test('nothing is taken out that could not be put aside', async () => {
  const engine = await closedStore()
  engine.rows.get(keys.retained)![9]! ^= 1
  const rows = new Map(engine.rows)

  const quarantine = () => Promise.reject(new Error('no space'))
  await expect(repairStore({ engine, runtime: nodeRuntime, log: new RecordingLog(), quarantine })).rejects.toThrow(
    'no space',
  )

  expect(engine.rows).toEqual(rows)
})

test('an import that was interrupted counts as over', async () => {
  const engine = await closedStore()
  await markImport(engine, 'state.jsonl')
  await expect(diskStore(engine).load()).rejects.toThrow('an import of state.jsonl into the store was interrupted')

  const { steps, faults } = await repair(engine)

  expect([steps, faults]).toEqual([['the store: kept the part that is there of an import of state.jsonl'], []])
  expect(await queuesOf(engine)).toMatchObject(whole)
})
