/**
 * Everything the broker takes from the host, in one place, so that a test or a simulation can replace it.
 * No other code of the broker reads a clock, starts a timer or draws a random number.
 */
export interface Runtime {
  /** Milliseconds since some fixed moment; never goes backwards, whatever happens to the wall clock. */
  monotonicMs(): number
  /** Milliseconds since 1970, for people and for what is stored. */
  wallClockMs(): number
  /** A number from 0 up to, not including, 1; not for secrets. */
  random(): number
  /** 128 bits from a source that cannot be guessed, as 22 characters of `[0-9A-Za-z_-]`. */
  uniqueId(): string
  /** Bytes that the program's data takes, for people. */
  heapBytes(): number
  /** Calls back once after `delayMs`. @returns a function that prevents it */
  startTimer(delayMs: number, callback: () => void): () => void
  /** Calls back once when the call under way has returned to the host, before anything else happens; callbacks come in the order they were given. */
  atEndOfCall(callback: () => void): void
  /** Calls back once when all input that has already arrived has been handled. */
  atEndOfTurn(callback: () => void): void
}
