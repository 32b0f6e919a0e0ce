import { createHistogram, PerformanceObserver, performance, type RecordableHistogram } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * How long turns of the event loop take, without what the measurement itself does in them. Of the time that passed and the CPU time of
 * the process the smaller one counts: other programs take the core away at times, and other threads of ours work beside the event loop.
 */
export class TurnTimes {
  #turns: RecordableHistogram = createHistogram()
  #longestMs = new Map<string, number>()
  readonly #collections = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) this.#note('garbage collection', duration)
  })

  constructor() {
    this.#collections.observe({ type: 'gc' })
  }

  /** Does the work of one turn and waits for the next one, timing what others do until then. */
  async next(work: () => void): Promise<void> {
    work()
    const start = momentOf()
    await nextTurn()
    this.#turns.record(Math.max(1, Math.round(usSince(start))))
  }

  /** Times a call, by kind. */
  piece<Result>(kind: string, call: () => Result): Result {
    const start = momentOf()
    const result = call()
    this.#note(kind, usSince(start) / 1000)
    return result
  }

  #note(kind: string, ms: number): void {
    this.#longestMs.set(kind, Math.max(this.#longestMs.get(kind) ?? 0, ms))
  }

  /** Prints what was measured since the last report. */
  report(phase: string): void {
    const turns = this.#turns
    const percentiles = [50, 99, 99.9].map(at => `p${at} ${millis(turns.percentile(at))}`)
    const pieces = [...this.#longestMs].map(([kind, ms]) => `${kind} ${ms.toFixed(1)}`)
    const line = [phase.padEnd(10), `${turns.count} turns`, ...percentiles, `longest ${millis(turns.max)} ms`]
    process.stdout.write(`${line.join('  ')}\n`)
    if (pieces.length > 0) process.stdout.write(`${''.padEnd(10)}  longest call, ms: ${pieces.join(', ')}\n`)
    this.#turns = createHistogram()
    this.#longestMs = new Map()
  }
}

interface Moment {
  readonly ms: number
  readonly cpu: NodeJS.CpuUsage
}

function momentOf(): Moment {
  return { ms: performance.now(), cpu: process.cpuUsage() }
}

function usSince({ ms, cpu }: Moment): number {
  const { user, system } = process.cpuUsage(cpu)
  return Math.min((performance.now() - ms) * 1000, user + system)
}

function millis(us: number): string {
  return (us / 1000).toFixed(1)
}
