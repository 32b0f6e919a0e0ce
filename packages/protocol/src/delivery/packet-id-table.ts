import { PACKET_ID_MAX } from './packet-ids.ts'

/** First number of slots; a power of two, as every later one. */
const SLOTS_MIN = 16
/** A table that has grown beyond this shrinks again when it is empty. */
const SLOTS_KEPT_MAX = 1024

/**
 * A map whose keys are Packet Identifiers in use. They are handed out in turn, so the low bits tell those
 * of a window apart: the value of identifier `n` is in slot `n & mask`, without hashing and without garbage. When two meet in a slot,
 * because one has been in use for long, the table doubles; with 65 536 slots, half a MiB, each has its own.
 */
export class PacketIdTable<Value extends { readonly packetId: number }> {
  #slots: (Value | undefined)[] = new Array(SLOTS_MIN).fill(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(packetId: number): Value | undefined {
    const value = this.#slots[packetId & (this.#slots.length - 1)]
    return value !== undefined && value.packetId === packetId ? value : undefined
  }

  /** Adds a value under its identifier, which must not be in use. */
  add(value: Value): void {
    while (this.#slots[value.packetId & (this.#slots.length - 1)] !== undefined) this.#double()
    this.#slots[value.packetId & (this.#slots.length - 1)] = value
    this.#size++
  }

  /** Takes out a value that is in the table. */
  remove(value: Value): void {
    this.#slots[value.packetId & (this.#slots.length - 1)] = undefined
    this.#size--
    if (this.#size === 0 && this.#slots.length > SLOTS_KEPT_MAX) this.#slots = new Array(SLOTS_MIN).fill(undefined)
  }

  /** All values, in no particular order. */
  values(): Value[] {
    return this.#slots.filter(value => value !== undefined)
  }

  #double(): void {
    const length = this.#slots.length * 2
    if (length > PACKET_ID_MAX + 1) throw new RangeError('Packet Identifier is in use')
    const slots: (Value | undefined)[] = new Array(length).fill(undefined)
    for (const value of this.#slots) if (value !== undefined) slots[value.packetId & (length - 1)] = value
    this.#slots = slots
  }
}
