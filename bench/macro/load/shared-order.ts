import type { ArrivalOrder, Faults } from './message-order.ts'

/** Which messages have come to any subscriber of a group. Slot `n % window` of a publisher holds the last `n` that has come. */
export class SharedArrivals {
  readonly window: number
  readonly faults: Faults
  readonly #sequences: Float64Array

  /** @param window messages of one publisher that may be under way */
  constructor(publisherCount: number, window: number, faults: Faults) {
    this.window = window
    this.faults = faults
    this.#sequences = new Float64Array(publisherCount * window).fill(-1)
  }

  /** @returns whether the message is new */
  accept(publisherIndex: number, sequence: number): boolean {
    const slot = publisherIndex * this.window + (sequence % this.window)
    const last = this.#sequences[slot]
    if (last === undefined) this.faults.strays++
    else if (last >= sequence) this.faults.duplicates++
    else this.#sequences[slot] = sequence
    return last !== undefined && last < sequence
  }
}

/**
 * Checks, for one subscriber of a group, that messages of each publisher come in order, and for all of them together that none comes twice.
 * That none is missing shows when the load has drained: each message counts when it comes.
 */
export class SharedOrder implements ArrivalOrder {
  readonly #arrivals: SharedArrivals
  readonly #last: Float64Array

  constructor(arrivals: SharedArrivals, publisherCount: number) {
    this.#arrivals = arrivals
    this.#last = new Float64Array(publisherCount).fill(-1)
  }

  accept(publisherIndex: number, sequence: number): boolean {
    if (!this.#arrivals.accept(publisherIndex, sequence)) return false
    if (sequence < this.#last[publisherIndex]!) this.#arrivals.faults.reordered++
    this.#last[publisherIndex] = sequence
    return true
  }
}
