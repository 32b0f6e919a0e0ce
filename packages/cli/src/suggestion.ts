/** Above this share of the letters, two words are too different for one to be a slip of the other. */
const DIFFERENCE_MAX = 0.4

/** The one of `names` that somebody who wrote `written` most likely meant, if any is near enough. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined
  let leastDistance = Math.floor(written.length * DIFFERENCE_MAX)
  for (const name of names) {
    const distance = editDistance(written.toLowerCase(), name.toLowerCase())
    if (distance > leastDistance || (distance === leastDistance && nearest !== undefined)) continue
    nearest = name
    leastDistance = distance
  }
  return nearest
}

/**
 * Letters to insert, to delete, to replace or to exchange with their neighbour until `from` is `to` (optimal string
 * alignment). Three rows of the table are enough: `current[j]` is the distance of the first i letters of `from` to the first
 * j of `to`, `previous` the same for i − 1, `beforePrevious` for i − 2.
 */
export function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (let i = 1; i <= from.length; i++) {
    const current = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = previous[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      let least = Math.min(previous[j]! + 1, current[j - 1]! + 1, replaced)
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, beforePrevious[j - 2]! + 1)
      }
      current.push(least)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[to.length]!
}
