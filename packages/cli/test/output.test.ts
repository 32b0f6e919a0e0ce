import { expect, test } from 'vitest'
import { styleOf, table } from '../src/output.ts'

/** A stream that is or is not a terminal with colours. */
function stream(isTTY: boolean, hasColors: boolean): NodeJS.WriteStream {
  return { isTTY, hasColors: () => hasColors } as unknown as NodeJS.WriteStream
}

test('values stand one below the other', () => {
  const text = table(
    [
      ['a', '1'],
      ['bcd', '2'],
    ],
    styleOf(stream(false, false)),
  )

  expect(text).toBe('  a    1\n  bcd  2\n')
})

const streams: [what: string, stream: NodeJS.WriteStream, text: string][] = [
  ['a terminal with colours', stream(true, true), '\u001b[1mx\u001b[22m'],
  ['a terminal without colours', stream(true, false), 'x'],
  ['a file', stream(false, true), 'x'],
]
for (const [what, to, text] of streams) {
  test(`on ${what}, strong text is ${JSON.stringify(text)}`, () => {
    expect(styleOf(to).strong('x')).toBe(text)
  })
}
