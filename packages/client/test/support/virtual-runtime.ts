import type { ClientRuntime } from '../../src/index.ts'

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/** Lets everything happen that can happen without time going on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise(setImmediate)
}

/** A clock that stands still until a test moves it. Chance is always the same: the middle. */
export class VirtualRuntime implements ClientRuntime {
  #now = 0
  #timers: Timer[] = []
  /** What {@link random} gives. */
  chance = 0.5

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#now + delayMs, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(each => each !== timer)
    }
  }

  atEndOfTurn(callback: () => void): void {
    queueMicrotask(callback)
  }

  /** Timers that are set. */
  get timerCount(): number {
    return this.#timers.length
  }

  /** Moves the clock, with every timer at its moment, and lets happen what follows from each. */
  async pass(ms: number): Promise<void> {
    await settle()
    const end = this.#now + ms
    for (let next = this.#nextBefore(end); next; next = this.#nextBefore(end)) {
      this.#now = Math.max(this.#now, next.dueMs)
      this.#run(next)
      await settle()
    }
    this.#now = end
    await settle()
  }

  /** Moves the clock as if the program had stood still: timers come late, all at the end. */
  async sleep(ms: number): Promise<void> {
    await settle()
    this.#now += ms
    for (let next = this.#nextBefore(this.#now); next; next = this.#nextBefore(this.#now)) this.#run(next)
    await settle()
  }

  #nextBefore(end: number): Timer | undefined {
    const due = this.#timers.filter(({ dueMs }) => dueMs <= end)
    return due.reduce<Timer | undefined>(
      (first, each) => (first && first.dueMs <= each.dueMs ? first : each),
      undefined,
    )
  }

  #run(timer: Timer): void {
    this.#timers = this.#timers.filter(each => each !== timer)
    timer.callback()
  }
}
