import { randomBytes } from 'node:crypto'
import type { Runtime } from './runtime.ts'

/** The real thing. */
export const nodeRuntime: Runtime = {
  monotonicMs: () => performance.now(),
  wallClockMs: () => Date.now(),
  random: () => Math.random(),
  uniqueId: () => randomBytes(16).toString('base64url'),
  startTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
  // The check phase follows the poll phase, in which every readable socket has been read.
  atEndOfTurn(callback) {
    setImmediate(callback)
  },
}
