import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketIdTable } from '../../src/delivery/packet-id-table.ts'
import { type PacketIdChange, packetIdChanges } from './packet-id-changes.ts'

interface Entry {
  readonly packetId: number
}

test('a table holds what a Map holds, whatever is added and removed', () => {
  fc.assert(
    fc.property(packetIdChanges, changes => {
      const table = new PacketIdTable<Entry>()
      const model = new Map<number, Entry>()

      const agreements = changes.map(change => apply(change, table, model))

      expect(agreements).not.toContain(false)
      expect(packetIdsOf(table.values())).toEqual(packetIdsOf(model.values()))
      expect(table.size).toBe(model.size)
    }),
    { numRuns: 500 },
  )
})

test('a table takes all 65 535 identifiers, and has none of its slots left when they are gone', () => {
  const table = new PacketIdTable<Entry>()
  const entries = Array.from({ length: 65_535 }, (_, index) => ({ packetId: index + 1 }))
  for (const entry of entries) table.add(entry)
  const capacity = table.capacity

  for (const entry of entries) table.remove(entry)

  expect(capacity).toBe(65_536)
  expect(table.size).toBe(0)
  expect(table.capacity).toBe(1)
})

test('a table does not grow because one identifier stays in use while the others go round', () => {
  const table = new PacketIdTable<Entry>()
  table.add({ packetId: 1 })
  for (let turn = 2; turn <= 65_535; turn++) {
    table.add({ packetId: turn })
    if (turn > 100) table.remove(table.get(turn - 99)!)
  }

  expect(table.get(1)).toEqual({ packetId: 1 })
  expect(table.size).toBe(100)
  expect(table.capacity).toBeLessThanOrEqual(1024)
})

/** Makes the change in both. @returns whether they agreed before */
function apply({ isAdded, packetId }: PacketIdChange, table: PacketIdTable<Entry>, model: Map<number, Entry>): boolean {
  const known = model.get(packetId)
  const agrees = table.get(packetId) === known
  if (isAdded && known === undefined) {
    const entry = { packetId }
    table.add(entry)
    model.set(packetId, entry)
  }
  if (!isAdded && known !== undefined) {
    table.remove(known)
    model.delete(packetId)
  }
  return agrees
}

function packetIdsOf(entries: Iterable<Entry>): number[] {
  return Array.from(entries, entry => entry.packetId).sort()
}
