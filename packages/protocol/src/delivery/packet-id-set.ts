import { PACKET_ID_MAX } from './packet-ids.ts'

/** First number of slots; a power of two, as every later one. */
const SLOTS_MIN = 16
/** A set that has grown beyond this shrinks again when it is empty. */
const SLOTS_KEPT_MAX = 1024
/** What all empty sets have in common: most sessions never receive at QoS 2. */
const noSlots = new Uint16Array(1)

/**
 * A set of Packet Identifiers, laid out like {@link PacketIdTable}: identifier `n` is in slot `n & mask`, and 0, which is none,
 * marks an empty slot. With 65 536 slots, 128 KiB, each identifier has its own.
 */
export class PacketIdSet {
  #slots = noSlots
  #size = 0

  get size(): number {
    return this.#size
  }

  has(packetId: number): boolean {
    return this.#slots[packetId & (this.#slots.length - 1)] === packetId
  }

  add(packetId: number): void {
    if (this.has(packetId)) return
    if (this.#slots === noSlots) this.#slots = new Uint16Array(SLOTS_MIN)
    while (this.#slots[packetId & (this.#slots.length - 1)] !== 0) this.#double()
    this.#slots[packetId & (this.#slots.length - 1)] = packetId
    this.#size++
  }

  /** @returns whether it was there */
  delete(packetId: number): boolean {
    if (!this.has(packetId)) return false
    this.#slots[packetId & (this.#slots.length - 1)] = 0
    this.#size--
    if (this.#size === 0 && this.#slots.length > SLOTS_KEPT_MAX) this.#slots = noSlots
    return true
  }

  /** All identifiers, in no particular order. */
  values(): number[] {
    return [...this.#slots].filter(packetId => packetId !== 0)
  }

  #double(): void {
    const length = this.#slots.length * 2
    if (length > PACKET_ID_MAX + 1) throw new RangeError('a Packet Identifier is 1 to 65 535')
    const slots = new Uint16Array(length)
    for (const packetId of this.#slots) if (packetId !== 0) slots[packetId & (length - 1)] = packetId
    this.#slots = slots
  }
}
