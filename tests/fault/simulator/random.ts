/** Mixes the bits of a number so that neighbours have nothing in common (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let bits = value >>> 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/**
 * A stream of numbers that a seed determines: mulberry32. Each part of the simulation draws from a fork of its own, so that
 * one part that draws more or less leaves what the others draw as it was; shrinking a failure depends on that.
 */
export class Random {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = mixed(seed)
    this.#state = this.#seed
  }

  /** A stream that depends on the seed and the label, and not on what has been drawn. */
  fork(label: string | number): Random {
    let hash = this.#seed
    for (const character of String(label)) hash = mixed(hash ^ character.codePointAt(0)!)
    return new Random(hash)
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let bits = this.#state
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1)
  }

  /** Milliseconds in sixteenths, so that sums are exact and moments coincide now and then. */
  duration(minMs: number, maxMs: number): number {
    return Math.round((minMs + this.next() * (maxMs - minMs)) * 16) / 16
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }
}
