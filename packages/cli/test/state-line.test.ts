import { expect, test } from 'vitest'
import { StateLine } from '../src/client/state-line.ts'

const CLEAR = '\r\u001b[2K'

/** A stream that keeps what is written to it, and looks like a terminal or not. */
function stream(isTTY: boolean, columns = 30): NodeJS.WriteStream & { text: string } {
  const kept = {
    isTTY,
    columns,
    text: '',
    hasColors: () => false,
    write(text: string) {
      kept.text += text
    },
  }
  return kept as unknown as NodeJS.WriteStream & { text: string }
}

test('a state takes the place of the one before, and makes room for what is printed', () => {
  const terminal = stream(true)
  const state = new StateLine(terminal, false)

  state.show('connecting')
  state.show('connected')
  state.above(() => terminal.write('message\n'))
  state.end()

  expect(terminal.text.split(CLEAR)).toEqual(['', 'connecting', 'connected', 'message\n', 'connected', ''])
})

test('a state is no longer than the terminal is wide', () => {
  const terminal = stream(true, 12)

  new StateLine(terminal, false).show('a state that is too long')

  expect(terminal.text).toBe(`${CLEAR}a state th…`)
})

test('where there is no terminal, states are not written', () => {
  const pipe = stream(false)
  const state = new StateLine(pipe, false)

  state.show('connecting')
  state.above(() => pipe.write('message\n'))
  state.note('told')
  state.end()

  expect(pipe.text).toBe('message\ntold\n')
})

test('with -d each state is a line that stays', () => {
  const terminal = stream(true)
  const state = new StateLine(terminal, true)

  state.show('connecting')
  state.show('connected')
  state.end()

  expect(terminal.text).toBe('curlew: connecting\ncurlew: connected\n')
})
