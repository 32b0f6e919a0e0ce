import { PacketIds, packetIdAt } from '@curlew/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Budget, exploreEveryOrder, noBudget } from './every-order.ts'
import { eventsOf, runEvents, type Version } from './random-orders.ts'
import type { Identify } from './sending-end.ts'

/*
 * QoS 1 at least once, QoS 2 exactly once, order kept, quota kept, nothing changed by strays, everything delivered in the
 * end: delivery-rules.ts has the list, and checks all of it after every event of every test here.
 */

/** The ways in which senders choose Packet Identifiers. */
const identifiers: [how: string, identify: () => Identify][] = [
  ['in turn', inTurn],
  ['in turn, past 65 535', () => inTurn(65_533)],
  ['by the place in the queue', () => packetIdAt],
  ['by the place in the queue, past 65 535', () => sequence => packetIdAt(sequence + 65_533)],
  ['by the place in the queue, of three only', () => (sequence, isInUse) => unlessInUse((sequence % 3) + 1, isInUse)],
]

function inTurn(first = 0): Identify {
  const packetIds = new PacketIds()
  packetIds.next(packetId => packetId < first)
  return (_, isInUse) => packetIds.next(isInUse)
}

function unlessInUse(packetId: number, isInUse: (packetId: number) => boolean): number | undefined {
  return isInUse(packetId) ? undefined : packetId
}

describe('every order of deliveries and losses', () => {
  const threeMessages: [1 | 2, 1 | 2, 1 | 2][] = [
    [1, 1, 1],
    [1, 1, 2],
    [1, 2, 1],
    [1, 2, 2],
    [2, 1, 1],
    [2, 1, 2],
    [2, 2, 1],
    [2, 2, 2],
  ]
  test.each(threeMessages)(
    'keeps the rules of MQTT 5.0 for QoS %d, %d and %d with two losses and Receive Maximum 1 to 3',
    (...messages) => {
      const { states } = exploreEveryOrder({ messages, receiveMaximums: [3, 1, 2], budget: { ...noBudget, losses: 2 } })

      expect(states).toBeGreaterThan(500)
    },
  )

  test.each(threeMessages)('keeps the rules of MQTT 3.1.1 for QoS %d, %d and %d with three losses', (...messages) => {
    const budget: Budget = { ...noBudget, losses: 3, repeats: 1 }

    const { states } = exploreEveryOrder({ messages, receiveMaximums: [65_535], budget })

    expect(states).toBeGreaterThan(500)
  })

  const twoMessages: [1 | 2, 1 | 2][] = [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ]
  test.each(twoMessages)(
    'keeps the rules for QoS %d and %d with two losses, a repeat, a refusal, a late answer and a restart',
    (...messages) => {
      const budget: Budget = { losses: 2, repeats: 1, refusals: 1, holds: 1, restarts: 1 }

      const { states } = exploreEveryOrder({ messages, receiveMaximums: [2, 1], budget })

      expect(states).toBeGreaterThan(4000)
    },
  )

  test.each([[[1, 1, 2]], [[1, 2, 2]], [[2, 2, 2]]] as const)(
    'keeps the rules for QoS %j with answers in any order and one loss',
    messages => {
      const budget: Budget = { ...noBudget, losses: 1, holds: 3 }

      const { states } = exploreEveryOrder({ messages, receiveMaximums: [3, 1], budget })

      expect(states).toBeGreaterThan(2000)
    },
  )

  test('keeps the rules when Packet Identifiers are used again at once', () => {
    const budget: Budget = { ...noBudget, losses: 2, repeats: 1, refusals: 1 }
    const identify = (): Identify => (_, isInUse) => unlessInUse(1, isInUse)

    const { states } = exploreEveryOrder({ messages: [2, 2, 1, 2], receiveMaximums: [2], budget, parts: { identify } })

    expect(states).toBeGreaterThan(1000)
  })
})

describe.each(['3.1.1', '5.0'] as Version[])('MQTT %s', version => {
  test.each(identifiers)(
    'any order of events keeps the rules of delivery, with identifiers chosen %s',
    (_, identify) => {
      fc.assert(
        fc.property(eventsOf(version), events => runEvents({ identify }, events)),
        { numRuns: 1000 },
      )
    },
  )
})
