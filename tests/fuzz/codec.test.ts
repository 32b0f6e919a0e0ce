import { PacketDecoder } from '@curlew/codec'
import { expect, test, vi } from 'vitest'
import { testSeed } from '../support/test-seed.ts'
import { allocations } from './allocations.ts'
import { readCorpus, reportFailure, saveInputs } from './corpus.ts'
import { fuzz } from './fuzzer.ts'
import { decoderTargets } from './targets/decoder.ts'
import { propertiesTarget } from './targets/properties.ts'
import { topicsTarget } from './targets/topics.ts'

vi.mock('../../packages/codec/src/bytes.node.ts', async importOriginal => {
  const { counting } = await import('./allocations.ts')
  return counting(await importOriginal<typeof import('../../packages/codec/src/bytes.node.ts')>())
})

test('what the codec allocates is counted', () => {
  const decoder = new PacketDecoder({ receiver: 'server', version: 5 })
  allocations.bytes = 0

  decoder.push(Uint8Array.of(0x30, 0xff, 0x01, 0x00))
  decoder.next()

  expect(allocations.bytes).toBe(255)
})

/**
 * FUZZ_SECONDS=60     for each target; without it a few, for every test run
 * TEST_SEED=fresh     with other inputs than before
 * FUZZ_SAVE=1         to keep what reached new code in corpus/
 */
const secondsMax = Number(process.env['FUZZ_SECONDS'] ?? 2.5)
const isSaving = process.env['FUZZ_SAVE'] === '1'

/** Of one target in a test run; with FUZZ_SECONDS time alone is what ends it. */
const executionsMax = process.env['FUZZ_SECONDS'] === undefined ? 100_000 : Number.POSITIVE_INFINITY

for (const target of [...decoderTargets, propertiesTarget, topicsTarget]) {
  test(
    `${target.name} holds whatever bytes it gets`,
    () => {
      const corpus = [...readCorpus(target.name), ...target.seeds]

      const report = fuzz(target, { seed: testSeed, secondsMax, executionsMax, corpus })

      const { executions, seconds, covered, found, failure } = report
      console.log(
        `fuzz ${target.name}: TEST_SEED=${testSeed}, ${executions} executions in ${seconds.toFixed(1)} s, ` +
          `${corpus.length} inputs known, ${found.length} reached something new, ${covered} characters ran`,
      )
      if (isSaving) saveInputs(target, [...readCorpus(target.name), ...target.seeds, ...found])
      expect(failure && reportFailure(target.name, failure)).toBeUndefined()
    },
    secondsMax * 1000 + 60_000,
  )
}
