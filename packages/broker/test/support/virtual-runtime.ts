import { fixedRandom, VirtualTimers } from '../../../testing/src/virtual-timers.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'

/** Lets everything run that the host has already queued: ticks, promises and the events of streams. */
export function hostTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** What {@link VirtualRuntime} may be told. */
export interface VirtualRuntimeOptions {
  /** `real`: turns end with those of the host, for tests with real sockets; only time is virtual. Default `virtual`. */
  turns?: 'virtual' | 'real'
}

/**
 * A {@link Runtime} whose time stands still until {@link advance} moves it, and whose turns end when {@link settle} says so.
 * Timers run in the order of their moments, those of one moment in the order they were started.
 */
export class VirtualRuntime implements Runtime {
  /** Wall clock less monotonic clock, in milliseconds; a test may move it, as an operator moves the clock. */
  wallClockOffsetMs = 1_700_000_000_000
  /** {@link Runtime.heapBytes}; a test may change it. */
  heapSizeBytes = 1_000_000
  /** How often a turn has ended. */
  turns = 0
  readonly #timers = new VirtualTimers(5_000)
  #endOfTurn: (() => void)[] = []
  #ids = 0
  readonly #random = fixedRandom()
  readonly #hasRealTurns: boolean

  constructor({ turns = 'virtual' }: VirtualRuntimeOptions = {}) {
    this.#hasRealTurns = turns === 'real'
  }

  monotonicMs(): number {
    return this.#timers.nowMs
  }

  wallClockMs(): number {
    return this.#timers.nowMs + this.wallClockOffsetMs
  }

  random(): number {
    return this.#random()
  }

  uniqueId(): string {
    return `unique-${String(++this.#ids).padStart(15, '0')}`
  }

  heapBytes(): number {
    return this.heapSizeBytes
  }

  startTimer(delayMs: number, callback: () => void): () => void {
    return this.#timers.start(delayMs, callback)
  }

  atEndOfCall(callback: () => void): void {
    queueMicrotask(callback)
  }

  atEndOfTurn(callback: () => void): void {
    if (this.#hasRealTurns) setImmediate(callback)
    else this.#endOfTurn.push(callback)
  }

  /** Timers that have not come due. */
  get timerCount(): number {
    return this.#timers.count
  }

  /** Ends the turn. @returns whether anybody had asked for it */
  endTurn(): boolean {
    const callbacks = this.#endOfTurn
    if (callbacks.length === 0) return false
    this.#endOfTurn = []
    this.turns++
    for (const callback of callbacks) callback()
    return true
  }

  /** Runs turns until nothing more happens without time going on. */
  async settle(): Promise<void> {
    do await hostTurn()
    while (this.endTurn())
  }

  /** Lets time go on without anything happening, as when the process gets no processor. */
  standStill(durationMs: number): void {
    this.#timers.nowMs += durationMs
  }

  /** Lets time go on, and everything happen that falls due, each at its moment. */
  advance(durationMs: number): Promise<void> {
    const settle = (): Promise<void> => this.settle()
    const mustSettle = (): boolean => this.#endOfTurn.length > 0 || this.#hasRealTurns
    return this.#timers.advance(durationMs, settle, () => (mustSettle() ? settle() : undefined))
  }
}
