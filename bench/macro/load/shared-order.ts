import type { ArrivalOrder, Faults } from './message-order.ts'

/**
 * Windows that a message may be overtaken by. A publisher has a window of messages under way, whatever their order: while one waits at a
 * slow member, others may pass it, until all that is under way waits there. With members in turn that is at most a window for each.
 */
const WINDOWS = 64

/** Which messages have come to any subscriber of a group. Slot `n % slotCount` of a publisher holds the last `n` that has come, plus 1. */
export class SharedArrivals {
  readonly faults: Faults
  readonly #slotCount: number
  readonly #sequences: Uint32Array

  /** @param window messages of one publisher that may be under way */
  constructor(publisherCount: number, window: number, faults: Faults) {
    this.faults = faults
    this.#slotCount = window * WINDOWS
    this.#sequences = new Uint32Array(publisherCount * this.#slotCount)
  }

  /** @returns whether the message is new */
  accept(publisherIndex: number, sequence: number): boolean {
    const slot = publisherIndex * this.#slotCount + (sequence % this.#slotCount)
    const last = this.#sequences[slot]
    if (last === undefined) this.faults.strays++
    else if (last > sequence) this.faults.duplicates++
    else this.#sequences[slot] = sequence + 1
    return last !== undefined && last <= sequence
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
