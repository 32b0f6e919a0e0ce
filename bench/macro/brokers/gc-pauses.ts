import type { GCProfilerResult } from 'node:v8'

/** What garbage collection cost a broker while a load ran. */
export interface GcPauses {
  readonly count: number
  readonly totalMs: number
  /** The longest ones, longest first. */
  readonly longestMs: readonly number[]
  /** What collections freed, in bytes. */
  readonly freedBytes: number
  /** `freedBytes` for each message that was delivered meanwhile. */
  readonly bytesPerMessage: number
}

/** Of the longest pauses, so many are told. */
export const LONGEST_PAUSES = 3

/** @param messageCount delivered while collections were watched */
export function gcPausesOf({ statistics }: Pick<GCProfilerResult, 'statistics'>, messageCount: number): GcPauses {
  const pausesMs = statistics.map(({ cost }) => cost / 1000) // V8 gives microseconds
  const freedBytes = statistics.reduce((sum, { beforeGC, afterGC }) => {
    return sum + Math.max(0, beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize)
  }, 0)
  return {
    count: pausesMs.length,
    totalMs: pausesMs.reduce((sum, pauseMs) => sum + pauseMs, 0),
    longestMs: pausesMs.sort((a, b) => b - a).slice(0, LONGEST_PAUSES),
    freedBytes,
    bytesPerMessage: messageCount === 0 ? 0 : freedBytes / messageCount,
  }
}
