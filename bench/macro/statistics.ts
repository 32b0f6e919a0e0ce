/** The middle of some values; of an even number, the mean of the two in the middle. @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The lowest and the highest of some values. */
export interface Spread {
  readonly low: number
  readonly high: number
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  return { low: Math.min(...values), high: Math.max(...values) }
}

/** Whether two sets of measurements can not be told apart: some of each lie among the other's. */
export function overlap(a: Spread, b: Spread): boolean {
  return a.low <= b.high && b.low <= a.high
}

/** A straight line through points, by least squares. */
export interface Trend {
  readonly slope: number
  /** Standard error of the slope: how much of it may be chance. */
  readonly slopeError: number
  readonly mean: number
}

/** @param points `[x, y]`, at least three with different x */
export function trendOf(points: readonly (readonly [x: number, y: number])[]): Trend {
  const count = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / count
  const spreadX = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - mean), 0) / spreadX
  const residue = points.reduce((sum, [x, y]) => sum + (y - mean - slope * (x - meanX)) ** 2, 0)
  return { slope, slopeError: Math.sqrt(residue / (count - 2) / spreadX), mean }
}
