import { expect, test } from 'vitest'
import { median, overlap, spreadOf, trendOf } from '../macro/statistics.ts'

test('the median of an odd number of values is one of them, of an even number the mean of two', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 1, 4, 2])).toBe(3)
})

test('two spreads overlap when they share a value, be it the last', () => {
  expect(overlap(spreadOf([1, 3]), spreadOf([3, 9]))).toBe(true)
  expect(overlap(spreadOf([1, 3]), spreadOf([4, 9]))).toBe(false)
  expect(overlap(spreadOf([4, 9]), spreadOf([1, 3]))).toBe(false)
})

test('a line is found as it is, without error', () => {
  expect(
    trendOf([
      [0, 1],
      [1, 3],
      [2, 5],
      [3, 7],
    ]),
  ).toEqual({ slope: 2, slopeError: 0, mean: 4 })
})

test('what lies off the line becomes the error of its slope', () => {
  const { slope, slopeError } = trendOf([
    [0, 0],
    [1, 1],
    [2, 0],
  ])

  expect(slope).toBe(0)
  expect(slopeError).toBeCloseTo(Math.sqrt(2 / 3 / 2), 10)
})
