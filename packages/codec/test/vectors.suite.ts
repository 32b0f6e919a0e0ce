import { decodePacket, encodePacket } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { decodeSplit, everyByte } from './feed.ts'
import { bytesOf, hexOf } from './notation.ts'
import { toPlain } from './plain.ts'
import { vectors } from './vectors.ts'
import { versionName } from './version-name.ts'

const cases = vectors.flatMap(({ versions, bytes, ...vector }) =>
  versions.map(version => ({ ...vector, version, notation: bytes })),
)

/** What every platform's codec must do with every vector. */
export function vectorSuite(): void {
  for (const { name, version, notation, packet } of cases) {
    describe(`${name}, ${versionName(version)}`, () => {
      const bytes = bytesOf(notation)

      test('is decoded', () => {
        const decoded = decodePacket(bytes, { receiver: 'any', version })

        expect(toPlain(decoded)).toEqual(toPlain(packet))
      })

      test('is encoded', () => {
        expect(hexOf(encodePacket(packet, version))).toBe(hexOf(bytes))
      })

      test('is written again as it was read', () => {
        const decoded = decodePacket(bytes, { receiver: 'any', version })

        expect(hexOf(encodePacket(decoded, version))).toBe(hexOf(bytes))
      })

      test('is decoded byte by byte', () => {
        const packets = decodeSplit(bytes, everyByte(bytes), { receiver: 'any', version })

        expect(packets.map(toPlain)).toEqual([toPlain(packet)])
      })
    })
  }
}
