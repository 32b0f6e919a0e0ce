import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const printed: string[] = []

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')))
})
afterEach(() => {
  vi.restoreAllMocks()
  printed.length = 0
})

/** What each program prints. */
const examples: Record<string, string[]> = {
  hello: ['home/kitchen/temperature 21.5'],
  'work-queue': ['20 jobs are done'],
  'typed-topics': ['ERR_DECODE', 'kitchen: 21.5 °C'],
  'request-response': ['144', 'nobody serves math/cube'],
  'durable-outbox': ['meters/7 1042 kWh'],
  'in-process': ['somebody listens: false', 'hello', 'closed'],
}
for (const [name, lines] of Object.entries(examples)) {
  test(`examples/${name}.js runs`, async () => {
    await import(`../../../examples/${name}.js`)

    expect(printed).toEqual(lines)
  })
}

test('the README shows the first of them', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const hello = readFileSync(new URL('../../../examples/hello.js', import.meta.url), 'utf8')

  expect(/```js\n([\s\S]*?)```/.exec(readme)?.[1]).toBe(hello)
})
