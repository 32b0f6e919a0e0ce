import type { Runtime } from '../../../packages/broker/src/index.ts'
import type { EventQueue } from './event-queue.ts'
import type { Random } from './random.ts'

/** A clock on the wall, which outlives processes and may be moved. */
export interface WallClock {
  /** Wall clock less virtual time, in milliseconds. */
  offsetMs: number
}

/** How late a timer may come, and how long a turn may go on taking input, in milliseconds. */
const LATENESS_MAX_MS = 2
const TURN_MAX_MS = 0.5

const idCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'

/**
 * What one process takes from its host, in virtual time. A process that has been killed hears nothing more:
 * its timers and turns are gone.
 */
export class SimulatedRuntime implements Runtime {
  isAlive = true
  readonly #queue: EventQueue
  readonly #random: Random
  readonly #lateness: Random
  readonly #wallClock: WallClock
  readonly #bootedMs: number

  /** @param bootedMs virtual time from which the monotonic clock counts */
  constructor(queue: EventQueue, random: Random, wallClock: WallClock, bootedMs: number) {
    this.#queue = queue
    this.#random = random.fork('chance')
    this.#lateness = random.fork('lateness')
    this.#wallClock = wallClock
    this.#bootedMs = bootedMs
  }

  monotonicMs(): number {
    return this.#queue.nowMs - this.#bootedMs
  }

  wallClockMs(): number {
    return Math.floor(this.#queue.nowMs + this.#wallClock.offsetMs)
  }

  random(): number {
    return this.#random.next()
  }

  uniqueId(): string {
    return Array.from({ length: 22 }, () => this.#random.pick([...idCharacters])).join('')
  }

  heapBytes(): number {
    return 0
  }

  startTimer(delayMs: number, callback: () => void): () => void {
    const lateMs = this.#lateness.chance(0.3) ? this.#lateness.duration(0, LATENESS_MAX_MS) : 0
    const event = this.#queue.after(delayMs + lateMs, () => this.#call(callback))
    return () => this.#queue.cancel(event)
  }

  atEndOfCall(callback: () => void): void {
    queueMicrotask(() => this.#call(callback))
  }

  /** The turn goes on for a moment, so that what arrives within it belongs to it, as one poll reads many sockets. */
  atEndOfTurn(callback: () => void): void {
    const turnMs = this.#lateness.chance(0.5) ? this.#lateness.duration(0, TURN_MAX_MS) : 0
    this.#queue.after(turnMs, () => this.#call(callback))
  }

  #call(callback: () => void): void {
    if (this.isAlive) callback()
  }
}
