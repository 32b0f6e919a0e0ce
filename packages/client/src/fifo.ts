/** So many places at the front may be empty before the list is moved up. */
const EMPTY_MAX = 1024

/** A queue: first in, first out, each in constant time on average. Its owner bounds it. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  /** Index of the first item; everything before it is empty. */
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  peek(): Item | undefined {
    return this.#items[this.#head]
  }

  shift(): Item | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) this.#items.length = 0
    else if (this.#head > EMPTY_MAX) this.#items.splice(0, this.#head)
    else return item
    this.#head = 0
    return item
  }

  /** Takes everything out. */
  clear(): Item[] {
    const items = this.#items.slice(this.#head) as Item[] // from the head on no place is empty
    this.#items = []
    this.#head = 0
    return items
  }
}
