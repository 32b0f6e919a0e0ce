/** So many places at the front may be empty before the list is moved up; a list that has become longer is not kept. */
const EMPTY_MAX = 1024

/** A queue: first in, first out, each in constant time on average. Its owner bounds it. */
export class Fifo<Item> {
  /** What is in it lies from `#head` up to `#tail`; all other places are empty. */
  #items: (Item | undefined)[] = []
  #head = 0
  #tail = 0

  get size(): number {
    return this.#tail - this.#head
  }

  push(item: Item): void {
    this.#items[this.#tail++] = item
  }

  peek(): Item | undefined {
    return this.#items[this.#head]
  }

  shift(): Item | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head > EMPTY_MAX) this.#begin(this.#items.slice(this.#head, this.#tail), this.size)
    else if (this.size === 0) this.#begin(this.#items, 0) // the places stay: the next item needs no new list
    return item
  }

  /** Takes everything out. */
  clear(): Item[] {
    const items = this.#items.slice(this.#head, this.#tail) as Item[] // no place between them is empty
    this.#begin([], 0)
    return items
  }

  /** The first item, if there is one, is at the front of the list. */
  #begin(items: (Item | undefined)[], size: number): void {
    this.#items = items
    this.#head = 0
    this.#tail = size
  }
}
