import { describe, expect, test } from 'vitest'
import type { EngineError } from '../../../packages/broker/src/store/engine.ts'
import { EventQueue } from './event-queue.ts'
import { Random } from './random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { SimulatedEngine } from './simulated-engine.ts'
import { SimulatedRuntime } from './simulated-runtime.ts'
import { Trace } from './trace.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const put = (key: string, value: string) => ({ key: bytes(key), value: bytes(value) })
const everything = { gte: bytes(''), lt: Uint8Array.of(0xff) }

function machine(seed: number) {
  const random = new Random(seed)
  const queue = new EventQueue(random.fork('ties'))
  const disk = new SimulatedDisk(random.fork('disk'), new Trace(queue))
  const start = async (forgivesFailures = false) => {
    const runtime = new SimulatedRuntime(queue, random, { offsetMs: 0 }, 0)
    const nothing = (): void => {}
    const services = { queue, random, runtime, disk, onStep: nothing, onFailure: nothing, forgivesFailures }
    const engine = new SimulatedEngine(services)
    await settled(engine.open())
    return engine
  }
  /** What a promise comes to when time goes on. */
  const settled = async <T>(promise: Promise<T>): Promise<T | string> => {
    const outcome = promise.catch((error: EngineError) => error.fault)
    await queue.runUntil(queue.nowMs + 10_000)
    return outcome
  }
  const keys = async (engine: SimulatedEngine) => {
    const entries = await settled(engine.page(everything, 100))
    return typeof entries === 'string' ? entries : entries.map(({ key }) => Buffer.from(key).toString()).join('')
  }
  return { queue, disk, start, settled, keys }
}

const seeds = Array.from({ length: 40 }, (_, index) => index)

/** What one experiment comes to with each of the seeds, without repetition, in order. */
async function outcomes(experiment: (seed: number) => Promise<string>): Promise<string[]> {
  return [...new Set(await Promise.all(seeds.map(experiment)))].sort()
}

describe('a simulated engine', () => {
  test('keeps keys in the order of their bytes', async () => {
    const { start, settled, keys } = machine(1)
    const engine = await start()
    await settled(engine.write([put('b', '2'), put('a', '1'), put('c', '3')], true))
    await settled(engine.write([{ key: bytes('b'), value: undefined }], true))

    expect(await keys(engine)).toBe('ac')
    const values = await settled(engine.getMany([bytes('c'), bytes('b')]))
    expect(values).toEqual([bytes('3'), undefined])
  })

  test('loses no batch that was synced, and any number of the later ones, when the power goes', async () => {
    const found = await outcomes(async seed => {
      const { start, settled, disk, keys } = machine(seed)
      const engine = await start()
      await settled(engine.write([put('a', '')], true))
      for (const key of ['b', 'c', 'd']) await settled(engine.write([put(key, '')], false))
      disk.cutPower()
      return keys(await start())
    })

    expect(found).toEqual(['a', 'ab', 'abc', 'abcd'])
  })

  test('loses nothing that was written when the process is killed', async () => {
    const found = await outcomes(async seed => {
      const { start, settled, disk, keys } = machine(seed)
      const engine = await start()
      await settled(engine.write([put('a', '')], true))
      await settled(engine.write([put('b', '')], false))
      disk.loseOwner()
      return keys(await start())
    })

    expect(found).toEqual(['ab'])
  })

  test('has a batch whole or not at all', async () => {
    const found = await outcomes(async seed => {
      const { start, settled, disk, keys } = machine(seed)
      const engine = await start()
      await settled(engine.write([put('a', ''), put('b', ''), put('c', '')], false))
      disk.cutPower()
      return keys(await start())
    })

    expect(found).toEqual(['', 'abc'])
  })

  test('refuses everything after a failure until it is opened again, and then has the batch or not', async () => {
    const found = await outcomes(async seed => {
      const { start, settled, disk, keys } = machine(seed)
      const engine = await start()
      disk.trouble.failingSyncs = 1
      const answers = [await settled(engine.write([put('a', '')], true)), await settled(engine.write([], true))]
      answers.push(await keys(engine))
      await settled(engine.close())
      await settled(engine.open())
      return `${answers} ${await keys(engine)}`
    })

    expect(found).toEqual(['failed,failed,failed ', 'failed,failed,failed a'])
  })

  test('does not make durable with a second sync what the first one failed to', async () => {
    const found = await outcomes(async seed => {
      const { start, settled, disk, keys } = machine(seed)
      const engine = await start(true)
      disk.trouble.failingSyncs = 1
      await settled(engine.write([put('a', '')], true))
      expect(await settled(engine.write([], true))).toBeUndefined()
      disk.cutPower()
      return keys(await start())
    })

    expect(found).toEqual(['', 'a'])
  })

  test('is full, and cannot be opened, until there is room', async () => {
    const { start, settled, disk } = machine(1)
    const engine = await start()
    disk.trouble.isFull = true

    expect(await settled(engine.write([put('a', '')], true))).toBe('full')
    await settled(engine.close())
    expect(await settled(engine.open())).toBe('full')
    disk.trouble.isFull = false
    expect(await settled(engine.open())).toBeUndefined()
  })

  test('has its files to itself', async () => {
    const { start, settled } = machine(1)
    const first = await start()
    const second = await start()

    expect(await settled(second.write([], true))).toBe('failed')
    expect(await settled(second.open())).toBe('locked')
    await settled(first.close())
    expect(await settled(second.open())).toBeUndefined()
  })
})
