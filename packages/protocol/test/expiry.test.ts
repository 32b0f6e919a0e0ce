import {
  expiresAt,
  isExpired,
  NEVER,
  remainingInterval,
  SESSION_NEVER_EXPIRES,
  sessionExpiresAt,
} from '@curlew/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const moments: [now: number, interval: number | undefined, moment: number][] = [
  [0, undefined, NEVER],
  [5000, undefined, NEVER],
  [0, 0, 0],
  [5000, 0, 5000],
  [5000, 1, 6000],
  [5000, 60, 65_000],
  [5000, 4_294_967_295, 4_294_967_300_000],
]
test.each(moments)(
  'received at %d ms with Message Expiry Interval %s, a message expires at %d ms',
  (now, interval, moment) => {
    expect(expiresAt(now, interval)).toBe(moment)
  },
)

const sessions: [now: number, interval: number, moment: number][] = [
  [5000, 0, 5000],
  [5000, 1, 6000],
  [5000, 4_294_967_294, 4_294_967_299_000],
  [5000, 4_294_967_295, NEVER],
]
test.each(sessions)(
  'left at %d ms with Session Expiry Interval %d, a Session expires at %d ms',
  (now, interval, moment) => {
    expect(sessionExpiresAt(now, interval)).toBe(moment)
  },
)

test('the Session Expiry Interval that never ends is the largest there is', () => {
  expect(SESSION_NEVER_EXPIRES).toBe(4_294_967_295)
})

const ends: [moment: number, now: number, expired: boolean][] = [
  [6000, 5999, false],
  [6000, 5999.9, false],
  [6000, 6000, true],
  [6000, 6001, true],
  [0, 0, true],
  [NEVER, Number.MAX_SAFE_INTEGER, false],
]
test.each(ends)('[MQTT-3.3.2-5] what expires at %d ms is expired at %d ms: %s', (moment, now, expired) => {
  expect(isExpired(moment, now)).toBe(expired)
})

const remaining: [moment: number, now: number, interval: number | undefined][] = [
  [NEVER, 0, undefined],
  [NEVER, Number.MAX_SAFE_INTEGER, undefined],
  [65_000, 5000, 60],
  [65_000, 5001, 60],
  [65_000, 5999, 60],
  [65_000, 6000, 59],
  [65_000, 63_999, 2],
  [65_000, 64_000, 1],
  [65_000, 64_999, 1],
  [65_000, 64_999.9, 1],
  [65_000, 65_000, 0],
  [65_000, 65_001, 0],
  [65_000, 1_000_000, 0],
]
test.each(remaining)(
  '[MQTT-3.3.2-6] what expires at %d ms has, at %d ms, an interval of %s s',
  (moment, now, interval) => {
    expect(remainingInterval(moment, now)).toBe(interval)
  },
)

test('[MQTT-3.3.2-6] a message that has not waited goes out with the interval it came with, whatever the clock reads', () => {
  const clock = fc.double({ min: 0, max: 1e10, noNaN: true })
  const interval = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 0xffffffff))

  fc.assert(
    fc.property(clock, interval, (now, seconds) => {
      expect(remainingInterval(expiresAt(now, seconds), now)).toBe(seconds)
    }),
  )
})

test('[MQTT-3.3.2-6] the interval never grows, is 0 only when expired, and is less than a second too large', () => {
  const clock = fc.double({ min: 0, max: 1e10, noNaN: true })
  const waiting = fc.double({ min: 0, max: 100_000, noNaN: true })

  fc.assert(
    fc.property(clock, waiting, fc.integer({ min: 0, max: 100 }), (received, waited, seconds) => {
      const moment = expiresAt(received, seconds)
      const now = received + waited

      const interval = remainingInterval(moment, now)!

      expect(interval).toBeLessThanOrEqual(seconds)
      expect(interval === 0).toBe(isExpired(moment, now))
      expect(interval * 1000 - Math.max(0, moment - now)).toBeLessThan(1001)
    }),
  )
})
