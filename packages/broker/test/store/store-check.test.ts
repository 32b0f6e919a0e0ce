import { PacketWriter } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import { EngineError } from '../../src/store/engine.ts'
import { StoreFormatError } from '../../src/store/migrations.ts'
import { readMeta, readRemainder, rowOf, writeMeta, writeReferences, writeRemainder } from '../../src/store/rows.ts'
import { checkStore } from '../../src/store/store-check.ts'
import { diskStore, fill } from '../support/filled-store.ts'
import { MemoryEngine } from '../support/memory-engine.ts'

/** What `fill` has stored, all of it in rows. */
async function closedStore(): Promise<MemoryEngine> {
  const engine = new MemoryEngine()
  const store = diskStore(engine)
  await store.load()
  await fill(store)
  await store.close()
  return engine
}

/** The same in an envelope of the journal. */
async function killedStore(): Promise<MemoryEngine> {
  const engine = new MemoryEngine()
  const store = diskStore(engine)
  await store.load()
  await fill(store)
  return engine
}

async function faultsOf(engine: MemoryEngine): Promise<string[]> {
  const { faults } = await checkStore(engine, nodeRuntime)
  return faults.map(({ place, problem }) => `${place}: ${problem}`)
}

/** Keys of what `fill` stores; the Sessions have the numbers 1 to 3. */
const keys = {
  meta: '4d',
  session: '5300000001',
  progress: '5000000001',
  subscription: '55000000017a2f2b',
  segment: '5100000001000000000003',
  remainder: '4700000001000000000003',
  otherSegment: '5100000002000000000000',
  otherRemainder: '4700000002000000000000',
  body: '42000000000001',
  references: '43000000000001',
  retained: '52722f31',
} as const

const counts = { sessions: 3, subscriptions: 3, queued: 6, incoming: 2, retained: 2 }

test('a store that was closed is without faults', async () => {
  const report = await checkStore(await closedStore(), nodeRuntime)

  expect(report).toEqual({ format: 1, counts: { ...counts, envelopes: 0 }, rowCount: 17, faults: [], faultCount: 0 })
})

test('a store that is all journal is without faults', async () => {
  const report = await checkStore(await killedStore(), nodeRuntime)

  expect(report).toEqual({ format: 1, counts: { ...counts, envelopes: 1 }, rowCount: 2, faults: [], faultCount: 0 })
})

test('a store in which there is nothing yet is without faults', async () => {
  const report = await checkStore(new MemoryEngine(), nodeRuntime)

  expect([report.rowCount, report.faultCount]).toEqual([0, 0])
})

describe('a flipped bit', () => {
  const wrong = 'the checksum of a record is wrong'
  const places: [name: keyof typeof keys, ...faults: string[]][] = [
    ['session', `Session 1: ${wrong}`],
    ['progress', `progress of Session 1: ${wrong}`],
    ['subscription', `Subscription "z/+" of Session 1: ${wrong}`],
    ['segment', `segment 3 of Session 1: ${wrong}`],
    ['remainder', `remainder of segment 3 of Session 1: ${wrong}`],
    ['body', `body 1: ${wrong}`],
    ['references', `references to body 1: ${wrong}`],
    ['retained', `retained message of "r/1": ${wrong}`],
    ['meta', `the row about the store: ${wrong}`],
  ]
  for (const [name, ...faults] of places) {
    test(`in the row ${name} is found`, async () => {
      const engine = await closedStore()
      const value = engine.rows.get(keys[name])!
      value[value.length - 1]! ^= 0x10

      expect(await faultsOf(engine)).toEqual(expect.arrayContaining(faults))
    })
  }

  test('in an envelope is found', async () => {
    const engine = await killedStore()
    engine.rows.get('4a000000000001')![50]! ^= 1

    expect(await faultsOf(engine)).toEqual([`envelope 1: ${wrong}`])
  })

  test('in the version of a row is found', async () => {
    const engine = await closedStore()
    engine.rows.get(keys.retained)![0]! ^= 2

    expect(await faultsOf(engine)).toEqual(['retained message of "r/1": a record has version 3; this program knows 1'])
  })
})

describe('what is missing', () => {
  const missing: [name: keyof typeof keys, ...faults: string[]][] = [
    [
      'body',
      'segment 3 of Session 1: message 7 refers to body 1, which is missing',
      'segment 0 of Session 2: message 0 refers to body 1, which is missing',
      'body 1: it is missing, but counted',
    ],
    ['references', 'body 1: its number of references is missing'],
    [
      'otherSegment',
      'segment 0 of Session 2: it is missing, with 1 messages',
      'body 1: 1 messages refer to it, and 2 are counted',
    ],
    [
      'otherRemainder',
      'segment 0 of Session 2: nothing says what is left of it: it is an orphan',
      'body 1: 1 messages refer to it, and 2 are counted',
    ],
    ['progress', 'Session 1: the next sequence is 0, but 8 is in use'],
    ['meta', 'the row about the store: it is missing'],
    [
      'session',
      'progress of Session 1: there is no Session 1: it is an orphan',
      'Subscription "$share/group/a/#" of Session 1: there is no Session 1: it is an orphan',
      'Subscription "z/+" of Session 1: there is no Session 1: it is an orphan',
      'remainder of segment 3 of Session 1: there is no Session 1: it is an orphan',
      'segment 3 of Session 1: there is no Session 1: it is an orphan',
      'body 1: 1 messages refer to it, and 2 are counted',
    ],
  ]
  for (const [name, ...faults] of missing) {
    test(`is found: the row ${name}`, async () => {
      const engine = await closedStore()
      engine.rows.delete(keys[name])

      expect(await faultsOf(engine)).toEqual(faults)
    })
  }
})

