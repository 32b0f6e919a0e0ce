import { PACKET_ID_MAX } from './packet-ids.ts'

/** First number of slots; a power of two, as every later one. */
const SLOTS_MIN = 16
/** A table that has grown beyond this shrinks again when it is empty. */
const SLOTS_KEPT_MAX = 1024
/** Slots per value at which a table stops growing. One that grows whenever two values meet could be made to by a peer. */
const SLOTS_PER_VALUE_MAX = 4
/** What all tables have in common that never had a value: most Clients only publish. */
const noSlots: undefined[] = [undefined]

/**
 * A map whose keys are Packet Identifiers in use. They are handed out in turn, so the low bits tell those
 * of a window apart: the value of identifier `n` is in slot `n & mask`, without hashing and without garbage. When two meet in a
 * slot, the table doubles. If it has slots enough, because one identifier has been in use for so long that the window has come
 * round to it, the later of the two is displaced into a Map instead.
 */
export class PacketIdTable<Value extends { readonly packetId: number }> {
  #slots: (Value | undefined)[] = noSlots
  /** Values that are not in their slot; `undefined` when there are none. */
  #displaced: Map<number, Value> | undefined = undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Slots that are allocated: at most 1024, or eight for each value that there has been at once. */
  get capacity(): number {
    return this.#slots.length
  }

  get(packetId: number): Value | undefined {
    const value = this.#slots[packetId & (this.#slots.length - 1)]
    if (value !== undefined && value.packetId === packetId) return value
    return this.#displaced === undefined ? undefined : this.#displaced.get(packetId)
  }

  /** Adds a value under its identifier, which must not be in use. */
  add(value: Value): void {
    if (this.#slots === noSlots) this.#slots = new Array(SLOTS_MIN).fill(undefined)
    this.#size++
    while (this.#slots[value.packetId & (this.#slots.length - 1)] !== undefined) {
      if (this.#slots.length >= this.#size * SLOTS_PER_VALUE_MAX) {
        this.#displaced ??= new Map()
        this.#displaced.set(value.packetId, value)
        return
      }
      this.#double()
    }
    this.#slots[value.packetId & (this.#slots.length - 1)] = value
  }

  /** Takes out a value that is in the table. */
  remove(value: Value): void {
    const slot = value.packetId & (this.#slots.length - 1)
    if (this.#slots[slot] === value) this.#slots[slot] = undefined
    else this.#removeDisplaced(value.packetId)
    this.#size--
    if (this.#size === 0 && this.#slots.length > SLOTS_KEPT_MAX) this.#slots = noSlots
  }

  /** All values, in no particular order. */
  values(): Value[] {
    const values = this.#slots.filter(value => value !== undefined)
    if (this.#displaced !== undefined) values.push(...this.#displaced.values())
    return values
  }

  #removeDisplaced(packetId: number): void {
    this.#displaced?.delete(packetId)
    if (this.#displaced?.size === 0) this.#displaced = undefined
  }

  #double(): void {
    const length = this.#slots.length * 2
    if (length > PACKET_ID_MAX + 1) throw new RangeError('Packet Identifier is in use')
    const slots: (Value | undefined)[] = new Array(length).fill(undefined)
    for (const value of this.#slots) if (value !== undefined) slots[value.packetId & (length - 1)] = value
    this.#slots = slots
  }
}
