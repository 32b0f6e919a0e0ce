import { expect, test } from 'vitest'
import { type SoakPace, type SoakSample, soakReport, soakTrends } from '../macro/report/soak-report.ts'

const reference = { messagesPerSecond: 900, p99Ms: 6 }
const flat: SoakSample = { seconds: 0, messagesPerSecond: 1000, p99Ms: 5, heapMiB: 40, residentMiB: 90, reference }

/** A sample every half minute for an hour. */
function samples(change: (hours: number, index: number) => Partial<SoakSample>): SoakSample[] {
  return Array.from({ length: 120 }, (_, index) => ({ ...flat, seconds: index * 30, ...change(index / 120, index) }))
}

test('what does not change is steady', () => {
  const { verdict, isSteady } = soakReport(samples(() => ({})))

  expect(isSteady).toBe(true)
  expect(verdict).toContain('steady')
})

test('a heap that grows is found, with its slope', () => {
  const grown = samples(hours => ({ heapMiB: 40 + 12 * hours }))

  expect(soakTrends(grown)[0]).toMatchObject({ label: 'heap after collection', isSteady: false })
  expect(soakTrends(grown)[0]?.perHour).toBeCloseTo(12, 6)
  expect(soakReport(grown).verdict).toBe(
    'Verdict: NOT steady: heap after collection. Run it again, longer, before you believe it or not.',
  )
})

test('throughput that falls is found, and one that rises is not held against anybody', () => {
  const fallen = samples(hours => ({ messagesPerSecond: 1000 - 200 * hours }))
  const risen = samples(hours => ({ messagesPerSecond: 1000 + 200 * hours }))

  expect(soakReport(fallen).isSteady).toBe(false)
  expect(soakReport(risen).isSteady).toBe(true)
})

test('what a new broker loses too is the loss of the machine', () => {
  const slower = (hours: number): SoakPace => ({ messagesPerSecond: 1000 - 400 * hours, p99Ms: 5 + 3 * hours })
  const slowed = soakTrends(samples(hours => ({ ...slower(hours), reference: slower(hours) })))
  const aged = soakReport(samples(hours => slower(hours)))

  expect(slowed.filter(({ isSteady }) => isSteady === false)).toEqual([])
  expect(slowed.find(({ label }) => label === 'throughput of new brokers')?.perHour).toBeCloseTo(-400, 6)
  expect(aged.verdict).toContain('NOT steady: p99 / of a new broker, throughput / of a new broker.')
})

test('noise is no slope', () => {
  const noisy = samples((hours, index) => ({ p99Ms: 5 + hours * 0.5 + (index % 2 === 0 ? 4 : -4) }))

  expect(soakReport(noisy).isSteady).toBe(true)
})

test('the warm-up does not count', () => {
  const compiled = samples(hours => ({ heapMiB: hours < 0.19 ? 10 : 40 }))

  expect(soakReport(compiled).isSteady).toBe(true)
})

test('a short soak says that it is one, and proves nothing', () => {
  const { verdict, isSteady } = soakReport(samples(() => ({})).slice(0, 8))

  expect(verdict).toContain('too short')
  expect(isSteady).toBe(false)
})

test('a broker without a heap is judged by the rest', () => {
  const labels = soakTrends(samples(() => ({ heapMiB: undefined }))).map(({ label }) => label)

  expect(labels).toEqual([
    ...['resident set', 'p99 / of a new broker', 'throughput / of a new broker'],
    ...['p99', 'throughput', 'throughput of new brokers'],
  ])
})
