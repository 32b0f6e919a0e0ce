import { expect, test } from 'vitest'
import { LoadAverage } from '../../src/observe/load-average.ts'

/** The rates after each update of a counter that grows by so much in so many milliseconds. */
function ratesOf(steps: readonly (readonly [growth: number, elapsedMs: number])[]): string[][] {
  const average = new LoadAverage(100)
  let count = 100
  return steps.map(([growth, elapsedMs]) => {
    count += growth
    average.update(count, elapsedMs)
    return average.rates.map(rate => rate.toFixed(2))
  })
}

test('what grows evenly is approached from below, the sooner the shorter the period', () => {
  const rates = ratesOf(Array.from({ length: 6 }, () => [10, 10_000] as const))

  expect(rates[0]).toEqual(['9.21', '1.97', '0.66'])
  expect(rates[1]).toEqual(['17.01', '3.87', '1.32'])
  expect(rates[5]).toEqual(['37.93', '10.88', '3.87'])
})

test('after a period without anything a rate is down to 1/e of what it was', () => {
  const rates = ratesOf([
    [600, 60_000],
    [0, 60_000],
  ])

  expect(rates.map(([oneMinute]) => oneMinute)).toEqual(['379.27', '139.53'])
})

test('how often it is updated does not matter while the growth is even', () => {
  const [seldom] = ratesOf([[60, 60_000]])
  const often = ratesOf(Array.from({ length: 600 }, () => [0.1, 100] as const))

  expect(often.at(-1)).toEqual(seldom)
})
