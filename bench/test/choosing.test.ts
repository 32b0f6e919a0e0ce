import { expect, test } from 'vitest'
import { parseOptions, UsageError } from '../macro/options.ts'
import { chosen, scenarios } from '../macro/scenarios.ts'

const names = (...words: string[]): string[] => chosen(scenarios, words).map(({ name }) => name)

test('a whole name means one scenario, though others begin with it', () => {
  expect(names('fan-out QoS 0')).toEqual(['fan-out QoS 0'])
})

test('a group means all of it, and a part of a name all that have it', () => {
  expect(names('device')).toEqual(['device QoS 0', 'device QoS 1'])
  expect(names('of 5 QoS')).toEqual(['fan-out of 5 QoS 0', 'fan-out of 5 QoS 1'])
})

test('the short suite is short, and has nothing that needs a disk', () => {
  const short = chosen(scenarios, [])

  expect(short.length).toBeLessThanOrEqual(11)
  expect(short.every(({ group }) => group !== 'durable')).toBe(true)
})

test('names are unique', () => {
  const all = scenarios.map(({ name }) => name)

  expect(new Set(all).size).toBe(all.length)
})

test('windows hold whole batches', () => {
  expect(scenarios.filter(({ window, batch }) => window % batch !== 0)).toEqual([])
})

const times: [text: string, ms: number][] = [
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['2h', 7_200_000],
]
for (const [text, ms] of times) {
  test(`--soak ${text} is ${ms} ms`, () => {
    expect(parseOptions(['--soak', text])).toMatchObject({ soakMs: ms })
  })
}

const refused: string[][] = [
  ['--soak', '30'],
  ['--soak', '0s'],
  ['--soak', '5m', '--only', 'p2p'],
  ['--all', '--only', 'p2p'],
  ['--all', '--soak', '5m'],
  ['--only', 'nothing like it'],
  ['--window', '3'],
]
for (const args of refused) {
  test(`${args.join(' ')} is refused`, () => {
    expect(() => parseOptions(args)).toThrow(UsageError)
  })
}
