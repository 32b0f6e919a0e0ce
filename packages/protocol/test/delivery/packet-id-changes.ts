import fc from 'fast-check'

/** Identifiers that often meet in a slot, whatever the number of slots: they have their low bits in common. */
const packetId = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 15 })).map(([low, shift]) => Math.min(65_535, low + 2 ** shift)),
  fc.integer({ min: 1, max: 65_535 }),
)

export interface PacketIdChange {
  readonly isAdded: boolean
  readonly packetId: number
}

export const packetIdChanges: fc.Arbitrary<PacketIdChange[]> = fc.array(
  fc.record({ isAdded: fc.boolean(), packetId }),
  { maxLength: 200, size: 'max' },
)
