/** A stream of numbers that a seed determines: mulberry32, 32 bits of state, good enough to choose mutations. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** @returns a whole number from 0 to `count - 1` */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * count)
  }

  /** @returns one of them, each as likely as the others */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }
}
