/** What went wrong with messages. All zero is the only good outcome, but for duplicates at QoS 1. */
export interface Faults {
  lost: number
  duplicates: number
  reordered: number
  /** For another subscriber, or of no publisher. */
  strays: number
}

export function noFaults(): Faults {
  return { lost: 0, duplicates: 0, reordered: 0, strays: 0 }
}

export function sumOfFaults(a: Faults, b: Faults): Faults {
  return {
    lost: a.lost + b.lost,
    duplicates: a.duplicates + b.duplicates,
    reordered: a.reordered + b.reordered,
    strays: a.strays + b.strays,
  }
}

/** Checks what comes to one subscriber. */
export interface ArrivalOrder {
  /** @returns whether this is the first time that the message came, and this the subscriber it is for */
  accept(publisherIndex: number, sequence: number): boolean
}

/** Sequence numbers that one subscriber may be missing at a time; further ones count as lost. */
const MISSING_MAX = 100_000

/**
 * Checks, for one subscriber, that the sequence numbers of each of its publishers come once each and in order.
 *
 * `#expected[i]` is the next number of publisher `#firstPublisher + i`. Numbers below it have come, except those in `#missing`.
 */
export class MessageOrder implements ArrivalOrder {
  readonly #firstPublisher: number
  readonly #expected: Float64Array
  readonly #missing = new Set<string>()
  readonly #faults: Faults

  constructor(firstPublisher: number, publisherCount: number, faults: Faults) {
    this.#firstPublisher = firstPublisher
    this.#expected = new Float64Array(publisherCount)
    this.#faults = faults
  }

  accept(publisherIndex: number, sequence: number): boolean {
    const index = publisherIndex - this.#firstPublisher
    if (this.#expected[index] !== sequence) return this.#acceptUnexpected(index, sequence)
    this.#expected[index] = sequence + 1
    return true
  }

  #acceptUnexpected(index: number, sequence: number): boolean {
    const expected = this.#expected[index]
    if (expected === undefined) {
      this.#faults.strays++
      return false
    }
    if (sequence < expected) return this.#acceptLate(`${index}:${sequence}`)
    for (let skipped = expected; skipped < sequence && this.#missing.size < MISSING_MAX; skipped++) {
      this.#missing.add(`${index}:${skipped}`)
    }
    this.#expected[index] = sequence + 1
    return true
  }

  #acceptLate(key: string): boolean {
    const wasMissing = this.#missing.delete(key)
    if (wasMissing) this.#faults.reordered++
    else this.#faults.duplicates++
    return wasMissing
  }
}
