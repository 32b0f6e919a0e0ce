import { type SimulationOptions, switchesOf, without } from './options.ts'
import { type SimulationResult, type SimulationSettings, simulate } from './simulation.ts'

/** A failure with as little as it takes. */
export interface Shrunk {
  readonly result: SimulationResult
  /** Names of the faults and kinds of clients that it does without. */
  readonly off: readonly string[]
}

/**
 * Switches off what a failing simulation does not need in order to fail, one thing at a time, until nothing more can go. It must go on
 * breaking the same promise, in whatever way.
 */
export async function shrink(failure: SimulationResult, settings: SimulationSettings = {}): Promise<Shrunk> {
  const { options } = failure
  let smallest = failure
  const off: string[] = []
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (const name of switchesOf(smallest.options)) {
      const result = await simulate(without(options, [...off, name]), settings)
      if (result.violation?.promise !== failure.violation?.promise) continue
      off.push(name)
      smallest = result
      isSmaller = true
    }
  }
  return { result: smallest, off }
}

/** What to type to see a failure again. */
export function replayCommand(
  { seed }: SimulationOptions,
  off: readonly string[],
  more: readonly string[] = [],
): string {
  const without = off.length === 0 ? [] : ['--off', off.join(',')]
  return ['npm run simulate --', '--seed', seed, ...without, ...more].join(' ')
}
