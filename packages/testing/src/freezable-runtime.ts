import type { ClientRuntime } from '@curlew/client'

/** The runtime of one Client, whose timers a test can hold up as a stopped process holds up its own. */
export class FreezableRuntime implements ClientRuntime {
  readonly #runtime: ClientRuntime
  readonly #held: (() => void)[] = []
  #isFrozen = false

  constructor(runtime: ClientRuntime) {
    this.#runtime = runtime
  }

  now(): number {
    return this.#runtime.now()
  }

  random(): number {
    return this.#runtime.random()
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    let isCancelled = false
    const cancel = this.#runtime.setTimer(delayMs, () => {
      if (this.#isFrozen) this.#held.push(() => isCancelled || callback())
      else callback()
    })
    return () => {
      isCancelled = true
      cancel()
    }
  }

  atEndOfTurn(callback: () => void): void {
    this.#runtime.atEndOfTurn(callback)
  }

  freeze(): void {
    this.#isFrozen = true
  }

  /** Timers that have come due meanwhile are late now. */
  thaw(): void {
    this.#isFrozen = false
    for (const callback of this.#held.splice(0)) callback()
  }
}
