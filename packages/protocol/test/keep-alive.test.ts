import { pingDue, silenceDeadline } from '@curlew/protocol'
import { expect, test } from 'vitest'

const deadlines: [lastReceived: number, keepAlive: number, deadline: number][] = [
  [0, 1, 1500],
  [5000, 1, 6500],
  [5000, 60, 95_000],
  [0.5, 10, 15_000.5],
  [5000, 65_535, 98_307_500],
]
test.each(deadlines)(
  '[MQTT-3.1.2-22] [MQTT3-3.1.2-24] after a packet at %d ms and with Keep Alive %d, silence ends the connection at %d ms',
  (lastReceived, keepAlive, deadline) => {
    expect(silenceDeadline(lastReceived, keepAlive)).toBe(deadline)
  },
)

const pings: [lastSent: number, keepAlive: number, due: number][] = [
  [0, 1, 1000],
  [5000, 1, 6000],
  [5000, 60, 65_000],
  [0.5, 10, 10_000.5],
  [5000, 65_535, 65_540_000],
]
test.each(pings)(
  '[MQTT-3.1.2-20] [MQTT3-3.1.2-23] after a packet sent at %d ms and with Keep Alive %d, PINGREQ is due at %d ms',
  (lastSent, keepAlive, due) => {
    expect(pingDue(lastSent, keepAlive)).toBe(due)
  },
)

test('a Client that pings when it is due has half a Keep Alive left for the way', () => {
  expect(silenceDeadline(0, 60) - pingDue(0, 60)).toBe(30_000)
})
