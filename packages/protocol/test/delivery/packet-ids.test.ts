import { PACKET_ID_MAX, PacketIds, packetIdAt } from '@curlew/protocol'
import { expect, test } from 'vitest'

const none = (): boolean => false

test('[MQTT-2.2.1-3] [MQTT-2.2.1-4] identifiers begin at 1, as 0 is none', () => {
  const packetIds = new PacketIds()

  expect([packetIds.next(none), packetIds.next(none), packetIds.next(none)]).toEqual([1, 2, 3])
})

test('identifiers are given in turn, so that a late acknowledgement meets no new message', () => {
  const packetIds = new PacketIds()
  const inUse = new Set<number>()
  inUse.add(packetIds.next(none)!)
  inUse.clear()

  expect(packetIds.next(packetId => inUse.has(packetId))).toBe(2)
})

test('[MQTT-2.2.1-3] [MQTT-2.2.1-4] identifiers in use are left out', () => {
  const packetIds = new PacketIds()
  const inUse = new Set([1, 2, 4])

  expect([packetIds.next(packetId => inUse.has(packetId)), packetIds.next(packetId => inUse.has(packetId))]).toEqual([
    3, 5,
  ])
})

test('after 65 535 comes 1', () => {
  const packetIds = new PacketIds()
  const last = packetIds.next(packetId => packetId < PACKET_ID_MAX)

  expect(last).toBe(65_535)
  expect(packetIds.next(none)).toBe(1)
})

test('the only identifier that is free is found wherever it is', () => {
  const packetIds = new PacketIds()

  expect(packetIds.next(packetId => packetId !== 40_000)).toBe(40_000)
  expect(packetIds.next(packetId => packetId !== 40_000)).toBe(40_000)
  expect(packetIds.next(packetId => packetId !== 39_999)).toBe(39_999)
})

test('there is none when all 65 535 are in use, and one again when one is free', () => {
  const packetIds = new PacketIds()
  let asked = 0

  const packetId = packetIds.next(() => ++asked > 0)

  expect(packetId).toBeUndefined()
  expect(asked).toBe(65_535)
  expect(packetIds.next(none)).toBe(1)
})

const positions: [sequence: number, packetId: number][] = [
  [0, 1],
  [1, 2],
  [65_533, 65_534],
  [65_534, 65_535],
  [65_535, 1],
  [65_536, 2],
  [131_069, 65_535],
  [131_070, 1],
  [Number.MAX_SAFE_INTEGER, 32],
]
test.each(positions)('the message at position %d of a queue has identifier %d', (sequence, packetId) => {
  expect(packetIdAt(sequence)).toBe(packetId)
})
