import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import { DiskStore, type DiskStoreOptions } from '../../src/store/disk-store.ts'
import { LevelEngine } from '../../src/store/level-engine.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { describeStore, type StoreUnderTest } from './store.suite.ts'

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function openOnDisk(options: Partial<DiskStoreOptions>): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'curlew-store-'))
  const create = () => {
    const engine = new LevelEngine(join(folder, 'store'))
    const log = new RecordingLog()
    return new DiskStore({ engine, runtime: nodeRuntime, log, durability: 'always', ...options })
  }
  const store = create()
  await store.load()
  let current = store
  const reopen = async () => {
    await current.close()
    current = create()
    return current
  }
  cleanUps.push(async () => {
    await current.close()
    await rm(folder, { recursive: true })
  })
  return { store, reopen }
}

/** The next run finds what a killed one has left: the journal, and no checkpoint but those that were due. */
async function openToKill(): Promise<StoreUnderTest> {
  const runtime = new VirtualRuntime()
  const options = { runtime, log: new RecordingLog(), durability: 'always' } as const
  const engine = new MemoryEngine()
  const store = new DiskStore({ engine, ...options })
  await store.load()
  const reopen = async () => {
    store.commit()
    await runtime.advance(600) // what nobody waits for is written as well
    await runtime.settle()
    const next = new DiskStore({ engine: engine.afterKill(), ...options })
    const load = next.load.bind(next)
    next.load = async () => {
      const [state] = await Promise.all([load(), runtime.settle()]) // it takes several turns
      return state
    }
    return next
  }
  // Callbacks come when the turn has ended, as in a broker.
  const commit = store.commit.bind(store)
  store.commit = () => {
    commit()
    void runtime.settle()
  }
  return { store, reopen }
}

describeStore('the disk store, killed', openToKill)
describeStore('the disk store, always durable', () => openOnDisk({}))
describeStore('the disk store, durable at intervals', () => openOnDisk({ durability: 'interval' }))
describeStore('the disk store with a checkpoint after every envelope', () => openOnDisk({ journalBytesMax: 1 }))
