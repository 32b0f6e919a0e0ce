import type { Log } from '../runtime/log.ts'
import { nodeRuntime } from '../runtime/node-runtime.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { RowQuarantine } from './damaged-store.ts'
import { DiskStore } from './disk-store.ts'
import { clearImportMark, markImport, sourceOf } from './import-mark.ts'
import type { Durability } from './journal.ts'
import { importKey } from './keys.ts'
import { LevelEngine } from './level-engine.ts'
import { LevelQuarantine } from './level-quarantine.ts'
import { checkStore, type StoreReport } from './store-check.ts'
import { type RepairStep, repairStore } from './store-repair.ts'

export interface LevelStoreOptions {
  /** Folder of the store alone; created, for this user only, when it does not exist. What is damaged is kept beside it. */
  readonly folder: string
  /** Default `always`. */
  readonly durability?: Durability
  readonly log: Log
  readonly runtime?: Runtime
}

/** What {@link repairLevelStore} has done, and what a check finds afterwards. */
export interface RepairReport {
  readonly steps: readonly RepairStep[]
  readonly report: StoreReport
}

/** A {@link DiskStore} in a folder, on LevelDB. It opens the folder when a broker loads it. */
export function createLevelStore(options: LevelStoreOptions): DiskStore {
  return partsOf(options, false).store
}

/** A store that is imported into. Whether the import has ended is known to the store, whatever happens meanwhile. */
export interface LevelImport {
  /** To be loaded first; it may be in the middle of an earlier import. */
  readonly store: DiskStore
  /** What an earlier import was of that was interrupted, if one was; once the store is loaded. */
  interrupted(): Promise<string | undefined>
  /** Marks the store, before the first change. @param source names what is imported, for people */
  begin(source: string): Promise<void>
  /** Takes the mark away, when the store has been closed with all that was to be imported. */
  end(): Promise<void>
}

/** A store for {@link StateImport}. While it is marked, a broker refuses it with {@link InterruptedImportError}. */
export function createLevelImport(options: LevelStoreOptions): LevelImport {
  const { store, engine } = partsOf(options, true)
  return {
    store,
    async interrupted() {
      const [value] = await engine.getMany([importKey])
      return value && sourceOf(value)
    },
    begin: source => markImport(engine, source),
    async end() {
      await engine.open()
      await clearImportMark(engine)
      await engine.close()
    },
  }
}

/** Mends the store in a folder, see {@link repairStore}; nobody may have it open. */
export async function repairLevelStore(options: LevelStoreOptions): Promise<RepairReport> {
  const { engine, quarantine } = partsOf(options, false)
  const { log, runtime = nodeRuntime } = options
  await engine.open()
  try {
    const steps = await repairStore({ engine, runtime, log, quarantine })
    return { steps, report: await checkStore(engine, runtime) }
  } finally {
    await engine.close()
  }
}

function partsOf(
  { folder, durability = 'always', log, runtime = nodeRuntime }: LevelStoreOptions,
  isImporting: boolean,
) {
  const keeper = new LevelQuarantine(folder, log, runtime)
  const engine = new LevelEngine(folder, keeper)
  const quarantine: RowQuarantine = rows => keeper.keepRows(rows)
  const store = new DiskStore({ engine, runtime, log, durability, quarantine, isImporting })
  return { store, engine, quarantine }
}
