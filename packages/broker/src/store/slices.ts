import type { Runtime } from '../runtime/runtime.ts'

/** After so much work the event loop gets its turn: about a millisecond of it, or less. */
const SLICE_WORK = 1_000
/** Bytes that are as much work as a message. */
const BYTES_PER_UNIT = 256

/** Long work in slices, so that connections are served between them. */
export class Slices {
  readonly #runtime: Runtime
  #sincePause = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /**
   * Notes work done. @returns what to wait for before going on, when it is time to
   *
   * @param count messages or rows
   * @param bytes what they have together, if that matters
   */
  add(count: number, bytes = 0): Promise<void> | undefined {
    this.#sincePause += count + bytes / BYTES_PER_UNIT
    if (this.#sincePause < SLICE_WORK) return undefined
    this.#sincePause = 0
    return new Promise(resolve => this.#runtime.atEndOfTurn(resolve))
  }
}
