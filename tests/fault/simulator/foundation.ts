import { type Log, MemoryStore, type Store } from '../../../packages/broker/src/index.ts'
import { DiskStore } from '../../../packages/broker/src/store/disk-store.ts'
import type { Engine } from '../../../packages/broker/src/store/engine.ts'
import type { Foundation } from './broker-host.ts'
import type { EventQueue } from './event-queue.ts'
import { type JournalCalls, JournalStore } from './journal-store.ts'
import type { SimulationOptions } from './options.ts'
import type { Random } from './random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import { SimulatedEngine } from './simulated-engine.ts'
import type { SimulatedRuntime } from './simulated-runtime.ts'

/** What is put between the broker and its store, or the store and its engine, to see whether the simulation notices. */
export interface FoundationChange {
  store?: (store: Store) => Store
  engine?: (engine: Engine) => Engine
  /** Whether engines go on after a failed write. */
  forgivesFailures?: boolean
  /** Changes code of the broker itself. @returns what undoes it */
  putIn?: () => () => void
}

export interface FoundationServices {
  readonly queue: EventQueue
  readonly random: Random
  readonly disk: SimulatedDisk
  readonly journal: JournalCalls
  readonly options: SimulationOptions
  readonly onStep: () => void
  readonly onFailure: () => void
  /** Called when a process has opened the files. */
  readonly onOpened: () => void
}

/** Bytes of journal that call for a checkpoint: from one every few messages to none at all. */
const JOURNAL_BYTES_MAX = [300, 3_000, 30_000, 16_000_000] as const

/** @returns what lays the foundation of each process: the store that the options ask for */
export function foundationOf(
  services: FoundationServices,
  change: FoundationChange = {},
): (runtime: SimulatedRuntime, log: Log) => Foundation {
  const { options, journal, disk, queue, random, onStep, onFailure, onOpened } = services
  const { store: wrapStore = (store: Store) => store, engine: wrapEngine = (engine: Engine) => engine } = change
  const journalBytesMax = random.fork('journal').pick(JOURNAL_BYTES_MAX)
  const memory = new MemoryStore()
  let count = 0
  return (runtime, log) => {
    if (options.store === 'memory') return { store: wrapStore(memory), engine: undefined }
    const own = random.fork(count++)
    const { forgivesFailures = false } = change
    const engine = new SimulatedEngine({
      queue,
      random: own,
      runtime,
      disk,
      onStep,
      onFailure,
      onOpened,
      forgivesFailures,
    })
    const given = wrapEngine(engine)
    const store =
      options.store === 'journal'
        ? JournalStore.create(given, journal)
        : new DiskStore({ engine: given, runtime, log, durability: options.durability, journalBytesMax })
    return { store: wrapStore(store), engine }
  }
}
