import { trendOf } from '../statistics.ts'

/** How fast a broker is at one time of a soak. */
export interface SoakPace {
  readonly messagesPerSecond: number
  readonly p99Ms: number
}

/** Where a broker stands at one time of a soak. Memory is taken at rest, after a full collection. */
export interface SoakSample extends SoakPace {
  readonly seconds: number
  /** A broker that was started for it, on the same machine a moment later. */
  readonly reference: SoakPace
  /** `undefined`: the broker has no heap that it can tell of. */
  readonly heapMiB: number | undefined
  readonly residentMiB: number
}

/** What a quantity has done in the course of a soak. */
export interface SoakTrend {
  readonly label: string
  readonly unit: string
  readonly mean: number
  readonly perHour: number
  /** From the first sample to the last along the line, as a share of the mean. */
  readonly change: number
  /** `undefined`: what the machine does too, which nobody holds against the broker. */
  readonly isSteady: boolean | undefined
}

/** The first part of a soak, in which code is compiled and pools are filled. */
const WARM_UP_SHARE = 0.2
/** A line needs so many samples, or it says nothing. */
export const samplesMin = 8
/** A change within this share of the mean is steady. */
const CHANGE_MAX = 0.05
/** So is one whose slope is less than so many of its standard errors: it may be chance. */
const ERRORS_MIN = 3

/** @returns a line for each quantity, or nothing when there are fewer than {@link samplesMin} after the warm-up */
export function soakTrends(samples: readonly SoakSample[]): SoakTrend[] {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP_SHARE))
  if (warm.length < samplesMin) return []
  const trend = (
    [label, unit, worse]: readonly [label: string, unit: string, worse: 1 | -1 | 0],
    of: (sample: SoakSample) => number | undefined,
  ): SoakTrend[] => {
    const points = warm.flatMap(sample => {
      const value = of(sample)
      return value === undefined ? [] : [[sample.seconds / 3600, value] as const]
    })
    return points.length < samplesMin ? [] : [{ label, unit, ...judged(points, worse) }]
  }
  return [
    ...trend(['heap after collection', 'MiB', 1], ({ heapMiB }) => heapMiB),
    ...trend(['resident set', 'MiB', 1], ({ residentMiB }) => residentMiB),
    ...trend(['p99 / of a new broker', '×', 1], ({ p99Ms, reference }) => p99Ms / reference.p99Ms),
    ...trend(['throughput / of a new broker', '×', -1], sample => {
      return sample.messagesPerSecond / sample.reference.messagesPerSecond
    }),
    ...trend(['p99', 'ms', 0], ({ p99Ms }) => p99Ms),
    ...trend(['throughput', 'msg/s', 0], ({ messagesPerSecond }) => messagesPerSecond),
    ...trend(['throughput of new brokers', 'msg/s', 0], ({ reference }) => reference.messagesPerSecond),
  ]
}

/** @param worse the sign of a change for the worse; one for the better is steady enough. 0: told, not judged */
function judged(
  points: readonly (readonly [hours: number, value: number])[],
  worse: 1 | -1 | 0,
): Pick<SoakTrend, 'mean' | 'perHour' | 'change' | 'isSteady'> {
  const { slope, slopeError, mean } = trendOf(points)
  const change = (slope * (points.at(-1)![0] - points[0]![0])) / mean
  const isChance = Math.abs(slope) < ERRORS_MIN * slopeError
  const isSteady = worse === 0 ? undefined : isChance || change * worse <= CHANGE_MAX
  return { mean, perHour: slope, change, isSteady }
}

/** The trends as rows of a table, and the verdict. */
export function soakReport(samples: readonly SoakSample[]): { rows: string[][]; verdict: string; isSteady: boolean } {
  const trends = soakTrends(samples)
  const rows = trends.map(({ label, unit, mean, perHour, change, isSteady }) => [
    ...[label, `${plain(mean)} ${unit}`, `${perHour >= 0 ? '+' : ''}${plain(perHour)} ${unit}/h`],
    ...[`${(change * 100).toFixed(1)} %`, verdictWord(isSteady)],
  ])
  const unsteady = trends.filter(({ isSteady }) => isSteady === false).map(({ label }) => label)
  return {
    rows: [['', 'mean', 'slope', 'change', ''], ...rows],
    verdict: verdictOf(trends.length, unsteady),
    isSteady: trends.length > 0 && unsteady.length === 0,
  }
}

function verdictWord(isSteady: boolean | undefined): string {
  if (isSteady === undefined) return ''
  return isSteady ? 'steady' : 'NOT STEADY'
}

function verdictOf(count: number, unsteady: readonly string[]): string {
  if (count === 0) return `Verdict: too short to tell; a soak needs ${samplesMin} samples after its warm-up.`
  if (unsteady.length === 0) return 'Verdict: steady. Nothing got worse beyond chance or 5 % of its mean.'
  return `Verdict: NOT steady: ${unsteady.join(', ')}. Run it again, longer, before you believe it or not.`
}

function plain(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}
