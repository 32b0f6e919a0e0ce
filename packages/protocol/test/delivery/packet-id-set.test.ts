import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketIdSet } from '../../src/delivery/packet-id-set.ts'
import { type PacketIdChange, packetIdChanges } from './packet-id-changes.ts'

test('a set holds what a Set holds, whatever is added and deleted', () => {
  fc.assert(
    fc.property(packetIdChanges, changes => {
      const set = new PacketIdSet()
      const model = new Set<number>()

      const answers = changes.map(change => apply(change, set))
      const expected = changes.map(change => applyToModel(change, model))

      expect(answers).toEqual(expected)
      expect(set.values().sort()).toEqual([...model].sort())
      expect(set.size).toBe(model.size)
    }),
    { numRuns: 500 },
  )
})

test('a set takes all 65 535 identifiers, and is as small as at first when they are gone', () => {
  const set = new PacketIdSet()
  const before = set.capacity
  for (let id = 1; id <= 65_535; id++) set.add(id)
  const capacity = set.capacity

  for (let id = 1; id <= 65_535; id++) set.delete(id)

  expect(capacity).toBe(65_536)
  expect(set.size).toBe(0)
  expect(set.capacity).toBe(before)
})

test('a set does not grow because a peer chooses identifiers that meet', () => {
  const set = new PacketIdSet()

  for (let id = 256; id <= 65_535; id += 256) set.add(id)

  expect(set.size).toBe(255)
  expect(set.capacity).toBeLessThanOrEqual(2048)
  expect(set.has(256)).toBe(true)
  expect(set.has(65_280)).toBe(true)
  expect(set.has(512 + 1)).toBe(false)
})

test('a set never holds 0, which is no identifier', () => {
  const empty = new PacketIdSet()
  const other = new PacketIdSet()
  other.add(1)

  expect([empty.has(0), empty.delete(0), empty.size]).toEqual([false, false, 0])
  expect([other.has(0), other.delete(0), other.size]).toEqual([false, false, 1])
})

/** @returns whether the identifier was there before, and whether it is there now */
function apply({ isAdded, packetId }: PacketIdChange, set: PacketIdSet): [boolean, boolean] {
  const wasThere = isAdded ? set.has(packetId) : set.delete(packetId)
  if (isAdded) set.add(packetId)
  return [wasThere, set.has(packetId)]
}

function applyToModel({ isAdded, packetId }: PacketIdChange, model: Set<number>): [boolean, boolean] {
  const wasThere = model.has(packetId)
  if (isAdded) model.add(packetId)
  else model.delete(packetId)
  return [wasThere, isAdded]
}
