import type { Runtime } from '../runtime/runtime.ts'
import type { Store } from '../store/store.ts'

/** Something that collects output during a turn. */
export interface Flushable {
  flush(): void
}

/**
 * One turn of the event loop as the broker sees it: everything that has arrived is handled, then the changes are committed as one
 * envelope and each connection that has output writes once.
 */
export class Turn {
  readonly #runtime: Runtime
  readonly #store: Store
  readonly #onError: (error: unknown) => void
  #outputs: Flushable[] = []
  #isScheduled = false
  #number = 0

  /** @param onError gets what a flush throws; the others come all the same */
  constructor(runtime: Runtime, store: Store, onError: (error: unknown) => void) {
    this.#runtime = runtime
    this.#store = store
    this.#onError = onError
  }

  /** Differs from turn to turn. */
  get number(): number {
    return this.#number
  }

  /** Says that something happens in this turn. Called at every entry: bytes, timers, calls of the application. */
  touch(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#runtime.atEndOfTurn(() => this.#end())
  }

  /** Has `output` flushed at the end of the turn. Call it once per turn and output. */
  flushAtEnd(output: Flushable): void {
    this.#outputs.push(output)
    this.touch()
  }

  #end(): void {
    this.#isScheduled = false
    this.#number++
    this.#store.commit()
    const outputs = this.#outputs
    this.#outputs = []
    for (let index = 0; index < outputs.length; index++) {
      try {
        outputs[index]!.flush()
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
