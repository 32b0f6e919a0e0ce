/** Minutes over which rates are averaged. */
export const loadMinutes = [1, 5, 15] as const

/**
 * How fast a counter grows, per minute, averaged exponentially as Mosquitto does it, and as the load averages of Unix are. With
 * every period that passes, what was before weighs less by the factor e:
 *
 *     rate = growth + e^(-elapsed / period) × (rate - growth)        growth: since the last update, per minute
 *
 * A counter that begins to grow by 60 a minute is, updated every 10 s, averaged over 1 minute as 9.21, 17.01, 23.61, … 60.
 */
export class LoadAverage {
  /** One for each of {@link loadMinutes}. */
  readonly rates: number[] = loadMinutes.map(() => 0)
  #lastCount: number

  constructor(count: number) {
    this.#lastCount = count
  }

  /** @param elapsedMs since the last update; more than 0 */
  update(count: number, elapsedMs: number): void {
    const elapsed = elapsedMs / 60_000
    const growth = (count - this.#lastCount) / elapsed
    this.#lastCount = count
    for (const [index, minutes] of loadMinutes.entries()) {
      this.rates[index] = growth + Math.exp(-elapsed / minutes) * (this.rates[index]! - growth)
    }
  }
}
