import type { SearchAllowance } from '../routing/retained-search.ts'
import type { Runtime } from '../runtime/runtime.ts'

/**
 * Nodes of the tree of retained messages that all searches together look at in one turn. A node costs a third of a microsecond and its
 * message, if it goes out, a few: the others wait for a millisecond or two.
 */
export const NODES_PER_TURN = 1_000

/** Lets searches for retained messages go on turn by turn, so that none of them holds up the others. One serves all Sessions of a broker. */
export class SearchTurns implements SearchAllowance {
  readonly #runtime: Runtime
  readonly #touch: () => void
  readonly #onError: (error: unknown) => void
  #nodesPerTurn = NODES_PER_TURN
  #left = NODES_PER_TURN
  #isScheduled = false
  /** Who goes on in the next turn, in the order they came; one per Session. */
  readonly #waiting = new Set<() => void>()

  /**
   * @param touch says that something happens in this turn
   * @param onError gets what a callback throws; the others come all the same
   */
  constructor(runtime: Runtime, touch: () => void, onError: (error: unknown) => void) {
    this.#runtime = runtime
    this.#touch = touch
    this.#onError = onError
  }

  /** {@link SearchAllowance.take} */
  take(): boolean {
    this.#schedule()
    if (this.#left === 0) return false
    this.#left--
    return true
  }

  /** Calls back once when there is more to take. The same callback is called once, however often it was given. */
  whenMore(callback: () => void): void {
    this.#waiting.add(callback)
    this.#schedule()
  }

  /** Brings all searches to an end, now and from now on at once: the broker stops, and its store does not know of searches. */
  finish(): void {
    this.#nodesPerTurn = Number.POSITIVE_INFINITY
    this.#begin()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#runtime.atEndOfTurn(() => this.#begin())
  }

  #begin(): void {
    this.#isScheduled = false
    this.#left = this.#nodesPerTurn
    if (this.#waiting.size > 0) this.#touch()
    for (const callback of this.#waiting) {
      if (this.#left === 0) break
      this.#waiting.delete(callback)
      try {
        callback()
      } catch (error) {
        this.#onError(error)
      }
    }
    if (this.#waiting.size > 0) this.#schedule()
  }
}
