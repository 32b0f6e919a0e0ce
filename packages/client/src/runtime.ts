/** Everything the Client takes from the host but I/O, in one place, so that a test or a simulation can replace it. */
export interface ClientRuntime {
  /** Milliseconds since some fixed moment; never goes backwards. */
  now(): number
  /** Calls back once after `delayMs`. @returns a function that prevents it */
  setTimer(delayMs: number, callback: () => void): () => void
  /** A number from 0 up to, not including, 1; not for secrets. */
  random(): number
  /** Calls back once when what happens now is over: what collected until then leaves in one write. */
  atEndOfTurn(callback: () => void): void
}

/** Node, Bun and Deno run this when all input that had arrived has been handled; browsers have nothing like it. */
const endOfTurn = (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate ?? queueMicrotask

/** The real thing. */
export const hostRuntime: ClientRuntime = {
  now: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
  atEndOfTurn: callback => {
    endOfTurn(callback)
  },
}
