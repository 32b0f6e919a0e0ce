import { hashOf, isSame } from './remembered-bytes.ts'

/** At first; they double as needed. A power of two. */
const FIRST_SLOTS = 8
/** Slots looked at for one string, so that hashes that collide on purpose cost little more than decoding does. */
const PROBES_MAX = 8
/** Numbers of one slot. */
const SLOT_LENGTH = 4
/** What they are: behind the hash, where the bytes begin, how many there are, 0 in an empty slot, and which string they gave. */
const [OFFSET, LENGTH, INDEX] = [1, 2, 3]

export interface StringTableLimits {
  /** Strings that are remembered, at most. */
  readonly stringsMax: number
  /** Bytes of all of them, at most. */
  readonly bytesMax: number
}

/**
 * Strings by the bytes that they were decoded from. When there is no room for one more, all are forgotten.
 *
 * The bytes lie one behind the other, and a slot has all that must be known to compare with them. What is asked for is one of ten thousands,
 * each seldom, so time goes with the cache lines that a search touches: here two or three, of which only the slot's is
 * nowhere near that of the string before (`npm run bench -- --only wildcards`).
 *
 *     slots     … │ hash  offset  length  index │ …    the slot that the hash says, or one of those behind it
 *     bytes     home/1/tmphome/2/tmp…                  at the offset
 *     strings   'home/1/tmp' 'home/2/tmp' …            at the index
 */
export class StringTable {
  readonly #limits: StringTableLimits
  #strings: string[] = []
  #bytes = new Uint8Array(0)
  /** Bytes in use. */
  #bytesLength = 0
  /** At least twice as many slots as strings; a power of two. */
  #slots = new Int32Array(FIRST_SLOTS * SLOT_LENGTH)

  constructor(limits: StringTableLimits) {
    this.#limits = limits
  }

  /** @returns the string that `source[start..start + length)` gave, if it is remembered */
  find(source: Uint8Array, start: number, length: number): string | undefined {
    const hash = hashOf(source, start, length)
    const slots = this.#slots
    const mask = slots.length - 1
    let at = Math.imul(hash, SLOT_LENGTH) & mask
    for (let probe = 0; probe < PROBES_MAX && slots[at + LENGTH] !== 0; probe++) {
      const isLike = slots[at] === hash && slots[at + LENGTH] === length
      if (isLike && isSame(this.#bytes, slots[at + OFFSET]!, source, start, length))
        return this.#strings[slots[at + INDEX]!]
      at = (at + SLOT_LENGTH) & mask
    }
    return undefined
  }

  /** Remembers what `source[start..start + length)` gave. @param length from 1 up to {@link StringTableLimits.bytesMax} */
  add(string: string, source: Uint8Array, start: number, length: number): void {
    const { stringsMax, bytesMax } = this.#limits
    if (this.#strings.length >= stringsMax || this.#bytesLength + length > bytesMax) this.#forgetAll()
    if (this.#strings.length * 2 * SLOT_LENGTH >= this.#slots.length) this.#growSlots()
    const offset = this.#bytesLength
    if (!takeSlot(this.#slots, hashOf(source, start, length), offset, length, this.#strings.length)) return
    this.#strings.push(string)
    this.#bytesLength += length
    if (this.#bytesLength > this.#bytes.length) this.#growBytes()
    this.#bytes.set(source.subarray(start, start + length), offset)
  }

  #growSlots(): void {
    const slots = this.#slots
    this.#slots = new Int32Array(slots.length * 2)
    for (let at = 0; at < slots.length; at += SLOT_LENGTH) {
      const length = slots[at + LENGTH]!
      if (length > 0) takeSlot(this.#slots, slots[at]!, slots[at + OFFSET]!, length, slots[at + INDEX]!)
    }
  }

  #growBytes(): void {
    const doubled = Math.min(this.#bytes.length * 2, this.#limits.bytesMax)
    const larger = new Uint8Array(Math.max(this.#bytesLength, doubled))
    larger.set(this.#bytes)
    this.#bytes = larger
  }

  #forgetAll(): void {
    this.#strings = []
    this.#bytesLength = 0
    this.#slots.fill(0)
  }
}

/** @returns whether there was an empty slot where {@link StringTable.find} looks */
function takeSlot(slots: Int32Array, hash: number, offset: number, length: number, index: number): boolean {
  const mask = slots.length - 1
  let at = Math.imul(hash, SLOT_LENGTH) & mask
  for (let probe = 0; probe < PROBES_MAX; probe++) {
    if (slots[at + LENGTH] === 0) {
      slots[at] = hash
      slots[at + OFFSET] = offset
      slots[at + LENGTH] = length
      slots[at + INDEX] = index
      return true
    }
    at = (at + SLOT_LENGTH) & mask
  }
  return false
}
