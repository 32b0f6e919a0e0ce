import { DiskStore, type DiskStoreOptions } from '../../src/store/disk-store.ts'
import type { QueuedRecord } from '../../src/store/queued-record.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { readState } from '../support/stored-state.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { queued, session } from './store-records.ts'

/** A store with one Session on an engine that the test can break, in virtual time. */
export async function setUp(options: Partial<DiskStoreOptions> = {}) {
  const engine = new MemoryEngine()
  const runtime = new VirtualRuntime()
  const log = new RecordingLog()
  const create = () => new DiskStore({ engine, runtime, log, durability: 'always', ...options })
  const store = create()
  await store.load()
  store.saveSession(session('client'))
  store.commit()
  await runtime.settle()
  engine.writes.length = 0
  const settled = async () => {
    store.commit()
    await runtime.settle()
  }
  /** Long enough for what nobody waits for to be written, and for a checkpoint after it. */
  const checkpoint = async () => {
    await settled()
    await runtime.advance(600)
    await runtime.advance(5_000)
  }
  const enqueue = (...sequences: number[]): QueuedRecord[] =>
    sequences.map(sequence => {
      const record = queued(sequence)
      store.enqueue('client', record)
      return record
    })
  /** What the next run of a broker finds when this one is killed now. */
  const found = async () => {
    const [state] = await Promise.all([readState(create()), runtime.settle()]) // it takes several turns
    return state
  }
  return { engine, runtime, log, store, settled, checkpoint, enqueue, found }
}

export const sequencesOf = (records: readonly QueuedRecord[]): number[] => records.map(({ sequence }) => sequence)
