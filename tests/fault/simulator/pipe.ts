import type { EventQueue } from './event-queue.ts'
import type { Random } from './random.ts'

/** What travels in one direction of a connection: bytes, the end of them, or the news that the connection is gone. */
export type Cargo = Uint8Array | 'end' | 'reset'

/** How a network treats what travels through it. */
export interface PipeConditions {
  /** Milliseconds that bytes travel. */
  delayMinMs: number
  delayMaxMs: number
  /** How likely a write arrives in several pieces. */
  splitRate: number
  /** How likely pieces that have arrived are read as one. */
  mergeRate: number
}

/** Where a {@link Pipe} ends. */
export interface PipeEnd {
  /** Whether bytes are taken; when they are again, call {@link Pipe.pump}. */
  readonly isReading: boolean
  take(cargo: Cargo): void
}

interface Item {
  cargo: Cargo
  readonly arrivalMs: number
}

/** One direction of a connection: in order and complete, as TCP has it, at whatever pace and in whatever pieces. */
export class Pipe {
  /** Nothing arrives any more, and nobody is told: a cable that was pulled. */
  isSilent = false
  /** Bytes that have been put in and not been taken. */
  pendingBytes = 0
  /** Called when bytes have been taken. */
  onTaken: (() => void) | undefined = undefined
  readonly #queue: EventQueue
  readonly #random: Random
  readonly #conditions: PipeConditions
  readonly #end: PipeEnd
  #items: Item[] = []
  #lastArrivalMs = 0

  constructor(queue: EventQueue, random: Random, conditions: PipeConditions, end: PipeEnd) {
    this.#queue = queue
    this.#random = random
    this.#conditions = conditions
    this.#end = end
  }

  put(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.pendingBytes += bytes.length
    const { splitRate } = this.#conditions
    if (bytes.length === 1 || !this.#random.chance(splitRate)) return this.#post(bytes)
    const cuts = Array.from({ length: this.#random.between(1, 3) }, () => this.#random.between(1, bytes.length - 1))
    let start = 0
    for (const cut of [...cuts.sort((one, other) => one - other), bytes.length]) {
      if (cut > start) this.#post(bytes.subarray(start, cut))
      start = cut
    }
  }

  putEnd(): void {
    this.#post('end')
  }

  /** The connection is gone; what is under way may still arrive or not. */
  putReset(): void {
    this.loseRest()
    this.#post('reset')
  }

  /** What is under way from some point on does not arrive. */
  loseRest(): void {
    const kept = this.#random.below(this.#items.length + 1)
    for (const { cargo } of this.#items.splice(kept)) if (typeof cargo !== 'string') this.pendingBytes -= cargo.length
  }

  /** Nothing arrives any more. */
  close(): void {
    this.#items = []
    this.pendingBytes = 0
  }

  /** Hands over what has arrived, as far as the end takes it. */
  pump(): void {
    while (!this.isSilent) {
      const first = this.#items[0]
      if (first === undefined || first.arrivalMs > this.#queue.nowMs) return
      // A reset is noticed whether anybody reads or not.
      if (!this.#end.isReading && first.cargo !== 'reset') return this.#noticeReset()
      const cargo = this.#takeFirst()
      if (typeof cargo !== 'string') this.pendingBytes -= cargo.length
      this.#end.take(cargo)
      this.onTaken?.()
    }
  }

  #noticeReset(): void {
    const last = this.#items.at(-1)!
    if (last.cargo !== 'reset' || last.arrivalMs > this.#queue.nowMs) return
    this.close()
    this.#end.take('reset')
  }

  #takeFirst(): Cargo {
    let { cargo } = this.#items.shift()!
    while (typeof cargo !== 'string') {
      const next = this.#items[0]
      if (next === undefined || typeof next.cargo === 'string' || next.arrivalMs > this.#queue.nowMs) break
      if (!this.#random.chance(this.#conditions.mergeRate)) break
      this.#items.shift()
      cargo = Buffer.concat([cargo, next.cargo])
    }
    return cargo
  }

  #post(cargo: Cargo): void {
    const { delayMinMs, delayMaxMs } = this.#conditions
    const delayMs = this.#random.duration(delayMinMs, delayMaxMs)
    const arrivalMs = Math.max(this.#lastArrivalMs, this.#queue.nowMs + delayMs)
    this.#lastArrivalMs = arrivalMs
    this.#items.push({ cargo, arrivalMs })
    this.#queue.after(arrivalMs - this.#queue.nowMs, () => this.pump())
  }
}
