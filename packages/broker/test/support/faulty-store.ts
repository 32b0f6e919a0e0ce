import { MemoryStore } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'

/** The fault that a {@link faultyStore} throws; a bug in a store, as its contract says that it does not throw. */
export class StoreFault extends Error {}

const changes = [
  'saveSession',
  'deleteSession',
  'saveSubscription',
  'deleteSubscription',
  'enqueue',
  'dequeue',
  'release',
  'acceptIncoming',
  'releaseIncoming',
  'saveRetained',
] as const

export type Change = (typeof changes)[number]

/**
 * A {@link MemoryStore} that throws when it is told a change for which `isFaulty` says so.
 *
 * @param isFaulty gets the method and its first argument: a Client Identifier, a Session, or a topic
 */
export function faultyStore(isFaulty: (change: Change, subject: unknown) => boolean): Store {
  const store = new MemoryStore()
  for (const change of changes) {
    const original = (store[change] as (...args: unknown[]) => void).bind(store)
    const replaced = (...args: unknown[]): void => {
      if (isFaulty(change, args[0])) throw new StoreFault(change)
      original(...args)
    }
    Object.assign(store, { [change]: replaced })
  }
  return store
}
