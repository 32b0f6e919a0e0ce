import { type Profiler, Session } from 'node:inspector'

/** Which characters of each script ran since the last time: 1 for those that did. */
export type Coverage = ReadonlyMap<string, Uint8Array>

/**
 * What V8 counts of the code under test, read through the inspector, in this process and without native code.
 *
 * V8 reports nested ranges: that of a function, and inside it those blocks that ran more or less often.
 *
 *     function f(x) { if (x) { a() } b() }     f(0):  [0–38) once, [24–31) never
 *
 * Painting outer ranges first and inner ones over them gives each character its count, and characters can
 * be compared from run to run, which ranges can not: a block that ran as often as what is around it is not reported.
 *
 * @param sources matches the URLs of the scripts whose coverage counts
 * @returns what ran since the last call
 */
export function takeCoverage(sources: RegExp): Coverage {
  const scripts = takeScripts().filter(({ url }) => sources.test(url))
  return new Map(scripts.map(script => [script.url, paint(script)]))
}

/**
 * Begins when this module is loaded and never ends: V8 counts blocks only in functions that are compiled, which is when
 * they are first called, while it counts.
 */
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

/** The session lives in this thread, so it answers before `post` returns. */
function takeScripts(): Profiler.ScriptCoverage[] {
  let scripts: Profiler.ScriptCoverage[] = []
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error
    scripts = result
  })
  return scripts
}

function paint({ functions }: Profiler.ScriptCoverage): Uint8Array {
  const ranges = functions.flatMap(each => each.ranges)
  const painted = new Uint8Array(Math.max(0, ...ranges.map(range => range.endOffset)))
  // Within a function outer ranges come first; of two functions the longer one is never inside the other.
  const outerFirst = functions.toSorted((a, b) => sizeOf(b.ranges[0]!) - sizeOf(a.ranges[0]!))
  for (const { ranges: nested } of outerFirst) {
    for (const { startOffset, endOffset, count } of nested) painted.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  return painted
}

function sizeOf({ startOffset, endOffset }: Profiler.CoverageRange): number {
  return endOffset - startOffset
}

/** All that has ever run. */
export class CoverageMap {
  readonly #seen = new Map<string, Uint8Array>()

  /** How many characters have run. */
  get size(): number {
    return [...this.#seen.values()].reduce((total, seen) => total + seen.reduce((sum, each) => sum + each, 0), 0)
  }

  /** @returns how many characters of `coverage` had not run before */
  countNew(coverage: Coverage): number {
    let count = 0
    for (const [url, painted] of coverage) {
      const seen = this.#seen.get(url)
      for (let at = 0; at < painted.length; at++) if (painted[at] === 1 && seen?.[at] !== 1) count++
    }
    return count
  }

  add(coverage: Coverage): void {
    for (const [url, painted] of coverage) {
      const before = this.#seen.get(url) ?? new Uint8Array(0)
      const seen = new Uint8Array(Math.max(before.length, painted.length))
      seen.set(before)
      for (let at = 0; at < painted.length; at++) if (painted[at] === 1) seen[at] = 1
      this.#seen.set(url, seen)
    }
  }
}
