import { expect, test } from 'vitest'
import { frameHeader, WebSocketFrames } from '../macro/load/websocket-frames.ts'

/** Frames as a server sends them: 3 bytes, 130 bytes, 65 536 bytes. */
const contents = [Buffer.from('abc'), Buffer.alloc(130, 'd'), Buffer.alloc(65_536, 'e')]
const stream = Buffer.concat([
  ...[Buffer.from([0x82, 3]), contents[0]!],
  ...[Buffer.from([0x82, 126, 0, 130]), contents[1]!],
  ...[Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), contents[2]!],
])

for (const size of [1, 2, 3, 7, 1000, stream.length]) {
  test(`what is in frames comes out whole when ${size} bytes come at a time`, () => {
    const frames = new WebSocketFrames()
    const parts: Buffer[] = []

    for (let start = 0; start < stream.length; start += size) {
      const bytes = Buffer.from(stream.subarray(start, start + size))
      parts.push(bytes.subarray(0, frames.unwrap(bytes, bytes.length)))
    }

    expect(Buffer.concat(parts).equals(Buffer.concat(contents))).toBe(true)
  })
}

test('a frame that closes the connection is no data', () => {
  expect(() => new WebSocketFrames().unwrap(Buffer.from([0x88, 0]), 2)).toThrow('opcode 8')
})

test('headers have the length in one, two or eight bytes, and a mask of zero', () => {
  expect(frameHeader(125).toString('hex')).toBe('82fd00000000')
  expect(frameHeader(126).toString('hex')).toBe('82fe007e00000000')
  expect(frameHeader(65_536).toString('hex')).toBe('82ff000000000001000000000000')
})
