import { expect, test } from 'vitest'
import { bytesOf, hexOf } from './notation.ts'

const samples: [notation: string, hex: string][] = [
  ['', ''],
  ['00ff 10', '00ff10'],
  ["30 05 0003 'a/b'", '30050003612f62'],
  ["'a'*3 'é' ff*2", '616161c3a9ffff'],
  ["'a b'00", '61206200'],
]
for (const [notation, hex] of samples) {
  test(`the notation ${notation === '' ? 'of nothing' : notation} means ${hex === '' ? 'nothing' : hex}`, () => {
    expect(hexOf(bytesOf(notation))).toBe(hex)
  })
}

for (const notation of ['0', '0g', '123', "'open", 'ff*', 'FF']) {
  test(`${notation} is no notation of bytes`, () => {
    expect(() => bytesOf(notation)).toThrow(SyntaxError)
  })
}
