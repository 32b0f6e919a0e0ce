import { GCProfiler, type GCProfilerResult } from 'node:v8'

/** What can be asked of a broker that runs on Node; each request has one answer. */
export type InspectionRequest = 'memory' | 'watch-gc' | 'end-gc'

/** After a full collection, in bytes. */
export interface HeapUse {
  /** Objects of JavaScript, and what they hold outside V8's heap. */
  readonly heapBytes: number
  readonly residentBytes: number
}

export type InspectionAnswer = HeapUse | GCProfilerResult | 'watching'

/** Answers the process that started this broker, if it asks. Memory needs `--expose-gc`. */
export function answerInspections(): void {
  let profiler = new GCProfiler()
  const answer = (request: InspectionRequest): InspectionAnswer => {
    switch (request) {
      case 'memory':
        return heapUse()
      case 'watch-gc':
        profiler = new GCProfiler()
        profiler.start()
        return 'watching'
      case 'end-gc':
        return profiler.stop()!
    }
  }
  process.on('message', (request: InspectionRequest) => process.send?.(answer(request)))
}

/** Collects twice: what the first one finds may free more. */
function heapUse(): HeapUse {
  if (globalThis.gc === undefined) throw new Error('memory needs --expose-gc')
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapBytes: heapUsed + external, residentBytes: rss }
}
