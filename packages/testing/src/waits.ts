/** How long to wait. */
export interface WaitOptions {
  /** Milliseconds of real time, whatever the clock of the test broker says. Default: that of the test broker. */
  readonly timeoutMs?: number
}

interface Wait {
  /** Ends the wait if what it is for has come. */
  check(): void
  fail(error: Error): void
}

/** Promises that come true when something has happened. They end in an explanation when it does not. */
export class Waits {
  readonly #timeoutMs: number
  readonly #waits = new Set<Wait>()
  #closed: Error | undefined

  /** @param timeoutMs of waits that say nothing else */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /**
   * @param check gives what is waited for once it is there
   * @param describe says what that is, and what has come instead
   */
  until<Value>(
    check: () => Value | undefined,
    describe: () => string,
    { timeoutMs = this.#timeoutMs }: WaitOptions = {},
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const there = check()
      if (there !== undefined) return resolve(there)
      if (this.#closed) return reject(this.#closed)
      const end = (): void => {
        clearTimeout(timer)
        this.#waits.delete(wait)
      }
      const wait: Wait = {
        check() {
          const value = check()
          if (value === undefined) return
          end()
          resolve(value)
        },
        fail(error) {
          end()
          reject(error)
        },
      }
      const giveUp = (): void => {
        if (this.#waits.has(wait)) wait.fail(new Error(`after ${timeoutMs} ms still waiting for ${describe()}`))
      }
      // A process that stood still reads first what came meanwhile, and may end the wait with that.
      const timer = setTimeout(() => setImmediate(giveUp), timeoutMs)
      this.#waits.add(wait)
    })
  }

  /** Something has happened. */
  notify(): void {
    for (const wait of this.#waits) wait.check()
  }

  close(error: Error): void {
    this.#closed = error
    for (const wait of this.#waits) wait.fail(error)
  }
}
