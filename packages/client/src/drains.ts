import { raced } from './connector.ts'

/** Calls of `drain` that wait until nothing is left to deliver. */
export class Drains {
  readonly #waiting = new Set<() => void>()

  get size(): number {
    return this.#waiting.size
  }

  /** @param signal gives up waiting: the promise rejects with `ERR_ABORTED` */
  wait(signal: AbortSignal | undefined): Promise<void> {
    let done = (): void => {}
    const idle = new Promise<void>(resolve => {
      done = resolve
    })
    this.#waiting.add(done)
    return (signal ? raced(idle, signal) : idle).finally(() => this.#waiting.delete(done))
  }

  /** Nothing is left. */
  end(): void {
    for (const done of this.#waiting) done()
  }
}
