import { nodeRuntime, type Runtime } from '@curlew/broker'
import type { ClientRuntime } from '@curlew/client'
import { fixedRandom, VirtualTimers } from './virtual-timers.ts'

/** Turns of the host in which nothing may happen before all is taken to be quiet: promises and streams hand on within less. */
const QUIET_TURNS = 3

/**
 * Time that stands still until {@link advance} moves it, for a broker and its Clients together. Only clocks and timers are virtual:
 * what needs no time goes on by itself, so that `await client.publish(…)` works without a word to the clock.
 *
 * @example
 * const time = new VirtualTime()
 * const served = createBroker({ runtime: time.brokerRuntime })
 * await time.advance(3_600_000)
 * await served.close()
 */
export class VirtualTime {
  /** For `createBroker`. */
  readonly brokerRuntime: Runtime
  /** For `connect`. */
  readonly clientRuntime: ClientRuntime
  /** Wall clock less monotonic clock, in milliseconds; a test may move it, as an operator moves the clock. */
  wallClockOffsetMs: number
  readonly #timers = new VirtualTimers(0)
  #ids = 0
  #activity = 0

  /** @param startMs what the wall clock shows, in milliseconds since 1970. Default: the beginning of 2026 */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.wallClockOffsetMs = startMs
    const random = fixedRandom()
    const atEndOfTurn = (callback: () => void): void => this.#atEndOfTurn(callback)
    const startTimer = (delayMs: number, callback: () => void): (() => void) => this.#timers.start(delayMs, callback)
    this.brokerRuntime = {
      ...nodeRuntime,
      monotonicMs: () => this.nowMs,
      wallClockMs: () => this.nowMs + this.wallClockOffsetMs,
      random,
      uniqueId: () => `unique-${String(++this.#ids).padStart(15, '0')}`,
      startTimer,
      atEndOfTurn,
    }
    this.clientRuntime = { now: () => this.nowMs, setTimer: startTimer, random, atEndOfTurn }
  }

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#timers.nowMs
  }

  /** Something has happened that others may react to. */
  noteActivity(): void {
    this.#activity++
  }

  /** Lets everything happen that can happen without time going on. Of real sockets it knows nothing. */
  async settle(): Promise<void> {
    let quietTurns = 0
    while (quietTurns < QUIET_TURNS) {
      const before = this.#activity
      await new Promise(resolve => setImmediate(resolve))
      quietTurns = this.#activity === before ? quietTurns + 1 : 0
    }
  }

  /** Lets time go on, and everything happen that falls due, each at its moment. */
  advance(durationMs: number): Promise<void> {
    return this.#timers.advance(durationMs, () => this.settle())
  }

  #atEndOfTurn(callback: () => void): void {
    this.#activity++
    setImmediate(() => {
      this.#activity++
      callback()
    })
  }
}
