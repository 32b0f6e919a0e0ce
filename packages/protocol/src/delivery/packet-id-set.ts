import { PACKET_ID_MAX } from './packet-ids.ts'

/** First number of slots; a power of two, as every later one. */
const SLOTS_MIN = 16
/** A set that has grown beyond this shrinks again when it is empty. */
const SLOTS_KEPT_MAX = 1024
/** Slots per identifier at which a set stops growing. A peer chooses the identifiers, and could choose those that meet. */
const SLOTS_PER_IDENTIFIER_MAX = 4
/** What all empty sets have in common: most sessions never receive at QoS 2. */
const noSlots = new Uint16Array(1)

/**
 * A set of Packet Identifiers, laid out like {@link PacketIdTable}: identifier `n` is in slot `n & mask`, or displaced when that
 * is taken and there are slots enough; 0, which is none, marks an empty slot.
 */
export class PacketIdSet {
  #slots = noSlots
  /** Identifiers that are not in their slot; `undefined` when there are none. */
  #displaced: Set<number> | undefined = undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Slots that are allocated: at most 1024, or eight for each identifier that there has been at once. */
  get capacity(): number {
    return this.#slots.length
  }

  has(packetId: number): boolean {
    if (this.#slots[packetId & (this.#slots.length - 1)] === packetId) return packetId !== 0
    return this.#displaced?.has(packetId) ?? false
  }

  add(packetId: number): void {
    if (this.has(packetId)) return
    if (this.#slots === noSlots) this.#slots = new Uint16Array(SLOTS_MIN)
    this.#size++
    while (this.#slots[packetId & (this.#slots.length - 1)] !== 0) {
      if (this.#slots.length >= this.#size * SLOTS_PER_IDENTIFIER_MAX) {
        this.#displaced ??= new Set()
        this.#displaced.add(packetId)
        return
      }
      this.#double()
    }
    this.#slots[packetId & (this.#slots.length - 1)] = packetId
  }

  /** @returns whether it was there */
  delete(packetId: number): boolean {
    if (!this.has(packetId)) return false
    const slot = packetId & (this.#slots.length - 1)
    if (this.#slots[slot] === packetId) this.#slots[slot] = 0
    else this.#deleteDisplaced(packetId)
    this.#size--
    if (this.#size === 0 && this.#slots.length > SLOTS_KEPT_MAX) this.#slots = noSlots
    return true
  }

  /** All identifiers, in no particular order. */
  values(): number[] {
    const inSlots = [...this.#slots].filter(packetId => packetId !== 0)
    return this.#displaced === undefined ? inSlots : [...inSlots, ...this.#displaced]
  }

  #deleteDisplaced(packetId: number): void {
    this.#displaced?.delete(packetId)
    if (this.#displaced?.size === 0) this.#displaced = undefined
  }

  #double(): void {
    const length = this.#slots.length * 2
    if (length > PACKET_ID_MAX + 1) throw new RangeError('a Packet Identifier is 1 to 65 535')
    const slots = new Uint16Array(length)
    for (const packetId of this.#slots) if (packetId !== 0) slots[packetId & (length - 1)] = packetId
    this.#slots = slots
  }
}
