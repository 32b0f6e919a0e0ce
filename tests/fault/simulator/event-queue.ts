import type { Random } from './random.ts'

/** Something that is to happen at a moment of virtual time. */
export interface SimulatedEvent {
  readonly timeMs: number
  /** Drawn by the seed: which of several events of one moment comes first. */
  readonly tieBreak: number
  readonly sequence: number
  /** `undefined` once it has been cancelled. */
  callback: (() => void) | undefined
}

/** Lets the host do what it has queued: promises, ticks, the events of streams. */
function hostTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** Events that one simulation may have before it counts as one that does not end. */
const EVENTS_MAX = 2_000_000

/**
 * Virtual time: a heap of events by moment, then by chance. Between two events the host drains its microtasks,
 * which are in a fixed order, so nothing else decides what happens when.
 *
 * `#heap[0]` comes first; the children of `index` are `2 * index + 1` and `2 * index + 2`.
 */
export class EventQueue {
  nowMs = 0
  /** Events that have happened; tells earlier from later within one moment. */
  step = 0
  readonly #heap: SimulatedEvent[] = []
  readonly #random: Random
  #sequence = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** @param delayMs at least 0 */
  after(delayMs: number, callback: () => void): SimulatedEvent {
    const timeMs = this.nowMs + Math.max(0, delayMs)
    const event = { timeMs, tieBreak: this.#random.next(), sequence: this.#sequence++, callback }
    this.#rise(event)
    return event
  }

  cancel(event: SimulatedEvent): void {
    event.callback = undefined
  }

  /**
   * Lets time go on.
   *
   * @param endMs stop at this moment
   * @param isDone stop earlier, when this says so; asked after each event
   */
  async runUntil(endMs: number, isDone: () => boolean = () => false): Promise<void> {
    while (this.#heap.length > 0 && this.#heap[0]!.timeMs <= endMs) {
      const event = this.#takeFirst()
      if (event.callback === undefined) continue
      this.nowMs = event.timeMs
      if (++this.step > EVENTS_MAX) throw new Error(`more than ${EVENTS_MAX} events: the simulation does not end`)
      event.callback()
      await hostTurn()
      if (isDone()) return
    }
    this.nowMs = Math.max(this.nowMs, endMs)
  }

  #rise(event: SimulatedEvent): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = event
  }

  #takeFirst(): SimulatedEvent {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(one: SimulatedEvent, other: SimulatedEvent): boolean {
  if (one.timeMs !== other.timeMs) return one.timeMs < other.timeMs
  if (one.tieBreak !== other.tieBreak) return one.tieBreak < other.tieBreak
  return one.sequence < other.sequence
}
