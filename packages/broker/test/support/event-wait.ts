/** A peer that does nothing within this time, in milliseconds, is taken to do nothing at all. */
const PATIENCE_MS = 30_000

/** What a socket tells, and whoever waits for it: events that come before anybody waits are not lost. */
export class EventWait {
  readonly #patienceMs: number
  #hasEvent = false
  #notify: (() => void) | undefined

  /** @param patienceMs default: 30 s */
  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs
  }

  /** An event has come. */
  tell(): void {
    this.#hasEvent = true
    this.#notify?.()
  }

  /** @returns `true` at the next event, or at once if there has been one since the last call; `false` when patience ends */
  next(): Promise<boolean> {
    return new Promise(resolve => {
      const finish = (): void => {
        if (this.#notify !== finish) return // it is over
        clearTimeout(timer)
        const hadEvent = this.#hasEvent
        this.#hasEvent = false
        this.#notify = undefined
        resolve(hadEvent)
      }
      // What came while this process stood still is looked at first.
      const timer = setTimeout(() => setImmediate(finish), this.#patienceMs)
      this.#notify = finish
      if (this.#hasEvent) finish()
    })
  }
}
