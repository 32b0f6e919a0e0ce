import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  AcknowledgementsAddQuota,
  AllowsTooFew,
  AnyAcknowledgementFinishes,
  ForgetsAcceptedWhenLost,
  ForgetsAtPubrec,
  ForgetsWhenLost,
  IdentifierTwice,
  NeverForgets,
  NeverReleases,
  NeverResends,
  PublishesAfterPubrec,
  PubrelWaitsForQuota,
  QuotaOutlivesConnection,
  ResendsAsNew,
  ResendsReversed,
  ResendsTwice,
  RestoresUnreleased,
} from './broken-ends.ts'
import { DeliveryRules, type Rule, Violation } from './delivery-rules.ts'
import { type Budget, exploreEveryOrder } from './every-order.ts'
import { eventsOf, runEvents } from './random-orders.ts'
import type { Identify } from './sending-end.ts'
import type { Parts } from './wired-ends.ts'

const budget: Budget = { losses: 1, repeats: 1, refusals: 0, holds: 2, restarts: 1 }
const messages = [1, 1, 2] as const
const receiveMaximums = [3, 1]
/** One message at a time, so that a late acknowledgement meets the next one. */
const one = (): Identify => (_, isInUse) => (isInUse(1) ? undefined : 1)

/** Each fault with the rule that every-order.ts, which goes the shortest ways first, finds broken first. */
const faults: [fault: string, parts: Parts, rule: Rule][] = [
  ['acknowledgements add quota', { outgoing: AcknowledgementsAddQuota }, 'quota'],
  ['quota outlives the connection', { outgoing: QuotaOutlivesConnection }, 'quota'],
  ['messages are sent again in reverse', { outgoing: ResendsReversed }, 'order of sending'],
  ['messages are never sent again', { outgoing: NeverResends }, 'quota'],
  ['messages are sent again twice', { outgoing: ResendsTwice }, 'sent twice'],
  ['messages are sent again as new ones', { outgoing: ResendsAsNew }, 'same identifier'],
  ['PUBLISH is sent again after PUBREC', { outgoing: PublishesAfterPubrec }, 'publish after pubrec'],
  ['PUBLISH is sent again after PUBREC and a restart', { outgoing: RestoresUnreleased }, 'publish after pubrec'],
  ['PUBREL waits for quota', { outgoing: PubrelWaitsForQuota }, 'pubrel'],
  ['PUBREL is not sent', { outgoing: NeverReleases }, 'pubrel'],
  ['QoS 1 messages are forgotten with the connection', { outgoing: ForgetsWhenLost }, 'kept'],
  ['any acknowledgement finishes', { outgoing: AnyAcknowledgementFinishes, identify: one }, 'mistake'],
  ['an identifier is given twice', { outgoing: IdentifierTwice, identify: one }, 'identifier in use'],
  ['the receiver forgets at PUBREC', { incoming: ForgetsAtPubrec }, 'exactly once'],
  ['the receiver forgets with the connection', { incoming: ForgetsAcceptedWhenLost }, 'exactly once'],
  ['the receiver never forgets', { incoming: NeverForgets }, 'comes to rest'],
  ['the receiver allows too few', { incoming: AllowsTooFew }, 'too many'],
]

describe.each(faults)('when %s', (_, parts, rule) => {
  test(`going through every order finds the rule "${rule}" broken`, () => {
    const explore = (): unknown => exploreEveryOrder({ messages, receiveMaximums, budget, parts })

    expect(explore).toThrow(expect.objectContaining({ cause: expect.objectContaining({ rule }) }))
  })

  test('random orders find a rule broken', () => {
    const property = fc.property(eventsOf('5.0'), events => runEvents(parts, events))

    const { failed, errorInstance } = fc.check(property, { seed: 1, numRuns: 5000, endOnFailure: true })

    expect(failed).toBe(true)
    expect(errorInstance).toBeInstanceOf(Violation)
  })
})

test('a message that never arrives breaks a rule, also if the sender believes that all is well', () => {
  const rules = new DeliveryRules()
  rules.published(1)

  expect(() => rules.checkEnd()).toThrow(expect.objectContaining({ rule: 'at least once' }))
})

test('a message that arrives before the one published before it breaks a rule', () => {
  const rules = new DeliveryRules()
  rules.published(1)
  rules.published(2)
  const second = { type: 'PUBLISH', packetId: 2, qos: 2, dup: false, content: 1 } as const

  expect(() => rules.arrives(second, 'delivered')).toThrow(expect.objectContaining({ rule: 'order of arrival' }))
})

test('a new message that is taken for a duplicate breaks a rule', () => {
  const rules = new DeliveryRules()
  rules.published(2)
  const first = { type: 'PUBLISH', packetId: 1, qos: 2, dup: false, content: 0 } as const

  expect(() => rules.arrives(first, 'duplicate')).toThrow(expect.objectContaining({ rule: 'exactly once' }))
})
