import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testSeed } from '../../../../tests/support/test-seed.ts'
import { commandKinds } from './commands.ts'
import { Play } from './play.ts'
import { ReferenceModel } from './reference-model.ts'
import type { ModelMessage, ModelSubscription } from './values.ts'

/** `MODEL_RUNS=5000 TEST_SEED=fresh` for a long run. */
const numRuns = Number(process.env['MODEL_RUNS'] ?? 250)

/** Plays random commands on broker and model. */
function compare(runs: number, createModel: () => ReferenceModel, seed: number, endOnFailure = false) {
  const property = fc.asyncProperty(fc.commands(commandKinds, { maxCommands: 60, size: 'max' }), async commands => {
    const play = new Play()
    try {
      await fc.asyncModelRun(() => ({ model: createModel(), real: play }), commands)
    } finally {
      await play.end()
    }
  })
  return fc.check(property, { numRuns: runs, seed, endOnFailure, includeErrorInReport: true })
}

test(`the broker does what the reference model does (TEST_SEED=${testSeed})`, async () => {
  const result = await compare(numRuns, () => new ReferenceModel(), testSeed)

  if (result.failed) throw new Error(fc.defaultReportMessage(result))
}, 600_000)

/** Models that are wrong in one point, which must be found. */
const wrongModels: Record<string, () => ReferenceModel> = {
  'forgets No Local': () =>
    new (class extends ReferenceModel {
      override isKeptFrom(): boolean {
        return false
      }
    })(),
  'delivers overlapping Subscriptions one by one': () =>
    new (class extends ReferenceModel {
      override deliver(client: number, message: ModelMessage, retain: boolean, matching: ModelSubscription[]): void {
        for (const each of matching) super.deliver(client, message, retain, [each])
      }
    })(),
  'publishes Wills without their delay': () =>
    new (class extends ReferenceModel {
      override leave(client: number, withWill?: boolean): void {
        super.leave(client, withWill)
        this.publishWill(client)
      }
    })(),
  'never ends a Session': () =>
    new (class extends ReferenceModel {
      override end(client: number): void {
        this.publishWill(client)
      }
    })(),
  'loses what waits for an absent Client': () =>
    new (class extends ReferenceModel {
      override leave(client: number, withWill?: boolean): void {
        super.leave(client, withWill)
        const session = this.sessions.get(client)
        if (session !== undefined) session.inFlight = []
      }
    })(),
}

for (const [name, createModel] of Object.entries(wrongModels)) {
  test(`a model that ${name} is found out`, async () => {
    const result = await compare(200, createModel, 1, true)

    expect(result.failed).toBe(true)
  })
}
