import { expect, test } from 'vitest'
import { TOPICS_MAX, TopicTable } from '../src/client/topic-table.ts'

type Message = [topic: string, value: string | Buffer, ms: number]

/** A table after these messages, each at a time in milliseconds. */
function table(...messages: Message[]): TopicTable {
  const made = new TopicTable()
  for (const [topic, value, ms] of messages) made.update(topic, Buffer.from(value as string), ms)
  return made
}

test('each topic has a row, in the order of the alphabet', () => {
  const made = table(['b/light', 'on', 0], ['a', '20.5', 500], ['a', '21', 2_500])

  expect(made.lines(3_000, 40, 20)).toEqual([
    'TOPIC    VALUE              RATE/S   AGE',
    'a        21                    0.4    0s',
    'b/light  on                           3s',
  ])
})

for (const seconds of [30, 60]) {
  test(`a message a second is a rate of about one after ${seconds} s`, () => {
    const made = table(...Array.from({ length: seconds }, (_, second): Message => ['a', 'x', second * 1000]))

    expect(made.lines(seconds * 1000, 40, 9)[1]).toMatch(/ (0\.9|1\.0) +1s$/)
  })
}

test('a rate falls, and goes, when nothing comes any more', () => {
  const made = table(['a', 'x', 0], ['a', 'x', 1_000])

  expect(made.lines(60_000, 40, 9)[1]).toMatch(/^a {6}x {10,}59s$/)
})

for (const width of [40, 60, 200]) {
  test(`no line is wider than ${width} columns`, () => {
    const made = table(['a/'.repeat(100), '漢'.repeat(200), 0], ['b', Buffer.alloc(3_000, 255), 0])

    const lines = made.lines(0, width, 9)

    expect(lines.map(line => [...line].reduce((sum, each) => sum + (each === '漢' ? 2 : 1), 0))).toEqual([
      width,
      width,
      width,
    ])
  })
}

const values: [what: string, value: string | Buffer, shown: RegExp][] = [
  ['nothing', '', /\(empty\)/],
  ['lines', 'one\ntwo\n', /one\\x0atwo /],
  ['what would move the cursor', '\u001b[2J', /\\x1b\[2J/],
  ['bytes', Buffer.from([255, 0]), /2 bytes: ff 00 /],
  ['a long text that is cut within a character', `${'x'.repeat(1_023)}é${'x'.repeat(10)}`, /xxx…/],
]
for (const [what, value, shown] of values) {
  test(`a value of ${what} is shown as ${shown.source}`, () => {
    expect(table(['a', value, 0]).lines(0, 60, 9)[1]).toMatch(shown)
  })
}

test('when there are more topics than lines, the latest are shown', () => {
  const made = table(['a', '1', 0], ['b', '1', 0], ['c', '1', 0], ['a', '2', 0])

  expect(made.lines(0, 40, 4).map(line => line.split(' ')[0])).toEqual(['TOPIC', 'a', 'c', 'and'])
  expect(made.lines(0, 40, 4).at(-1)).toBe('and 1 more topics')
})

test('topics beyond the limit are counted, not kept', () => {
  const made = new TopicTable()
  for (let index = 0; index <= TOPICS_MAX; index++) made.update(`t/${index}`, Buffer.from('x'), 0)
  made.update('t/0', Buffer.from('y'), 0)

  expect(made.lines(0, 80, 5).at(-1)).toBe(
    `and ${TOPICS_MAX - 3} more topics, and 1 messages on topics beyond the first ${TOPICS_MAX}`,
  )
})

const ages: [ms: number, shown: string][] = [
  [0, '0s'],
  [99_999, '99s'],
  [100_000, '1m'],
  [7_200_000, '2h'],
  [864_000_000, '10d'],
]
for (const [ms, shown] of ages) {
  test(`an age of ${ms} ms reads ${shown}`, () => {
    expect(table(['a', 'x', 0]).lines(ms, 40, 9)[1]).toMatch(new RegExp(`  ${shown}$`))
  })
}
