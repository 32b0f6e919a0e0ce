import { expect, test } from 'vitest'
import { Backoff } from '../src/index.ts'

test('the bound doubles up to its maximum, and the wait is drawn below it', () => {
  const backoff = new Backoff({ delayMs: 100, delayMaxMs: 1_000 })

  const waits = Array.from({ length: 6 }, () => backoff.failed(0, 0.5))

  expect(waits).toEqual([50, 100, 200, 400, 500, 500])
})

test('only a connection that has lasted begins it again', () => {
  const backoff = new Backoff({ delayMs: 100, delayMaxMs: 1_000, stableMs: 5_000 })
  backoff.failed(0, 1)

  backoff.connected(1_000)
  expect(backoff.failed(5_999, 1)).toBe(200)
  backoff.connected(10_000)

  expect(backoff.failed(15_000, 1)).toBe(100)
})

test('it gives up after as many failures as it is told', () => {
  const backoff = new Backoff({ attemptsMax: 2 })

  expect([backoff.failed(0, 0), backoff.failed(0, 0), backoff.failed(0, 0)]).toEqual([0, 0, undefined])
})
