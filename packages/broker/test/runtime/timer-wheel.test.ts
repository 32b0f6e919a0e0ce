import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TimerWheel, WHEEL_TICK_MS, WheelTimer } from '../../src/runtime/timer-wheel.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

const setUp = () => {
  const runtime = new VirtualRuntime()
  const calls: string[] = []
  const wheel = new TimerWheel(runtime, error => calls.push(String(error)))
  const timer = (name: string): WheelTimer => new WheelTimer(() => calls.push(name))
  return { runtime, wheel, calls, timer }
}

test('a timer calls back once, when its moment has come', async () => {
  const { runtime, wheel, calls, timer } = setUp()
  wheel.set(timer('once'), runtime.monotonicMs() + 1000)

  await runtime.advance(999)
  expect(calls).toEqual([])
  await runtime.advance(1 + WHEEL_TICK_MS)
  expect(calls).toEqual(['once'])
  await runtime.advance(500_000)
  expect(calls).toEqual(['once'])
})

test('timers call back in the order of their ticks, those of one tick in the order they were set', async () => {
  const { runtime, wheel, calls, timer } = setUp()
  const now = runtime.monotonicMs()
  for (const [name, delayMs] of [
    ['late', 5000],
    ['first', 300],
    ['second', 300],
    ['middle', 900],
  ] as const) {
    wheel.set(timer(name), now + delayMs)
  }

  await runtime.advance(6000)

  expect(calls).toEqual(['first', 'second', 'middle', 'late'])
})

test('setting a timer again moves it, clearing it prevents it', async () => {
  const { runtime, wheel, calls, timer } = setUp()
  const moved = timer('moved')
  const cleared = timer('cleared')
  wheel.set(moved, runtime.monotonicMs() + 500)
  wheel.set(cleared, runtime.monotonicMs() + 500)
  wheel.set(moved, runtime.monotonicMs() + 5000)
  wheel.clear(cleared)
  wheel.clear(cleared)

  await runtime.advance(4900)
  expect(calls).toEqual([])
  expect([moved.isSet, cleared.isSet, wheel.count]).toEqual([true, false, 1])
  await runtime.advance(200)
  expect(calls).toEqual(['moved'])
})

test('a moment that has passed comes with the next tick', async () => {
  const { runtime, wheel, calls, timer } = setUp()
  wheel.set(timer('past'), runtime.monotonicMs() - 10_000)

  expect(calls).toEqual([])
  await runtime.advance(WHEEL_TICK_MS)

  expect(calls).toEqual(['past'])
})

test('a timer further away than one round of the wheel passes its slot until its round has come', async () => {
  const { runtime, wheel, calls, timer } = setUp()
  wheel.set(timer('a week'), runtime.monotonicMs() + 604_800_000 / 100)

  await runtime.advance(6_047_900)
  expect(calls).toEqual([])
  await runtime.advance(200)
  expect(calls).toEqual(['a week'])
})

test('a callback may set and clear timers, its own included', async () => {
  const { runtime, wheel, calls, timer } = setUp()
  const now = runtime.monotonicMs()
  const victim = timer('victim')
  const ticking: WheelTimer = new WheelTimer(() => {
    calls.push('tick')
    wheel.clear(victim)
    if (calls.length < 3) wheel.set(ticking, runtime.monotonicMs() + 200)
  })
  wheel.set(ticking, now + 200)
  wheel.set(victim, now + 200)

  await runtime.advance(2000)

  expect(calls).toEqual(['tick', 'tick', 'tick'])
  expect(wheel.count).toBe(0)
})

test('a callback that throws keeps no other from being called, now or later', async () => {
  const { runtime, wheel, calls, timer } = setUp()
  const now = runtime.monotonicMs()
  wheel.set(timer('first'), now + 200)
  wheel.set(
    new WheelTimer(() => {
      throw new Error('fault')
    }),
    now + 200,
  )
  wheel.set(timer('second'), now + 200)
  wheel.set(timer('later'), now + 5_000)

  await runtime.advance(6_000)

  expect(calls).toEqual(['first', 'Error: fault', 'second', 'later'])
})

test('the host timer runs only while a timer is set, and never after close()', async () => {
  const { runtime, wheel, calls, timer } = setUp()
  const idle = runtime.timerCount
  const first = timer('first')
  wheel.set(first, runtime.monotonicMs() + 1000)
  const busy = runtime.timerCount
  wheel.clear(first)
  await runtime.advance(WHEEL_TICK_MS)
  const cleared = runtime.timerCount
  wheel.set(first, runtime.monotonicMs() + 1000)
  wheel.close()
  await runtime.advance(5000)

  expect([idle, busy, cleared, runtime.timerCount]).toEqual([0, 1, 0, 0])
  expect(calls).toEqual([])
})

test('after a long pause of the process every timer that is due calls back once', () => {
  let nowMs = 0
  let hostTimer = (): void => {}
  const runtime = {
    ...new VirtualRuntime(),
    monotonicMs: () => nowMs,
    startTimer: (_: number, callback: () => void) => {
      hostTimer = callback
      return () => {}
    },
  } as unknown as VirtualRuntime
  const wheel = new TimerWheel(runtime, () => {})
  const called: number[] = []
  const delays = [100, 5_000, 99_900, 102_400, 350_000, 3_000_000]
  for (const delay of delays) wheel.set(new WheelTimer(() => called.push(delay)), delay)

  nowMs = 1_000_000
  hostTimer()

  expect(called.sort((a, b) => a - b)).toEqual([100, 5_000, 99_900, 102_400, 350_000])
  expect(wheel.count).toBe(1)
})

test('no timer is early, and none more than a tick late, whatever is set, moved and cleared', async () => {
  const operation = fc.record({
    index: fc.nat(9),
    delayMs: fc.oneof(fc.integer({ min: -200, max: 2_000 }), fc.integer({ min: 0, max: 250_000 })),
    clears: fc.boolean(),
    pauseMs: fc.nat(700),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async operations => {
      const { runtime, wheel } = setUp()
      const due = new Map<number, number>()
      const faults: string[] = []
      const fire = (index: number): void => {
        const expected = due.get(index)
        const late = expected === undefined ? Number.NaN : runtime.monotonicMs() - expected
        due.delete(index)
        if (!(late >= 0 && late <= WHEEL_TICK_MS)) faults.push(`timer ${index} was ${late} ms late`)
      }
      const timers = Array.from({ length: 10 }, (_, index) => new WheelTimer(() => fire(index)))

      for (const { index, delayMs, clears, pauseMs } of operations) {
        const dueMs = runtime.monotonicMs() + Math.max(0, delayMs)
        if (clears) wheel.clear(timers[index]!)
        else wheel.set(timers[index]!, runtime.monotonicMs() + delayMs)
        if (clears) due.delete(index)
        else due.set(index, dueMs)
        await runtime.advance(pauseMs)
      }
      await runtime.advance(260_000)

      expect(faults).toEqual([])
      expect(due.size).toBe(0)
    }),
    { numRuns: 40 },
  )
})
