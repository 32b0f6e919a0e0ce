import type { Runtime } from '../runtime/runtime.ts'

/**
 * A {@link Runtime} whose clocks stand still at this moment, for what reads or writes a whole store: the expiry of every message is then
 * measured at one moment, so that reading and writing it again gives the same milliseconds. Timers go on.
 */
export function stillRuntime(runtime: Runtime): Runtime {
  const wallClockMs = Math.floor(runtime.wallClockMs())
  return {
    // At 0 a monotonic time is what is left of something, in whole milliseconds.
    monotonicMs: () => 0,
    wallClockMs: () => wallClockMs,
    random: () => runtime.random(),
    uniqueId: () => runtime.uniqueId(),
    heapBytes: () => runtime.heapBytes(),
    startTimer: (delayMs, callback) => runtime.startTimer(delayMs, callback),
    atEndOfCall: callback => runtime.atEndOfCall(callback),
    atEndOfTurn: callback => runtime.atEndOfTurn(callback),
  }
}
