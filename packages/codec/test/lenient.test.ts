import { expect, test } from 'vitest'
import { decodePacket, type ProtocolVersion } from '../src/index.ts'
import { bytesOf } from './notation.ts'

/** Faults that mislead nobody, and what a lenient decoder makes of them. */
const faults: [name: string, version: ProtocolVersion, notation: string, packet: object][] = [
  ['DUP on QoS 0', 4, `38 03 0001 'a'`, { topic: 'a', qos: 0 }],
  ['bytes behind the properties of CONNACK', 5, '20 04 00 00 00 00', { reasonCode: 0 }],
  ['an UNSUBACK without Reason Codes', 5, 'b0 03 0001 00', { reasonCodes: [] }],
  ['an UNSUBACK with an unknown Reason Code', 5, 'b0 04 0001 00 ff', { reasonCodes: [0xff] }],
]
for (const [name, version, notation, packet] of faults) {
  test(`${name} is refused, unless the decoder is lenient`, () => {
    const bytes = bytesOf(notation)

    expect(() => decodePacket(bytes, { receiver: 'client', version })).toThrow()
    expect(decodePacket(bytes, { receiver: 'client', version, isLenient: true })).toMatchObject(packet)
  })
}

test('a CONNACK of 3.1.1 that is too long is refused all the same', () => {
  expect(() => decodePacket(bytesOf('20 03 00 00 00'), { receiver: 'client', version: 4, isLenient: true })).toThrow()
})
