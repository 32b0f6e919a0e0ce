import { readFileSync } from 'node:fs'
import { createBroker } from '@curlew/broker'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMosquitto } from '../interop/support/mosquitto-broker.ts'
import { missingProgram } from '../interop/support/peers.ts'
import { reportSkip } from '../interop/support/skips.ts'
import type { Target } from '../interop/support/target.ts'
import { testSeed } from '../support/test-seed.ts'
import { compare, differenceText } from './support/differential/comparison.ts'
import { script } from './support/differential/generator.ts'
import { knownDifferences } from './support/differential/known-differences.ts'
import { play } from './support/differential/player.ts'
import type { Script } from './support/differential/script.ts'

/** `DIFFERENTIAL_SCRIPTS=5000 TEST_SEED=fresh` for a long run, which may find rare oddities of Mosquitto. */
const numRuns = Number(process.env['DIFFERENTIAL_SCRIPTS'] ?? 300)

const missing = missingProgram('mosquitto', 'mosquitto')
const skipped = missing === undefined ? '' : ` ${reportSkip('differential test', missing)}`

const curlew = createBroker()
/** Wrong on purpose: it grants less than was asked for. */
const modest = createBroker({ capabilities: { maximumQoS: 1 } })
let curlewPort = 0
let modestPort = 0
let mosquitto: Target | undefined

beforeAll(async () => {
  if (missing !== undefined) return
  mosquitto = await startMosquitto()
  curlewPort = (await curlew.listen({ protocol: 'mqtt' })).port
  modestPort = (await modest.listen({ protocol: 'mqtt' })).port
})

afterAll(async () => {
  await mosquitto?.close()
  await Promise.all([curlew.close(), modest.close()])
})

/** Plays generated scripts to Mosquitto and to the broker on a port, up to one that is answered differently. */
async function playAll(port: number, parameters: fc.Parameters<[Script]>) {
  const known: Record<string, number> = {}
  let stepCount = 0
  const property = fc.asyncProperty(script, async played => {
    const [ours, theirs] = await Promise.all([play(played, port), play(played, mosquitto!.mqttPort)])
    const outcome = compare(played, ours, theirs)
    stepCount += outcome.stepCount
    if (outcome.known !== undefined) known[outcome.known] = (known[outcome.known] ?? 0) + 1
    if (outcome.unexplained !== undefined) throw new Error(differenceText(outcome.unexplained))
  })
  const result = await fc.check(property, parameters)
  return { result, stepCount, known }
}

test.skipIf(missing !== undefined)(
  `Mosquitto and Curlew answer the same scripts alike, but for what is listed (TEST_SEED=${testSeed})${skipped}`,
  async () => {
    const { result, stepCount, known } = await playAll(curlewPort, { numRuns, seed: testSeed })

    console.log(`differential: ${result.numRuns} scripts, ${stepCount} steps compared;`, known)
    if (result.failed) throw new Error(`TEST_SEED=${testSeed}`, { cause: result.errorInstance })
  },
  3_600_000,
)

test.skipIf(missing !== undefined)('a broker that grants less than was asked for is found out', async () => {
  const { result } = await playAll(modestPort, { numRuns: 100, seed: 1, endOnFailure: true })

  expect(String(result.errorInstance)).toContain('differs in step')
})

test('docs/differences-from-mosquitto.md lists the differences that the comparison knows, and what decides each', () => {
  const document = readFileSync(new URL('../../docs/differences-from-mosquitto.md', import.meta.url), 'utf8')

  const listed = [...document.matchAll(/^## (.+)\n[\s\S]*?^Decided by (.+)\.$/gm)].map(([, name, decidedBy]) => ({
    name,
    decidedBy,
  }))

  expect(listed).toEqual(knownDifferences.map(({ name, decidedBy }) => ({ name, decidedBy })))
})
