import { describe, expect, test } from 'vitest'
import * as node from '../src/bytes.node.ts'
import * as web from '../src/bytes.web.ts'
import { bytesOf, hexOf } from './notation.ts'

/** Strings whose UTF-8 both platforms must agree about. */
const strings: [name: string, string: string, bytes: string][] = [
  ['nothing', '', ''],
  ['ASCII', 'a/b', "'a/b'"],
  ['two bytes a character', 'é', 'c3a9'],
  ['three bytes a character', '東', 'e69db1'],
  ['four bytes a character', '🐦', 'f09f90a6'],
  ['U+FEFF at the start', '\ufeffa', 'efbbbf 61'],
  ['U+FFFD', '\ufffd', 'efbfbd'],
  ['U+0000', 'a\0', '6100'],
]

describe.each([
  ['Node', node],
  ['the web', web],
])('the bytes of %s', (_, platform) => {
  for (const [name, string, bytes] of strings) {
    test(`${name} is decoded where it stands`, () => {
      const buffer = bytesOf(`ff ${bytes} ff`)

      expect(platform.decodeUtf8(buffer, 1, buffer.length - 1)).toBe(string)
      expect(platform.decodeUtf8(Buffer.from(buffer), 1, buffer.length - 1)).toBe(string)
    })

    test(`${name} is measured and written`, () => {
      const target = new Uint8Array(12)

      platform.writeUtf8(target.subarray(1), string, 1)

      expect(platform.utf8Length(string)).toBe(bytesOf(bytes).length)
      expect(hexOf(target.subarray(2, 2 + platform.utf8Length(string)))).toBe(hexOf(bytesOf(bytes)))
    })
  }

  test('a lone surrogate is measured and written as U+FFFD', () => {
    const target = new Uint8Array(6)

    platform.writeUtf8(target, '\ud83d\udc26'.slice(0, 1), 0)
    platform.writeUtf8(target, '\udc26', 3)

    expect([platform.utf8Length('\ud83d'), platform.utf8Length('\udc26')]).toEqual([3, 3])
    expect(hexOf(target)).toBe('efbfbdefbfbd')
  })

  for (const bytes of ['ff', 'c080', 'eda080', 'f4908080', 'e282', 'efbfbd ff']) {
    test(`${bytes} is no UTF-8`, () => {
      expect(platform.decodeUtf8(bytesOf(`61 ${bytes} 61`), 1, 1 + bytesOf(bytes).length)).toBeUndefined()
    })
  }

  test('a copy is a copy of the part asked for', () => {
    const source = bytesOf('01 02 03 04')

    const copy = platform.copyBytes(source, 1, 3)
    source.fill(0)

    expect(hexOf(copy)).toBe('0203')
  })

  test('as many bytes are allocated as were asked for', () => {
    expect([0, 1, 5000].map(size => platform.allocateBytes(size).length)).toEqual([0, 1, 5000])
  })
})
