import { expect, test } from 'vitest'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { missingProgram } from '../interop/support/peers.ts'
import { reportSkip } from '../interop/support/skips.ts'
import { testSeed as seed } from '../support/test-seed.ts'
import { brokerKinds } from './crash/brokers.ts'
import { runCrashes } from './crash/crash-run.ts'
import { describeResult, faultsOf } from './crash/report.ts'

checkBuilt()

/** A few hundred milliseconds each; a busy machine takes several times as long. */
const TIMEOUT_MS = 300_000

test(`what is acknowledged survives 24 kills of the broker in the middle of traffic (TEST_SEED=${seed})`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const result = await runCrashes({ kind: brokerKinds.curlew, kills: 24, seed })

  console.log(describeResult(result))
  expect(faultsOf(result), result.examples.join('\n')).toEqual([])
  expect(result.acknowledged).toBeGreaterThan(100)
})

test(`nothing is lost, repeated or out of order when only connections are cut (TEST_SEED=${seed})`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const result = await runCrashes({ kind: brokerKinds.curlew, kills: 24, seed, target: 'connections' })

  expect(faultsOf(result), result.examples.join('\n')).toEqual([])
  expect(result.repeated).toBeGreaterThan(0)
})

const missing = missingProgram('mosquitto', 'mosquitto')

test.skipIf(missing !== undefined)(
  `the harness notices that a broker which writes its state down later loses it (TEST_SEED=${seed})${
    missing === undefined ? '' : ` ${reportSkip('kills of Mosquitto', missing)}`
  }`,
  { timeout: TIMEOUT_MS },
  async () => {
    const result = await runCrashes({ kind: brokerKinds.mosquitto, kills: 8, seed })

    expect(result.faults.lost).toBeGreaterThan(0)
    expect(result.faults.sessionsLost).toBeGreaterThan(0)
  },
)
