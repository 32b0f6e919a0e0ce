/** Chance that follows from a seed (mulberry32). Each part of a run has its own, so that one that draws more does not shift the others. */
export class Random {
  #state: number
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = this.#seed
  }

  /** Another one, which depends on this one's seed and on `label` only. */
  fork(label: string): Random {
    let seed = this.#seed ^ 0x9e3779b9
    for (const character of label) seed = Math.imul(seed ^ character.codePointAt(0)!, 0x01000193)
    return new Random(seed ^ (seed >>> 15))
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)]!
  }
}
