import { PacketWriter } from '@curlew/codec'
import { expect, test } from 'vitest'
import type { Engine } from '../../src/store/engine.ts'
import { type Migration, migrate, StoreFormatError } from '../../src/store/migrations.ts'
import { readMeta, rowOf, writeMeta } from '../../src/store/rows.ts'
import { diskStore } from '../support/filled-store.ts'
import { MemoryEngine } from '../support/memory-engine.ts'

const metaKey = '4d'
const rowKey = Uint8Array.of(0x58)

/** A store of the first format, with a row for a step to change, and a checkpoint that must not get lost. */
function firstFormat(): MemoryEngine {
  const engine = new MemoryEngine()
  setMeta(engine, 1)
  engine.rows.set('58', Uint8Array.of(1))
  return engine
}

function setMeta(engine: MemoryEngine, format: number): void {
  const meta = { format, checkpoint: 7, lastEnvelope: 8, nextSession: 9, nextBody: 10 }
  engine.rows.set(
    metaKey,
    rowOf(new PacketWriter(), writer => writeMeta(writer, meta)),
  )
}

function formatOf(engine: MemoryEngine): number {
  return readMeta(engine.rows.get(metaKey)!).format
}

/** Adds a byte to the row where `byte` is not there yet, as a step must that can be repeated. */
function adds(byte: number): { readonly step: Migration; readonly runs: number[] } {
  const runs: number[] = []
  const step = async (engine: Engine): Promise<void> => {
    runs.push(byte)
    const [value] = await engine.getMany([rowKey])
    if (value!.includes(byte)) return
    await engine.write([{ key: rowKey, value: Uint8Array.of(...value!, byte) }], true)
  }
  return { step, runs }
}

test('a store that is new gets the last format, and no step is run', async () => {
  const engine = new MemoryEngine()
  const { step, runs } = adds(2)

  await migrate(engine, [undefined, step])

  expect([formatOf(engine), runs]).toEqual([2, []])
})

test('a step is run once, and the rest of what the store says of itself stays', async () => {
  const engine = firstFormat()
  const { step, runs } = adds(2)

  await migrate(engine, [undefined, step])
  await migrate(engine, [undefined, step])

  expect(runs).toEqual([2])
  expect(readMeta(engine.rows.get(metaKey)!)).toEqual({
    format: 2,
    checkpoint: 7,
    lastEnvelope: 8,
    nextSession: 9,
    nextBody: 10,
  })
})

test('steps are run in their order, from the format of the store on', async () => {
  const [engine, later] = [firstFormat(), firstFormat()]
  setMeta(later, 2)
  const [second, third] = [adds(2), adds(3)]

  await migrate(engine, [undefined, second.step, third.step])
  await migrate(later, [undefined, second.step, third.step])

  expect([...engine.rows.get('58')!]).toEqual([1, 2, 3])
  expect([...later.rows.get('58')!]).toEqual([1, 3])
  expect([formatOf(engine), formatOf(later)]).toEqual([3, 3])
})

const interruptions: [what: string, writesMax: number, rowBefore: number[]][] = [
  ['before a step has written', 0, [1]],
  ['between a step and the next one', 1, [1, 2]],
  ['before the format is written', 2, [1, 2, 3]],
]
for (const [what, writesMax, rowBefore] of interruptions) {
  test(`what is interrupted ${what} is done again`, async () => {
    const engine = firstFormat()
    engine.writesMax = writesMax
    const steps = [undefined, adds(2).step, adds(3).step]

    await expect(migrate(engine, steps)).rejects.toThrow('the disk is broken')

    expect([formatOf(engine), [...engine.rows.get('58')!]]).toEqual([1, rowBefore])

    engine.writesMax = Number.POSITIVE_INFINITY
    await migrate(engine, steps)

    expect([formatOf(engine), [...engine.rows.get('58')!]]).toEqual([3, [1, 2, 3]])
  })
}

test('a later format is refused with the way out, and nothing is written', async () => {
  const engine = firstFormat()
  setMeta(engine, 3)
  const { step, runs } = adds(2)

  const migration = migrate(engine, [undefined, step])

  await expect(migration).rejects.toThrow(StoreFormatError)
  await expect(migration).rejects.toThrow(
    'the store has format 3; this version of Curlew reads up to 2: use the version that wrote it',
  )
  expect([engine.writes, runs]).toEqual([[], []])
})

test('a store of a later format is not loaded', async () => {
  const engine = firstFormat()
  setMeta(engine, 99)

  await expect(diskStore(engine).load()).rejects.toThrow('the store has format 99')
})
