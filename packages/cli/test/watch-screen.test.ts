import { EventEmitter } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { StateLine } from '../src/client/state-line.ts'
import { WatchScreen } from '../src/client/watch-screen.ts'
import { runCurlew } from './curlew-process.ts'

/** A terminal as far as the table needs one: lines, a cursor, and the sequences that move it and clear. */
class Terminal extends EventEmitter {
  readonly isTTY = true
  columns = 41
  rows = 12
  lines: string[] = ['']
  #row = 0

  hasColors(): boolean {
    return false
  }

  write(text: string): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a terminal is written to with
    for (const [part] of text.matchAll(/\u001b\[\d*[A-Z]|\r|\n|[^\u001b\r\n]+/g)) this.#take(part)
    return true
  }

  #take(part: string): void {
    if (part === '\n') this.lines[++this.#row] ??= ''
    else if (part === '\r' || part === '\u001b[K') return
    else if (part === '\u001b[2K') this.lines[this.#row] = ''
    else if (part === '\u001b[J') this.lines.splice(this.#row, Infinity, '')
    else if (part === '\u001b[2J') this.lines = ['']
    else if (part === '\u001b[H') this.#row = 0
    else if (part.endsWith('F')) this.#row -= Number(/\d+/.exec(part)?.[0] ?? 1)
    else this.lines[this.#row] = part
  }
}

function screen(): { terminal: Terminal; state: StateLine; watch: WatchScreen } {
  const terminal = new Terminal()
  const stream = terminal as unknown as NodeJS.WriteStream
  const state = new StateLine(stream, false)
  const watch = new WatchScreen(stream, state)
  onTestFinished(() => watch.end())
  return { terminal, state, watch }
}

const heading = 'TOPIC  VALUE                RATE/S   AGE'
const row = (topic: string, value: string) => `${topic.padEnd(5)}  ${value.padEnd(18)}             0s`

test('the table is drawn in place, above the state', () => {
  const { terminal, state, watch } = screen()
  state.show('connected')

  watch.update('a', Buffer.from('1'))
  state.redraw(() => watch.draw())
  watch.update('a', Buffer.from('2'))
  watch.update('b', Buffer.from('x'))
  state.redraw(() => watch.draw())

  expect(terminal.lines).toEqual([heading, row('a', '2'), row('b', 'x'), 'connected'])
})

test('what is told stands above the table', () => {
  const { terminal, state, watch } = screen()
  state.show('connected')
  watch.update('a', Buffer.from('1'))
  state.redraw(() => watch.draw())

  state.note('told')

  expect(terminal.lines).toEqual(['told', heading, row('a', '1'), 'connected'])
})

test('at the end the table stays as it was last', () => {
  const { terminal, state, watch } = screen()
  watch.update('a', Buffer.from('1'))

  watch.end()
  state.note('behind it')

  expect(terminal.lines).toEqual([heading, row('a', '1'), 'behind it', ''])
})

test('nothing is drawn before there is a message', () => {
  const { terminal, state, watch } = screen()
  state.show('connecting')

  state.note('told')
  watch.end()

  expect(terminal.lines).toEqual(['told', 'connecting'])
})

test('a window of another width is drawn anew', () => {
  const { terminal, state, watch } = screen()
  watch.update('a', Buffer.from('1'))
  state.redraw(() => watch.draw())
  terminal.columns = 61

  terminal.emit('resize')

  expect(terminal.lines.map(line => line.length)).toEqual([60, 60, 0])
})

test('--watch does not go with files', async () => {
  const { ending, stderr } = await runCurlew(['sub', '-t', 'a', '--watch', '--file-write', 'f'])

  expect([ending, stderr.split('\n')[0]]).toEqual([
    1,
    "curlew: option '-w, --watch' cannot be used with option '--file-write <file>'",
  ])
})
