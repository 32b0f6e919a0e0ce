/** How long one awaited event may take on a busy machine before the test fails with an explanation. */
export const EVENT_WAIT_MS = 15_000

/**
 * The value of `promise`, or a rejection that says what was awaited. `describe` is called only when time is up,
 * so that it can tell what had arrived by then.
 *
 * @throws {Error} when `promise` has not settled after `timeoutMs`.
 */
export async function within<T>(promise: Promise<T>, describe: () => string, timeoutMs = EVENT_WAIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new Error(`after ${timeoutMs} ms still waiting for ${describe()}`))
    // A process that stood still reads first what came meanwhile.
    timer = setTimeout(() => setImmediate(giveUp), timeoutMs)
  })
  try {
    return await Promise.race([promise, expiry])
  } finally {
    clearTimeout(timer)
  }
}

/** A promise that something else settles. */
export class Signal<T> {
  readonly promise: Promise<T>
  #resolve!: (value: T) => void
  #reject!: (reason: Error) => void

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.promise.catch(() => {}) // Whoever awaits the promise hears of it; that nobody does is no crash.
  }

  resolve(value: T): void {
    this.#resolve(value)
  }

  reject(reason: Error): void {
    this.#reject(reason)
  }
}
