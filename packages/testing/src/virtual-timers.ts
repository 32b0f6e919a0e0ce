interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/** A clock that stands still until {@link advance} moves it, with its timers. */
export class VirtualTimers {
  /** Monotonic milliseconds. */
  nowMs: number
  #timers: Timer[] = []

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  /** Timers that have not come due. */
  get count(): number {
    return this.#timers.length
  }

  /** Timers run in the order of their moments, those of one moment in the order they were started. @returns a function that stops it */
  start(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.nowMs + delayMs, callback }
    const behind = this.#timers.findIndex(other => other.dueMs > timer.dueMs)
    this.#timers.splice(behind === -1 ? this.#timers.length : behind, 0, timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  /**
   * Lets time go on, and everything happen that falls due, each at its moment.
   *
   * @param settle lets everything happen that needs no time
   * @param settleAfterTimer the same after each timer; default `settle`
   */
  async advance(
    durationMs: number,
    settle: () => Promise<void>,
    settleAfterTimer: () => Promise<void> | undefined = settle,
  ): Promise<void> {
    const endMs = this.nowMs + durationMs
    await settle()
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueMs <= endMs; timer = this.#timers[0]) {
      this.#timers.shift()
      this.nowMs = Math.max(this.nowMs, timer.dueMs)
      timer.callback()
      const settled = settleAfterTimer()
      if (settled !== undefined) await settled
    }
    this.nowMs = endMs
    await settle()
  }
}

/** A fixed sequence that looks like chance (a linear congruential generator). @returns gives the next number, from 0 up to, not including, 1 */
export function fixedRandom(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
