import { expect, test } from 'vitest'
import { type FuzzOptions, fuzz } from './fuzzer.ts'
import { slowTarget, toyTarget } from './toy-target.ts'

const options: FuzzOptions = { seed: 1, secondsMax: 60, executionsMax: 30_000, corpus: [Uint8Array.of(0)] }

for (const seed of [3, 7, 12]) {
  test(`coverage leads to a fault that chance would not find, with seed ${seed}`, () => {
    const report = fuzz(toyTarget, { ...options, seed })

    expect(report.failure?.error).toEqual(new RangeError('found'))
    expect([...report.failure!.input]).toEqual([0x63, 0x75, 0x72])
    expect(report.found.length).toBeGreaterThanOrEqual(3)
  })
}

test('without its lead as many executions find nothing', () => {
  const report = fuzz(toyTarget, { ...options, isGuided: false })

  expect(report.failure).toBeUndefined()
  expect(report.executions).toBeGreaterThanOrEqual(30_000)
})

test('a seed determines what is found', () => {
  const [first, second] = [1, 2].map(() => fuzz(toyTarget, { ...options, executionsMax: 5000 }))

  expect(second!.executions).toBe(first!.executions)
  expect(second!.found).toEqual(first!.found)
})

test('an execution that takes too long is a failure', () => {
  const report = fuzz(slowTarget, options)

  expect(String(report.failure?.error)).toMatch(/it took 2\d\.\d ms; 10 are allowed/)
})

test('time and executions have an end', () => {
  const endless = { ...toyTarget, run: () => undefined }

  const byExecutions = fuzz(endless, { ...options, executionsMax: 100 })
  const byTime = fuzz(endless, { ...options, secondsMax: 0.05, executionsMax: Number.POSITIVE_INFINITY })

  expect(byExecutions.executions).toBeLessThan(200)
  expect(byTime.seconds).toBeLessThan(5)
})
