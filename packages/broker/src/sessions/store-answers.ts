import type { QueuedRecord } from '../store/queued-record.ts'
import type { Store } from '../store/store.ts'

/** A Store that is told of changes, and not asked for anything that it answers later: {@link StoreAnswers} is for that. */
export type ToldStore = Omit<Store, 'whenSettled' | 'readQueue'>

/**
 * Asks the Store of a broker. It answers in whatever turn; each answer counts as something that happens in that turn, so that what is
 * changed because of it is committed.
 */
export class StoreAnswers {
  readonly #store: Store
  readonly #touch: () => void

  /** @param touch says that something happens in this turn */
  constructor(store: Store, touch: () => void) {
    this.#store = store
    this.#touch = touch
  }

  /** {@link Store.whenSettled} */
  whenSettled(callback: () => void): void {
    this.#store.whenSettled(() => {
      this.#touch()
      callback()
    })
  }

  /** {@link Store.readQueue} */
  readQueue(clientId: string, from: number, onRead: (records: readonly QueuedRecord[]) => void): void {
    this.#store.readQueue(clientId, from, records => {
      this.#touch()
      onRead(records)
    })
  }
}
