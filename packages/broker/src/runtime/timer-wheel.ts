import type { Runtime } from './runtime.ts'

/** How exact the wheel is, in milliseconds: callbacks come up to this much late, never early. */
export const WHEEL_TICK_MS = 100
/** Slots of the wheel; a timer further away than all of them together passes its slot several times. */
const WHEEL_SLOTS = 1024

/**
 * A moment at which something is to be done. Owners make one when they first need it, keep it for as long as they live and set it anew
 * as often as they like: setting it is a few pointer writes.
 */
export class WheelTimer {
  /** Milliseconds of the monotonic clock; meaningful while the timer is set. */
  dueMs = 0
  readonly callback: () => void
  /** Neighbours in the slot's ring; `undefined` when the timer is not set. */
  previous: WheelTimer | undefined = undefined
  next: WheelTimer | undefined = undefined

  constructor(callback: () => void) {
    this.callback = callback
  }

  get isSet(): boolean {
    return this.next !== undefined
  }
}

/**
 * A hundred thousand keep-alives on one host timer: a ring of slots, one per tick, each a doubly linked
 * ring of the timers that fall due when the hand gets there. The host timer runs only while some timer is set.
 */
export class TimerWheel {
  readonly #runtime: Runtime
  readonly #onError: (error: unknown) => void
  /** Heads of the rings; a head is not a timer of anybody's. */
  readonly #slots: WheelTimer[]
  /** The tick up to which all slots have been served. */
  #tick: number
  #count = 0
  #cancelHostTimer: (() => void) | undefined

  /** @param onError gets what a callback throws; the other callbacks come all the same */
  constructor(runtime: Runtime, onError: (error: unknown) => void) {
    this.#runtime = runtime
    this.#onError = onError
    this.#tick = Math.floor(runtime.monotonicMs() / WHEEL_TICK_MS)
    this.#slots = Array.from({ length: WHEEL_SLOTS }, () => {
      const head = new WheelTimer(() => {})
      head.previous = head
      head.next = head
      return head
    })
  }

  /** Timers that are set. */
  get count(): number {
    return this.#count
  }

  /** Sets a timer to a moment of the monotonic clock; one that is set already moves there. */
  set(timer: WheelTimer, dueMs: number): void {
    this.clear(timer)
    if (this.#count === 0) this.#tick = this.#tickNow()
    timer.dueMs = dueMs
    const tick = Math.max(Math.ceil(dueMs / WHEEL_TICK_MS), this.#tick + 1)
    const head = this.#slots[tick % WHEEL_SLOTS]!
    timer.previous = head.previous
    timer.next = head
    head.previous!.next = timer
    head.previous = timer
    this.#count++
    if (this.#cancelHostTimer === undefined) this.#startHostTimer()
  }

  /** @param timer may not be made yet, or not be set */
  clear(timer: WheelTimer | undefined): void {
    if (timer?.next === undefined) return
    timer.previous!.next = timer.next
    timer.next.previous = timer.previous
    timer.previous = undefined
    timer.next = undefined
    this.#count--
  }

  /** Stops the host timer; timers that are set never come due. */
  close(): void {
    this.#cancelHostTimer?.()
    this.#cancelHostTimer = undefined
  }

  #tickNow(): number {
    return Math.floor(this.#runtime.monotonicMs() / WHEEL_TICK_MS)
  }

  /** Aims at the next tick: from an arbitrary moment, what falls due would wait for up to two. */
  #startHostTimer(): void {
    const delayMs = Math.ceil(WHEEL_TICK_MS - (this.#runtime.monotonicMs() % WHEEL_TICK_MS))
    this.#cancelHostTimer = this.#runtime.startTimer(delayMs, () => this.#turn())
  }

  #turn(): void {
    this.#cancelHostTimer = undefined
    const now = this.#tickNow()
    // After a long pause of the process no slot needs to be served twice.
    if (now - this.#tick > WHEEL_SLOTS) this.#tick = now - WHEEL_SLOTS
    while (this.#tick < now) {
      this.#tick++
      this.#serve(this.#slots[this.#tick % WHEEL_SLOTS]!, now * WHEEL_TICK_MS)
    }
    if (this.#count > 0 && this.#cancelHostTimer === undefined) this.#startHostTimer()
  }

  /** Calls what is due; timers of a later round stay. Callbacks may set and clear any timer. */
  #serve(head: WheelTimer, nowMs: number): void {
    const due: WheelTimer[] = []
    for (let timer = head.next!; timer !== head; timer = timer.next!) if (timer.dueMs <= nowMs) due.push(timer)
    for (const timer of due) {
      if (!timer.isSet || timer.dueMs > nowMs) continue
      this.clear(timer)
      try {
        timer.callback()
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
