import type { Runtime } from '../runtime/runtime.ts'

/** Timers of which at most one of each name runs. */
export class NamedTimers<Name extends string> {
  readonly #runtime: Runtime
  readonly #stops = new Map<Name, () => void>()
  #isClosed = false

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Calls back once after `delayMs`, unless a timer of that name runs already, which goes on. */
  start(name: Name, delayMs: number, onDue: () => void): void {
    if (this.#stops.has(name) || this.#isClosed) return
    const stop = this.#runtime.startTimer(delayMs, () => {
      this.#stops.delete(name)
      onDue()
    })
    this.#stops.set(name, stop)
  }

  /** Stops all of them; none can be started any more. */
  close(): void {
    this.#isClosed = true
    for (const stop of this.#stops.values()) stop()
    this.#stops.clear()
  }
}
