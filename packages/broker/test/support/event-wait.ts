/** A peer that does nothing within this time, in milliseconds, is taken to do nothing at all. */
const PATIENCE_MS = 10_000

/** What a socket tells, and whoever waits for it: events that come before anybody waits are not lost. */
export class EventWait {
  #hasEvent = false
  #notify: (() => void) | undefined

  /** An event has come. */
  tell(): void {
    this.#hasEvent = true
    this.#notify?.()
  }

  /** @returns `true` at the next event, or at once if there has been one since the last call; `false` when patience ends */
  next(): Promise<boolean> {
    return new Promise(resolve => {
      const finish = (isEvent: boolean): void => {
        clearTimeout(timer)
        this.#hasEvent = false
        this.#notify = undefined
        resolve(isEvent)
      }
      const timer = setTimeout(() => finish(false), PATIENCE_MS)
      this.#notify = () => finish(true)
      if (this.#hasEvent) finish(true)
    })
  }
}
