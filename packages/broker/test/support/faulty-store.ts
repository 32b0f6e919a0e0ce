import { MemoryStore } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { type ToldChange, toldChanges } from './told-changes.ts'

/** The fault that a {@link faultyStore} throws; a bug in a store, as its contract says that it does not throw. */
export class StoreFault extends Error {}

/**
 * A {@link MemoryStore} that throws when it is told a change for which `isFaulty` says so.
 *
 * @param isFaulty gets the method and its first argument: a Client Identifier, a Session, or a topic
 */
export function faultyStore(isFaulty: (change: ToldChange, subject: unknown) => boolean): Store {
  const store = new MemoryStore()
  for (const change of toldChanges) {
    const original = (store[change] as (...args: unknown[]) => void).bind(store)
    const replaced = (...args: unknown[]): void => {
      if (isFaulty(change, args[0])) throw new StoreFault(change)
      original(...args)
    }
    Object.assign(store, { [change]: replaced })
  }
  return store
}
