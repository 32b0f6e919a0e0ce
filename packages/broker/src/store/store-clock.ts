import type { Runtime } from '../runtime/runtime.ts'
import type { ClockJump, Clocks } from './records.ts'

/** Wall clock and monotonic clock may drift so far apart before that counts as a jump, in milliseconds: less is what expiry rounds off. */
const DRIFT_MAX_MS = 1_000
/** Jumps that are remembered; a clock that jumps more often is broken, and the oldest are forgotten. */
const JUMPS_MAX = 64

/**
 * The clocks as the store reads them. What it writes has moments of the wall clock, which outlive the process; within one run the monotonic clock
 * tells when the wall clock has been moved, so that what was written before is not taken for older or younger than it is.
 */
export class StoreClock {
  readonly #runtime: Runtime
  readonly #jumps: ClockJump[] = []
  /** Wall clock less monotonic clock. */
  #offsetMs: number

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#offsetMs = runtime.wallClockMs() - runtime.monotonicMs()
  }

  now(): Clocks {
    const [monotonicMs, wallClockMs] = [this.#runtime.monotonicMs(), this.#runtime.wallClockMs()]
    const expectedMs = monotonicMs + this.#offsetMs
    if (Math.abs(wallClockMs - expectedMs) > DRIFT_MAX_MS) {
      this.#jumps.push({ fromMs: expectedMs, toMs: wallClockMs })
      if (this.#jumps.length > JUMPS_MAX) this.#jumps.shift()
      this.#offsetMs = wallClockMs - monotonicMs
    }
    return { monotonicMs, wallClockMs, jumps: this.#jumps }
  }
}
