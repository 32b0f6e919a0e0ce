import { randomBytes } from 'node:crypto'
import type { Runtime } from './runtime.ts'

/** The real thing. */
export const nodeRuntime: Runtime = {
  monotonicMs: () => performance.now(),
  wallClockMs: () => Date.now(),
  random: () => Math.random(),
  uniqueId: () => randomBytes(16).toString('base64url'),
  heapBytes() {
    const { heapUsed, external } = process.memoryUsage() // payloads are external to the heap of JavaScript
    return heapUsed + external
  },
  startTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
  atEndOfCall: callback => queueMicrotask(callback),
  // The check phase follows the poll phase, in which every readable socket has been read.
  atEndOfTurn(callback) {
    setImmediate(callback)
  },
}
