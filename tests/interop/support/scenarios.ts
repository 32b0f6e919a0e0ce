import { afterAll, beforeAll, describe, onTestFinished, test } from 'vitest'
import {
  type ClientFamily,
  type Feature,
  TRANSPORT_NAMES,
  type Transport,
  type Variant,
  VERSION_NAMES,
} from './interop-client.ts'
import { messageScenarios } from './scenarios/messages.ts'
import { retainedScenarios } from './scenarios/retained.ts'
import { sessionScenarios } from './scenarios/sessions.ts'
import { subscriptionScenarios } from './scenarios/subscriptions.ts'
import { willScenarios } from './scenarios/wills.ts'
import { reportSkip } from './skips.ts'
import { Stage } from './stage.ts'
import { isMosquittoTarget, startTarget, type Target } from './target.ts'

/** One behaviour that every client must see. `name` is the sentence the test is called by. */
export interface Scenario {
  readonly name: string
  readonly needs: readonly Feature[]
  /** Where the oracle, Mosquitto 2.0.11, is known not to behave so. */
  readonly notOnMosquitto?: { readonly transports: readonly Transport[]; readonly reason: string }
  run(stage: Stage): Promise<void>
}

/** Node-RED takes several seconds on a busy machine. */
const START_TIMEOUT_MS = 60_000

const scenarios: readonly Scenario[] = [
  ...messageScenarios,
  ...retainedScenarios,
  ...willScenarios,
  ...sessionScenarios,
  ...subscriptionScenarios,
]

/** The shared suite: every scenario in every variant of a client family, against one broker. */
export function describeFamily(family: ClientFamily): void {
  if (family.unavailable !== undefined) {
    describe.skip(`${family.name} ${reportSkip(family.name, family.unavailable)}`, () => {
      for (const { name } of scenarios) test.skip(name)
    })
    return
  }
  describe(family.name, () => {
    let target: Target
    beforeAll(async () => {
      target = await startTarget()
      await family.start?.()
    }, START_TIMEOUT_MS)
    afterAll(async () => {
      await family.stop?.()
      await target?.close()
    })

    for (const variant of family.variants) describeVariant(family, variant, () => target)
  })
}

function describeVariant(family: ClientFamily, variant: Variant, target: () => Target): void {
  const title = `${VERSION_NAMES[variant.version]} over ${TRANSPORT_NAMES[variant.transport]}`
  describe(title, () => {
    for (const scenario of scenarios) {
      if (isForOtherVersion(scenario, variant)) continue
      const reason = reasonToSkip(scenario, variant)
      if (reason !== undefined) {
        test.skip(`${scenario.name} ${reportSkip(`${family.name}, ${title}`, reason)}`)
        continue
      }
      test(scenario.name, async () => {
        const stage = new Stage(target(), family, variant)
        onTestFinished(() => stage.close())
        await scenario.run(stage)
      })
    }
  })
}

function reasonToSkip(scenario: Scenario, variant: Variant): string | undefined {
  if (isMosquittoTarget && scenario.notOnMosquitto?.transports.includes(variant.transport)) {
    return `Mosquitto ${scenario.notOnMosquitto.reason}`
  }
  const lacking = scenario.needs.find(feature => variant.lacks[feature] !== undefined)
  return lacking && variant.lacks[lacking]
}

const onlyInVersion5: readonly Feature[] = ['message properties', 'the Reason Code of DISCONNECT']

/** What MQTT 3 does not have is no shortcoming of the client, and nothing to skip. */
function isForOtherVersion(scenario: Scenario, variant: Variant): boolean {
  return variant.version < 5 && scenario.needs.some(feature => onlyInVersion5.includes(feature))
}
