/** How long to wait before the next attempt to connect. */
export interface ReconnectOptions {
  /** Upper bound of the first wait, in milliseconds; it doubles with each failure. Default 500. */
  delayMs?: number
  /** Upper bound of every wait, in milliseconds. Default 30 000. */
  delayMaxMs?: number
  /** A connection must have lasted this long for the waits to begin at the first bound again, in milliseconds. Default 5 000. */
  stableMs?: number
  /** Failures in a row after which the Client gives up. Default: never. */
  attemptsMax?: number
}

/**
 * Exponential back-off with full jitter: each wait is drawn between 0 and a bound that doubles, so that a thousand Clients
 * that lost one Server do not come back in one moment. A state machine without clock, timer or chance.
 */
export class Backoff {
  readonly #options: Required<ReconnectOptions>
  #failures = 0
  #connectedAtMs: number | undefined

  constructor({ delayMs = 500, delayMaxMs = 30_000, stableMs = 5_000, attemptsMax = Infinity }: ReconnectOptions = {}) {
    this.#options = { delayMs, delayMaxMs, stableMs, attemptsMax }
  }

  /** Failures since the last connection that lasted. */
  get failures(): number {
    return this.#failures
  }

  /** An attempt has succeeded. @param nowMs of the clock that `failed` is told of, too */
  connected(nowMs: number): void {
    this.#connectedAtMs = nowMs
  }

  /** An attempt has failed or a connection is over. @returns whether it has lasted: then failures are counted anew */
  ended(nowMs: number): boolean {
    const hasLasted = this.#connectedAtMs !== undefined && nowMs - this.#connectedAtMs >= this.#options.stableMs
    this.#connectedAtMs = undefined
    if (hasLasted) this.#failures = 0
    return hasLasted
  }

  /**
   * Counts a failed attempt or a lost connection.
   *
   * @param random from 0 up to, not including, 1
   * @returns milliseconds to wait, or `undefined` to give up
   */
  failed(nowMs: number, random: number): number | undefined {
    const { delayMs, delayMaxMs, attemptsMax } = this.#options
    this.ended(nowMs)
    if (++this.#failures > attemptsMax) return undefined
    return random * Math.min(delayMaxMs, delayMs * 2 ** (this.#failures - 1))
  }
}
