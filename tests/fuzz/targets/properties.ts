import { decodePacket } from '@curlew/codec'
import { bytesOf, hexOf } from '../../../packages/codec/test/notation.ts'
import { besideIn, type PlaceName, places, propertyTable } from '../../../packages/codec/test/property-table.ts'
import { allocations } from '../allocations.ts'
import type { FuzzTarget } from '../fuzzer.ts'
import { allocationMax, checkRoundTrip, codecSources, propertyTokens, resultOf } from './checks.ts'

const placeNames = Object.keys(places) as PlaceName[] // the keys of a constant

/** The first byte of an input says where the rest, properties without their length, stands. */
function run(input: Uint8Array): void {
  const name = placeNames[(input[0] ?? 0) % placeNames.length]!
  const bytes = places[name].packet(hexOf(input.subarray(1)))
  allocations.bytes = 0
  const packet = resultOf(() => decodePacket(bytes, { receiver: 'any', version: 5, allowsControlCharacters: true }))
  if (allocations.bytes > allocationMax(0))
    throw new Error(`${bytes.length} bytes made it allocate ${allocations.bytes}`)
  if (!(packet instanceof Error)) checkRoundTrip(packet, 5)
}

/** Each property in each place where it may stand. */
const seeds = propertyTable.flatMap(row =>
  row.places.map(name => Uint8Array.of(placeNames.indexOf(name), ...bytesOf(`${row.bytes} ${besideIn(row, name)}`))),
)

export const propertiesTarget: FuzzTarget = {
  name: 'properties',
  sources: codecSources,
  tokens: propertyTokens,
  seeds,
  sizeMax: 500,
  run,
}
