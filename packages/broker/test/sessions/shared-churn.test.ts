import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sharedStrategies } from '../../src/routing/shared-groups.ts'
import { type Happening, happenings, SharedChurn } from '../support/shared-churn.ts'

test.each(sharedStrategies)(
  'with %s, each message is acknowledged by exactly one member, whoever comes and goes',
  async sharedStrategy => {
    await fc.assert(
      fc.asyncProperty(happenings, async (list: Happening[]) => {
        const churn = new SharedChurn({ routing: { sharedStrategy }, limits: { inFlightMessagesMax: 2 } })

        await churn.play(list)

        const { acknowledged, due, excused } = churn
        expect([...acknowledged.values()].filter(count => count !== 1)).toEqual([])
        expect([...acknowledged.keys()].filter(payload => !due.has(payload))).toEqual([])
        expect([...due].filter(payload => !acknowledged.has(payload) && !excused.has(payload))).toEqual([])
      }),
      { numRuns: 60 },
    )
  },
)
