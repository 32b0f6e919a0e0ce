import type { Runtime } from '../runtime/runtime.ts'
import type { QueuedRecord } from './queued-record.ts'
import { type Clocks, clocksOf } from './records.ts'
import {
  endLine,
  headerLine,
  incomingLine,
  queuedLine,
  retainedLine,
  StateCounts,
  sessionLine,
  subscriptionLine,
} from './state-line.ts'
import type { StateSelection } from './state-selection.ts'
import type { Store, StoredSession } from './store.ts'
import { answerOf } from './store-wait.ts'

/**
 * Turns what a {@link Store} holds into lines of JSON, see `state-line.ts`. Queues are read page by page; Sessions and retained
 * messages are in memory as when a broker starts with the store. Everything is in an order of its own, so that
 * two exports of the same state are the same.
 */
export class StateExport {
  /** What has been written so far. */
  readonly counts: StateCounts = new StateCounts()
  readonly #store: Store
  readonly #runtime: Runtime
  readonly #clocks: Clocks
  readonly #selection: StateSelection

  /**
   * @param store is loaded by this
   * @param runtime what the store has, see `stillRuntime`
   */
  constructor(store: Store, runtime: Runtime, selection: StateSelection) {
    this.#store = store
    this.#runtime = runtime
    this.#clocks = clocksOf(runtime)
    this.#selection = selection
  }

  /** All lines, each with its end. Can be called once. @throws {EngineError} when the store cannot be read */
  async *lines(): AsyncGenerator<string> {
    const { counts } = this
    const { sessions, retained } = await this.#store.load()
    yield headerLine(this.#clocks.wallClockMs)
    const wanted = sessions.filter(({ clientId }) => this.#selection.includesSession(clientId))
    for (const session of byText(wanted, ({ clientId }) => clientId)) yield* this.#session(session)
    const messages = retained.filter(({ topic }) => this.#selection.includesRetained(topic))
    for (const message of byText(messages, ({ topic }) => topic)) {
      counts.retained++
      yield retainedLine(message, this.#clocks)
    }
    yield endLine(counts)
  }

  async *#session(session: StoredSession): AsyncGenerator<string> {
    const { counts } = this
    const { clientId, subscriptions, incoming } = session
    counts.sessions++
    yield sessionLine(session, this.#clocks)
    for (const subscription of byText(subscriptions, ({ filter }) => filter)) {
      counts.subscriptions++
      yield subscriptionLine(clientId, subscription)
    }
    for (const packetId of incoming.toSorted((a, b) => a - b)) {
      counts.incoming++
      yield incomingLine(clientId, packetId)
    }
    for (let from = 0; ; ) {
      const page = await this.#page(clientId, from)
      if (page.length === 0) return
      for (const record of page) {
        counts.queued++
        yield queuedLine(clientId, record, this.#clocks)
      }
      from = page.at(-1)!.sequence + 1
    }
  }

  #page(clientId: string, from: number): Promise<readonly QueuedRecord[]> {
    return answerOf(this.#store, this.#runtime, onAnswer => this.#store.readQueue(clientId, from, onAnswer))
  }
}

/** In the order of UTF-16 units, which does not depend on a language. */
function byText<Value>(values: readonly Value[], textOf: (value: Value) => string): Value[] {
  return values.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}
