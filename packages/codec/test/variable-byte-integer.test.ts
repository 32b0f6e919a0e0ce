import { PacketReader, PacketWriter, VARIABLE_BYTE_INTEGER_MAX, variableByteIntegerSize } from '@curlew/codec'
import { expect, test } from 'vitest'
import { bytesOf, hexOf } from './notation.ts'

/** Table 1-1 of section 1.5.5. */
const borders: [value: number, bytes: string][] = [
  [0, '00'],
  [1, '01'],
  [127, '7f'],
  [128, '80 01'],
  [16_383, 'ff 7f'],
  [16_384, '80 80 01'],
  [2_097_151, 'ff ff 7f'],
  [2_097_152, '80 80 80 01'],
  [268_435_455, 'ff ff ff 7f'],
]
for (const [value, bytes] of borders) {
  test(`${value} is ${bytes}`, () => {
    const writer = new PacketWriter(0)

    writer.variableByteInteger(value)
    const reader = new PacketReader().reset(bytesOf(bytes), 0, bytesOf(bytes).length)

    expect(hexOf(writer.bytes.subarray(0, writer.position))).toBe(hexOf(bytesOf(bytes)))
    expect(reader.variableByteInteger()).toBe(value)
    expect(variableByteIntegerSize(value)).toBe(bytesOf(bytes).length)
  })
}

test('there is none beyond 268 435 455', () => {
  expect(VARIABLE_BYTE_INTEGER_MAX).toBe(268_435_455)
})

for (const [length, bytes] of borders.slice(0, -1)) {
  test(`a body of ${length} bytes closes up to its Remaining Length, which is known last`, () => {
    const writer = new PacketWriter(0)
    const body = new Uint8Array(length).fill(0x5a)
    writer.byte(0xc0)

    const mark = writer.start(0x82)
    writer.copy(body, 0, length)
    writer.finish(mark)
    writer.byte(0xd0)

    const written = Buffer.from(writer.bytes.subarray(0, writer.position))
    expect(written.equals(Buffer.concat([bytesOf(`c0 82 ${bytes}`), body, bytesOf('d0')]))).toBe(true)
  })
}
