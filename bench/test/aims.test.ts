import { expect, test } from 'vitest'
import { aimText, isMissed, missedAims, scenarioAimText } from '../macro/report/aims.ts'
import { type Aim, figure } from '../macro/trials/trial.ts'
import { figures } from './results.ts'

const storm = figure('rate', 'connects', 'per second', { atLeast: 3, times: 'aedes' })
const size = figure('bytes', 'memory of a connection', 'B', { atMost: 6144 })

const verdicts: [aim: Aim, own: number, aedes: number, isMissed: boolean][] = [
  [{ atLeast: 3, times: 'aedes' }, 300, 100, false],
  [{ atLeast: 3, times: 'aedes' }, 299, 100, true],
  [{ atMost: 1, times: 'aedes' }, 101, 100, true],
  [{ atMost: 6144 }, 6144, 0, false],
  [{ atMost: 6144 }, 6145, 0, true],
  [{ atLeast: 10 }, 9, 0, true],
]
for (const [aim, own, aedes, missed] of verdicts) {
  test(`${JSON.stringify(aim)}: ${own} beside ${aedes} is ${missed ? 'missed' : 'reached'}`, () => {
    const brokers = { curlew: figures({ x: own }), aedes: figures({ x: aedes }) }

    expect(isMissed(figure('x', 'x', 'ms', aim), brokers, 'curlew')).toBe(missed)
  })
}

test('an aim that is a multiple of a broker that was not measured is not missed', () => {
  expect(isMissed(storm, { curlew: figures({ rate: 1 }) }, 'curlew')).toBe(false)
})

test('aims read as people write them', () => {
  expect(aimText(storm)).toBe('≥ 3 × aedes')
  expect(aimText(size)).toBe('≤ 6,144 B')
  expect(aimText(figure('x', 'x', '%', { atMost: 1 }))).toBe('≤ 1 %')
  expect(scenarioAimText({ aim: 15, ratePerSecond: undefined })).toBe('≥ 15')
  expect(scenarioAimText({ aim: 1, ratePerSecond: 5000 })).toBe('p99 ≤ 1')
})

test('a missed aim says by how much', () => {
  const brokers = { curlew: figures({ rate: 200, bytes: 7000 }), aedes: figures({ rate: 100 }) }

  expect(missedAims({ name: 'connections', group: 'connections', figures: [storm, size], brokers }, 'curlew')).toEqual([
    '- connections, connects: 200/s, aedes 100/s; the aim is ≥ 3 × aedes.',
    '- connections, memory of a connection: 7,000 B; the aim is ≤ 6,144 B.',
  ])
})