describe('what does not agree is found', () => {
  test('a wrong number of references', async () => {
    const engine = await closedStore()
    engine.rows.set(
      keys.references,
      rowOf(new PacketWriter(), writer => writeReferences(writer, 5)),
    )

    expect(await faultsOf(engine)).toEqual(['body 1: 2 messages refer to it, and 5 are counted'])
  })

  test('a body that nothing refers to', async () => {
    const engine = await closedStore()
    engine.rows.set('42000000000009', engine.rows.get(keys.body)!)
    engine.rows.set('43000000000009', engine.rows.get(keys.references)!)

    expect(await faultsOf(engine)).toEqual(['body 9: it is an orphan: nothing refers to it, and 2 are counted'])
  })

  test('a remainder that counts wrong, and knows of messages that never were', async () => {
    const engine = await closedStore()
    const remainder = readRemainder(engine.rows.get(keys.remainder)!, 3)
    const wrong = { ...remainder, last: 9, count: 4, bytes: remainder.bytes + 1, gone: new Set([4]) }
    engine.rows.set(
      keys.remainder,
      rowOf(new PacketWriter(), writer => writeRemainder(writer, wrong)),
    )

    expect(await faultsOf(engine)).toEqual([
      'Session 1: the next sequence is 9, but 9 is in use',
      'segment 3 of Session 1: message 4 counts as gone, but was never there',
      'segment 3 of Session 1: its last should be 8, and is told to be 9',
      'segment 3 of Session 1: its count should be 5, and is told to be 4',
      `segment 3 of Session 1: its bytes should be ${remainder.bytes}, and is told to be ${remainder.bytes + 1}`,
    ])
  })

  test('a row under the key of another', async () => {
    const engine = await closedStore()
    engine.rows.set(`${keys.retained}31`, engine.rows.get(keys.retained)!)
    engine.rows.set(`${keys.subscription}31`, engine.rows.get(keys.subscription)!)

    expect(await faultsOf(engine)).toEqual([
      'Subscription "z/+1" of Session 1: it is of "z/+"',
      'retained message of "r/11": it is of "r/1"',
    ])
  })

  test('rows of no table, and with keys of no table', async () => {
    const engine = await closedStore()
    for (const key of ['00', '58aa', 'ff', '5100']) engine.rows.set(key, new Uint8Array(9))

    expect(await faultsOf(engine)).toEqual([
      'row 5100: its key is none of the table segment',
      'row 00: it belongs to no table: it is an orphan',
      'row 58aa: it belongs to no table: it is an orphan',
      'row ff: it belongs to no table: it is an orphan',
    ])
  })

  test('one Client Identifier for two Sessions, of which one has a number that is to come', async () => {
    const engine = await closedStore()
    engine.rows.set('5300000009', engine.rows.get(keys.session)!)

    expect(await faultsOf(engine)).toEqual([
      'Session 9: its number is not below 4, which the next Session gets',
      'Session 1: its Client "full" has a later one',
    ])
  })

  test('an envelope that a checkpoint covers, and one of a Session that is not there', async () => {
    const [engine, killed] = [await closedStore(), await killedStore()]
    const [envelope] = [...killed.rows.values()].slice(1)
    engine.rows.set('4a000000000001', envelope!)
    const other = new MemoryEngine()
    const store = diskStore(other)
    await store.load()
    await fill(store)
    store.acceptIncoming('full', 9)
    store.commit()
    await new Promise<void>(resolve => store.whenSettled(resolve))
    other.rows.delete('4a000000000001')

    expect(await faultsOf(engine)).toEqual(['envelope 1: a checkpoint covers it: that goes up to 1'])
    expect(await faultsOf(other)).toEqual(['envelope 2: there is no Session 1'])
  })
})

test('a table that the engine cannot read is found, and the others are looked at', async () => {
  const engine = await closedStore()
  engine.rows.delete(keys.references)
  const page = engine.page.bind(engine)
  engine.page = async (range, limit) => {
    if (range.gte[0] === 0x52) throw new EngineError('corrupt', 'a block is bad')
    return page(range, limit)
  }

  expect(await faultsOf(engine)).toEqual([
    'body 1: its number of references is missing',
    'table retained: cannot be read to its end: a block is bad',
    'the store: a broker cannot start with it: a block is bad',
  ])
})

test('an engine that fails is no fault of the store', async () => {
  const engine = await closedStore()
  engine.page = () => Promise.reject(new EngineError('failed', 'too many open files'))

  await expect(checkStore(engine, nodeRuntime)).rejects.toThrow('too many open files')
})

test('a store of a later version is not looked at', async () => {
  const engine = await closedStore()
  const meta = readMeta(engine.rows.get(keys.meta)!)
  engine.rows.set(
    keys.meta,
    rowOf(new PacketWriter(), writer => writeMeta(writer, { ...meta, format: 99 })),
  )

  await expect(checkStore(engine, nodeRuntime)).rejects.toThrow(StoreFormatError)
})

test('faults beyond ten thousand are counted', async () => {
  const engine = new MemoryEngine()
  for (let index = 0; index < 10_001; index++) engine.rows.set(`00${String(index).padStart(6, '0')}`, new Uint8Array(1))

  const { faults, faultCount } = await checkStore(engine, nodeRuntime)

  expect([faults.length, faultCount]).toEqual([10_000, 10_002])
})
