import { IncomingDeliveries } from '@curlew/protocol'
import { expect, test } from 'vitest'

test('[MQTT-4.3.3-8] the first PUBLISH with an identifier is new', () => {
  const deliveries = new IncomingDeliveries(10)

  expect(deliveries.publish(7)).toBe('new')
  expect(deliveries.size).toBe(1)
})

test('[MQTT-4.3.3-10] until its PUBREL any other PUBLISH with that identifier is a duplicate', () => {
  const deliveries = new IncomingDeliveries(10)
  deliveries.publish(7)

  expect(deliveries.publish(7)).toBe('duplicate')
  expect(deliveries.publish(7)).toBe('duplicate')
  expect(deliveries.size).toBe(1)
})

test('[MQTT-4.3.3-12] after its PUBREL a PUBLISH with that identifier is a new Application Message', () => {
  const deliveries = new IncomingDeliveries(10)
  deliveries.publish(7)

  const wasKnown = deliveries.release(7)

  expect(wasKnown).toBe(true)
  expect(deliveries.size).toBe(0)
  expect(deliveries.publish(7)).toBe('new')
})

test('[MQTT-4.3.3-9] after PUBREC with a failure, which releases the identifier, a PUBLISH with it is new', () => {
  const deliveries = new IncomingDeliveries(1)
  deliveries.publish(7)

  deliveries.release(7)

  expect(deliveries.publish(7)).toBe('new')
})

test('[MQTT-4.3.3-11] PUBREL for an identifier that is not known is reported and changes nothing', () => {
  const deliveries = new IncomingDeliveries(10)
  deliveries.publish(7)

  expect(deliveries.release(8)).toBe(false)
  expect([...deliveries.accepted()]).toEqual([7])
})

test('[MQTT-3.3.4-7] [MQTT-3.3.4-9] one exchange more than Receive Maximum is too many, a duplicate is not', () => {
  const deliveries = new IncomingDeliveries(2)
  deliveries.publish(1)
  deliveries.publish(2)

  expect(deliveries.publish(3)).toBe('too-many')
  expect(deliveries.publish(2)).toBe('duplicate')
  expect(deliveries.size).toBe(2)
  deliveries.release(1)
  expect(deliveries.publish(3)).toBe('new')
})

test('a Receive Maximum of 65 535 is never exceeded, as there are no more identifiers', () => {
  const deliveries = new IncomingDeliveries(65_535)
  for (let packetId = 1; packetId < 65_535; packetId++) deliveries.publish(packetId)

  expect(deliveries.publish(65_535)).toBe('new')
  expect(deliveries.publish(65_535)).toBe('duplicate')
  expect(deliveries.size).toBe(65_535)
})

test('[MQTT-4.3.3-10] identifiers of an earlier Network Connection stay accepted on the next', () => {
  const deliveries = new IncomingDeliveries(2)
  deliveries.publish(1)

  deliveries.resume(2)

  expect(deliveries.publish(1)).toBe('duplicate')
  expect(deliveries.release(1)).toBe(true)
  expect(deliveries.size).toBe(0)
})

// Section 4.9: quota and Receive Maximum are not preserved across Network Connections, and PUBREL has no part in them.
test('identifiers of an earlier Network Connection do not count against the Receive Maximum of this one', () => {
  const deliveries = new IncomingDeliveries(2)
  deliveries.publish(1)
  deliveries.publish(2)

  deliveries.resume(2)

  expect(deliveries.publish(3)).toBe('new')
  expect(deliveries.publish(4)).toBe('new')
  expect(deliveries.publish(5)).toBe('too-many')
  deliveries.release(1)
  expect(deliveries.publish(5)).toBe('too-many')
  deliveries.release(3)
  expect(deliveries.publish(5)).toBe('new')
})

test('an identifier of an earlier Network Connection that is released and used again counts', () => {
  const deliveries = new IncomingDeliveries(1)
  deliveries.publish(1)
  deliveries.resume(1)
  deliveries.release(1)

  expect(deliveries.publish(1)).toBe('new')
  expect(deliveries.publish(2)).toBe('too-many')
})

test('a new Network Connection may bring another Receive Maximum', () => {
  const deliveries = new IncomingDeliveries(1)

  deliveries.resume(2)

  expect(deliveries.receiveMaximum).toBe(2)
  expect([deliveries.publish(1), deliveries.publish(2), deliveries.publish(3)]).toEqual(['new', 'new', 'too-many'])
})

test('what is restored is a duplicate and does not count against the Receive Maximum', () => {
  const deliveries = new IncomingDeliveries(1)
  deliveries.restore(5)
  deliveries.restore(3)

  expect(deliveries.publish(5)).toBe('duplicate')
  expect(deliveries.publish(1)).toBe('new')
  expect(deliveries.accepted().sort()).toEqual([1, 3, 5])
})
