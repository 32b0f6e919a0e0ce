import type { Log } from '../runtime/log.ts'
import { nodeRuntime } from '../runtime/node-runtime.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { DiskStore } from './disk-store.ts'
import type { Durability } from './journal.ts'
import { LevelEngine } from './level-engine.ts'
import { LevelQuarantine } from './level-quarantine.ts'

export interface LevelStoreOptions {
  /** Folder of the store alone; created, for this user only, when it does not exist. What is damaged is kept beside it. */
  readonly folder: string
  /** Default `always`. */
  readonly durability?: Durability
  readonly log: Log
  readonly runtime?: Runtime
}

/** A {@link DiskStore} in a folder, on LevelDB. It opens the folder when a broker loads it. */
export function createLevelStore(options: LevelStoreOptions): DiskStore {
  const { folder, durability = 'always', log, runtime = nodeRuntime } = options
  const quarantine = new LevelQuarantine(folder, log, runtime)
  const engine = new LevelEngine(folder, quarantine)
  return new DiskStore({ engine, runtime, log, durability, quarantine: rows => quarantine.keepRows(rows) })
}
