import { PacketWriter } from '@curlew/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import { metaKey } from '../../src/store/keys.ts'
import { newMeta } from '../../src/store/migrations.ts'
import { readMeta, rowOf } from '../../src/store/rows.ts'
import { checkStore } from '../../src/store/store-check.ts'
import { repairStore } from '../../src/store/store-repair.ts'
import { diskStore, fill, settled } from '../support/filled-store.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { messageOf } from '../support/subscribers.ts'
import { queued, session, subscription } from './store-records.ts'

/** What `fill` has stored as rows, and more of the same in the journal. */
async function writtenStore(): Promise<MemoryEngine> {
  const engine = new MemoryEngine()
  const filled = diskStore(engine)
  await filled.load()
  await fill(filled)
  await filled.close()
  const store = diskStore(engine)
  await store.load()
  store.saveSession(session('new'))
  store.saveSubscription('new', subscription('n/+'))
  store.enqueue('new', queued(1))
  store.enqueue('full', queued(9, messageOf('t', 'y'.repeat(300))))
  await settled(store)
  store.deleteSession('empty')
  store.saveSession(session('empty'))
  store.saveRetained('r/0', undefined)
  await settled(store)
  return engine.afterKill()
}

/** Bytes of a row before what its checksum is of. */
const HEAD_BYTES = 5

function sealed(payload: Uint8Array): Uint8Array {
  return rowOf(new PacketWriter(), writer => writer.copy(payload, 0, payload.length))
}

/** One way to damage a row; what the numbers mean is the way's own. */
interface Damage {
  readonly way: keyof typeof ways
  /** Which row, and which other one, of those that there are. */
  readonly row: number
  readonly other: number
  readonly at: number
  readonly byte: number
}

const flipped = (bytes: Uint8Array, at: number, byte: number): Uint8Array =>
  bytes.map((value, index) => (index === at % bytes.length ? value ^ byte : value))

const payloadOf = (value: Uint8Array): Uint8Array => new Uint8Array(value.subarray(HEAD_BYTES))

/** Of each, what it makes of a row; a row without a value is deleted. */
const ways = {
  'a byte is another': (rows, key, { at, byte }) => rows.set(key, flipped(rows.get(key)!, at, byte)),
  'a byte is another, and the checksum right': (rows, key, { at, byte }) =>
    rows.set(key, sealed(flipped(payloadOf(rows.get(key)!), at, byte))),
  'it goes on behind its end': (rows, key, { byte }) =>
    rows.set(key, sealed(Uint8Array.of(...payloadOf(rows.get(key)!), byte))),
  'it ends early': (rows, key, { at }) => {
    const payload = payloadOf(rows.get(key)!)
    rows.set(key, sealed(payload.subarray(0, at % payload.length)))
  },
  'it is gone': (rows, key) => rows.delete(key),
  'it is under the key of another, too': (rows, key, { other }) =>
    rows.set([...rows.keys()][other % rows.size]!, rows.get(key)!),
  'it is under another key, too': (rows, key, { at, byte }) =>
    rows.set(Buffer.from(flipped(Buffer.from(key, 'hex'), at, byte)).toString('hex'), rows.get(key)!),
  'its key is too long': (rows, key, { byte }) => rows.set(key + Buffer.of(byte).toString('hex'), rows.get(key)!),
} as const satisfies Record<string, (rows: Map<string, Uint8Array>, key: string, damage: Damage) => unknown>

const damageArbitrary: fc.Arbitrary<Damage> = fc.record({
  way: fc.constantFrom(...(Object.keys(ways) as (keyof typeof ways)[])), // they are its keys
  row: fc.nat(1_000),
  other: fc.nat(1_000),
  at: fc.nat(1_000),
  byte: fc.integer({ min: 1, max: 255 }),
})

function apply(engine: MemoryEngine, damage: Damage): void {
  const keys = [...engine.rows.keys()]
  ways[damage.way](engine.rows, keys[damage.row % keys.length]!, damage)
}

/** Whether the store looks like one that another version of this program has written, which this one leaves alone. */
function isOfLaterFormat(engine: MemoryEngine): boolean {
  const value = engine.rows.get(Buffer.from(metaKey).toString('hex'))
  try {
    return value !== undefined && readMeta(value).format > newMeta.format
  } catch {
    return false // it is damaged
  }
}

/** Repairs a store. @returns the faults that are left */
async function faultsAfterRepair(engine: MemoryEngine): Promise<unknown> {
  await repairStore({ engine, runtime: nodeRuntime, log: new RecordingLog(), quarantine: async () => 'quarantine' })
  return (await checkStore(engine, nodeRuntime)).faults
}

describe('a store is without faults once it is repaired, and a broker starts with it', () => {
  test('whatever rows were damaged, in whatever way', async () => {
    const original = await writtenStore()
    await fc.assert(
      fc.asyncProperty(fc.array(damageArbitrary, { minLength: 1, maxLength: 4 }), async damages => {
        const engine = original.afterKill()
        for (const damage of damages) apply(engine, damage)
        fc.pre(!isOfLaterFormat(engine))

        expect(await faultsAfterRepair(engine)).toEqual([])
      }),
      { numRuns: 1_000 },
    )
  }, 60_000)
})
