/** Two ways of doing the same, timed in turn. */

/** Does its work `count` times and returns something that depends on all of it, so that none can be left out. */
export type Work = (count: number) => number

export interface Comparison {
  readonly name: string
  readonly version: 4 | 5
  readonly curlew: Work
  readonly peer: Work
}

export interface Result {
  readonly name: string
  readonly version: 4 | 5
  /** Nanoseconds for one packet, the median of all rounds. */
  readonly curlewNs: number
  readonly peerNs: number
  /** How many times the peer's time fits into it: above 1 means that Curlew is faster. */
  readonly ratio: number
}

/** One round's length: long against the timer's and the scheduler's grain, short enough to do many. */
const ROUND_MS = 20

/** An odd number, so that the median is one of them. */
const ROUNDS = 15

/** Warm-up of each work, so that what is measured is optimised code that has seen all kinds of packets. */
const WARM_UP_MS = 200

/** What the works returned; printed by nobody, but the compiler can not know. */
let sink = 0

/** Measures all of them: first everything is warmed up, then each pair runs in alternate rounds, so that noise meets both. */
export function measure(comparisons: readonly Comparison[]): Result[] {
  const counted = comparisons.map(comparison => ({
    comparison,
    curlewCount: warmUp(comparison.curlew),
    peerCount: warmUp(comparison.peer),
  }))
  return counted.map(({ comparison, curlewCount, peerCount }) => {
    const curlew: number[] = []
    const peer: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      curlew.push(time(comparison.curlew, curlewCount))
      peer.push(time(comparison.peer, peerCount))
    }
    const [curlewNs, peerNs] = [median(curlew), median(peer)]
    return { name: comparison.name, version: comparison.version, curlewNs, peerNs, ratio: peerNs / curlewNs }
  })
}

/** @returns how often the work can be done in one round */
function warmUp(work: Work): number {
  const end = performance.now() + WARM_UP_MS
  let count = 64
  let ns = 0
  while (performance.now() < end) {
    ns = time(work, count)
    count = Math.max(64, Math.round((ROUND_MS * 1e6) / ns))
  }
  return count
}

/** @returns nanoseconds for one */
function time(work: Work, count: number): number {
  const start = performance.now()
  sink += work(count)
  return ((performance.now() - start) * 1e6) / count
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/** Whether anything was done at all. */
export function hasWorked(): boolean {
  return sink !== 0
}
