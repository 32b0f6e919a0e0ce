import { describe, expect, test } from 'vitest'
import { describeOptions, optionsOf } from './simulator/options.ts'
import { plantedBugs } from './simulator/planted-bugs.ts'
import { replayCommand, shrink } from './simulator/shrink.ts'
import { type SimulationResult, simulate } from './simulator/simulation.ts'

/** Seeds of a run, and the time that they may take on a machine that is busy with other things, in milliseconds. */
const SEEDS = 300
const BUDGET_MS = 30_000
/** However busy the machine is, so many seeds are run. */
const SEEDS_MIN = 60
/** One seed in so many is run twice. */
const TWICE_EVERY = 8
/** Seeds within which each of the planted bugs must be found, from the one on that found it first. */
const PLANTED_SEEDS_MAX = 100

async function failureText(failure: SimulationResult): Promise<string> {
  const { result, off } = await shrink(failure)
  return [
    `seed ${failure.options.seed}: ${failure.violation!.message}`,
    `the least that it takes: ${result.violation!.message}`,
    describeOptions(result.options),
    replayCommand(failure.options, off),
  ].join('\n')
}

test('the broker keeps its promises whatever network, disk, power and clients do', { timeout: 120_000 }, async () => {
  const startMs = performance.now()
  let seed = 1
  for (; seed <= SEEDS; seed++) {
    if (seed > SEEDS_MIN && performance.now() - startMs > BUDGET_MS) break
    const result = await simulate(optionsOf(seed))
    if (result.violation !== undefined) expect.fail(await failureText(result))
  }
  const seconds = (performance.now() - startMs) / 1000
  console.log(`simulation: seeds 1 to ${seed - 1}, ${((seed - 1) / seconds).toFixed(1)} seeds/s`)
})

test('a seed decides everything: two runs of it are the same, event by event', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= TWICE_EVERY * 10; seed += TWICE_EVERY) {
    const options = optionsOf(seed)

    const [first, second] = [await simulate(options), await simulate(options)]

    expect(second.hash, `seed ${seed}`).toBe(first.hash)
  }
})

describe('a bug that is put in is found', () => {
  test.each(Object.entries(plantedBugs))('%s', { timeout: 120_000 }, async (name, { foundBy, ...change }) => {
    for (let seed = foundBy; seed < foundBy + PLANTED_SEEDS_MAX; seed++) {
      const options = optionsOf(seed)
      const { violation } = await simulate(options, { change })
      // What breaks without the bug as well does not count.
      if (violation === undefined || (await simulate(options)).violation !== undefined) continue
      console.log(`simulation: ${name} found by seed ${seed}: ${violation.message.slice(0, 300)}`)
      return
    }
    expect.fail(`${name} is not found by any of ${PLANTED_SEEDS_MAX} seeds from ${foundBy} on`)
  })
})
