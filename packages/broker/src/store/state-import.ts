import type { Runtime } from '../runtime/runtime.ts'
import type { StateEntry } from './state-reader.ts'
import type { Store, StoredState } from './store.ts'
import { answerOf } from './store-wait.ts'

/** Entries between two ends of a turn; what is told at once is in memory until it is written. */
const TURN_COUNT = 1_000

/** Tells a {@link Store} what was read from lines of JSON, no faster than it can write. What is there is replaced. */
export class StateImport {
  readonly #store: Store
  readonly #runtime: Runtime
  readonly #clientIds: ReadonlySet<string>
  #sinceTurn = 0

  /** @param state what the store has loaded */
  constructor(store: Store, runtime: Runtime, state: StoredState) {
    this.#store = store
    this.#runtime = runtime
    this.#clientIds = new Set(state.sessions.map(({ clientId }) => clientId))
  }

  /** @throws {EngineError} when the store cannot write; what is stored then is a part of what was to be */
  async add(entry: StateEntry): Promise<void> {
    this.#tell(entry)
    this.#sinceTurn++
    if (this.#sinceTurn < TURN_COUNT && !this.#store.isCongested) return
    await this.#settle()
  }

  /** Waits until everything is with the store; closing that makes it durable. @throws {EngineError} when the store cannot write */
  async finish(): Promise<void> {
    await this.#settle()
    await this.#store.close()
    // A store that is closed while it cannot write has kept what it could, and says nothing.
    await answerOf<void>(this.#store, this.#runtime, onAnswer => {
      if (this.#store.health.isWritable) onAnswer()
    })
  }

  async #settle(): Promise<void> {
    this.#sinceTurn = 0
    this.#store.commit()
    await answerOf<void>(this.#store, this.#runtime, onAnswer => this.#store.whenSettled(onAnswer))
  }

  #tell(entry: StateEntry): void {
    const store = this.#store
    switch (entry.kind) {
      case 'header':
      case 'end':
        return
      case 'session':
        if (this.#clientIds.has(entry.record.clientId)) store.deleteSession(entry.record.clientId)
        return store.saveSession(entry.record)
      case 'subscription':
        return store.saveSubscription(entry.clientId, entry.record)
      case 'queued': {
        const { clientId, record } = entry
        store.enqueue(clientId, record)
        if (record.isReleased) store.release(clientId, record)
        return
      }
      case 'incoming':
        return store.acceptIncoming(entry.clientId, entry.packetId)
      case 'retained':
        // Nobody waits for a retained message of QoS 0; for a topic to be cleared first this can.
        if (entry.message.qos === 0) store.saveRetained(entry.message.topic, undefined)
        return store.saveRetained(entry.message.topic, entry.message)
      default:
        entry satisfies never
    }
  }
}
