import { ReasonCode } from '@curlew/codec'
import { OutgoingDeliveries } from '@curlew/protocol'
import { describe, expect, test } from 'vitest'
import { type SentMessage, sent } from '../sent-message.ts'

const { Success, QuotaExceeded } = ReasonCode

/** What is to be sent again now, as `packetId phase`. */
function resendsOf(deliveries: OutgoingDeliveries<SentMessage<string>>): string[] {
  const resends: string[] = []
  for (let delivery = deliveries.nextResend(); delivery; delivery = deliveries.nextResend()) {
    resends.push(`${delivery.packetId} ${delivery.phase}`)
  }
  return resends
}

function phasesOf(deliveries: OutgoingDeliveries<SentMessage<string>>): string[] {
  return [...deliveries.unfinished()].map(({ packetId, phase }) => `${packetId} ${phase}`)
}

describe('resuming', () => {
  test('[MQTT-4.4.0-1] unacknowledged PUBLISH and PUBREL are sent again with their Packet Identifiers, the acknowledged are not', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    deliveries.start(sent('a', 1, 1))
    deliveries.start(sent('b', 2, 1))
    deliveries.start(sent('c', 3, 2))
    deliveries.start(sent('d', 4, 2))
    deliveries.puback(1)
    deliveries.pubrec(3, Success)

    deliveries.resume(10)

    expect(resendsOf(deliveries).sort()).toEqual(['2 awaiting-puback', '3 awaiting-pubcomp', '4 awaiting-pubrec'])
    expect(resendsOf(deliveries)).toEqual([])
  })

  test('[MQTT-4.6.0-1] PUBLISH packets are sent again in the order in which they were sent first', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    deliveries.start(sent('a', 9, 2))
    deliveries.start(sent('b', 3, 1))
    deliveries.start(sent('c', 5, 2))
    deliveries.puback(3)
    deliveries.start(sent('d', 3, 1))

    deliveries.resume(10)

    expect(resendsOf(deliveries)).toEqual(['9 awaiting-pubrec', '5 awaiting-pubrec', '3 awaiting-puback'])
  })

  test('[MQTT-4.6.0-1] no new message is sent before all have been sent again', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    deliveries.start(sent('a', 1, 1))
    deliveries.start(sent('b', 2, 1))

    deliveries.resume(10)
    const before = { hasQuota: deliveries.hasQuota, hasResends: deliveries.hasResends }
    deliveries.nextResend()
    const between = { hasQuota: deliveries.hasQuota, hasResends: deliveries.hasResends }
    deliveries.nextResend()
    const after = { hasQuota: deliveries.hasQuota, hasResends: deliveries.hasResends }

    expect(before).toEqual({ hasQuota: false, hasResends: true })
    expect(between).toEqual({ hasQuota: false, hasResends: true })
    expect(after).toEqual({ hasQuota: true, hasResends: false })
  })

  test('[MQTT-4.9.0-2] a Receive Maximum that has become smaller holds PUBLISH packets back until an acknowledgement', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(3)
    deliveries.start(sent('a', 1, 1))
    deliveries.start(sent('b', 2, 1))
    deliveries.start(sent('c', 3, 2))

    deliveries.resume(1)
    const atOnce = resendsOf(deliveries)
    deliveries.puback(1)
    const afterPuback = resendsOf(deliveries)

    expect(atOnce).toEqual(['1 awaiting-puback'])
    expect(afterPuback).toEqual(['2 awaiting-puback'])
    expect(deliveries.hasQuota).toBe(false)
  })

  test('[MQTT-3.3.4-8] [MQTT-3.3.4-10] PUBREL does not wait for quota, nor behind a PUBLISH that does', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(4)
    deliveries.start(sent('a', 1, 1))
    deliveries.start(sent('b', 2, 1))
    deliveries.start(sent('c', 3, 2))
    deliveries.start(sent('d', 4, 2))
    deliveries.pubrec(3, Success)
    deliveries.pubrec(4, Success)

    deliveries.resume(1)

    expect(resendsOf(deliveries)).toEqual(['3 awaiting-pubcomp', '4 awaiting-pubcomp', '1 awaiting-puback'])
  })

  test('a PUBREL that is sent again uses no quota, and its PUBCOMP adds none', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(2)
    deliveries.start(sent('a', 1, 2))
    deliveries.pubrec(1, Success)

    deliveries.resume(1)
    resendsOf(deliveries)
    deliveries.start(sent('b', 2, 1))
    deliveries.pubcomp(1)

    expect(deliveries.hasQuota).toBe(false)
    expect(phasesOf(deliveries)).toEqual(['2 awaiting-puback'])
  })

  test('a larger Receive Maximum is used at once', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(1)
    deliveries.start(sent('a', 1, 1))

    deliveries.resume(2)
    resendsOf(deliveries)

    expect(deliveries.hasQuota).toBe(true)
  })

  test('an acknowledgement that comes before its PUBLISH is sent again makes that unnecessary', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(3)
    deliveries.start(sent('a', 1, 1))
    deliveries.start(sent('b', 2, 1))
    deliveries.start(sent('c', 3, 2))

    deliveries.resume(1)
    deliveries.nextResend()
    deliveries.puback(2)
    deliveries.pubrec(3, QuotaExceeded)
    deliveries.puback(1)

    expect(resendsOf(deliveries)).toEqual([])
    expect(deliveries.hasQuota).toBe(true)
    expect(deliveries.size).toBe(0)
  })

  test('[MQTT-4.3.3-6] a PUBREC that comes before its PUBLISH is sent again calls for PUBREL once and no PUBLISH', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(2)
    deliveries.start(sent('a', 1, 1))
    deliveries.start(sent('b', 2, 2))

    deliveries.resume(1)
    deliveries.nextResend()
    const afterPubrec = deliveries.pubrec(2, Success)
    deliveries.puback(1)

    expect(afterPubrec).toBe('release')
    expect(resendsOf(deliveries)).toEqual([])
    expect(phasesOf(deliveries)).toEqual(['2 awaiting-pubcomp'])
  })

  test('a connection that is lost while sending again begins anew on the next', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(3)
    deliveries.start(sent('a', 1, 1))
    deliveries.start(sent('b', 2, 1))
    deliveries.start(sent('c', 3, 1))
    deliveries.resume(3)
    deliveries.nextResend()
    deliveries.puback(1)

    deliveries.resume(3)

    expect(resendsOf(deliveries)).toEqual(['2 awaiting-puback', '3 awaiting-puback'])
  })

  test('nothing is sent again without a new Network Connection', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(3)
    deliveries.start(sent('a', 1, 1))

    expect(deliveries.nextResend()).toBeUndefined()
  })
})

describe('abandoning', () => {
  test('[MQTT-3.1.2-25] what cannot be sent again is over, and its quota and Packet Identifier are free', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(1)
    deliveries.start(sent('a', 7, 1))
    deliveries.resume(1)
    deliveries.nextResend()

    const finished = deliveries.abandon(7)

    expect(finished?.content).toBe('a')
    expect(deliveries.size).toBe(0)
    expect(deliveries.hasQuota).toBe(true)
  })

  test('what is not under way cannot be abandoned', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(1)
    deliveries.start(sent('a', 7, 1))

    expect(deliveries.abandon(8)).toBeUndefined()
    expect(deliveries.size).toBe(1)
  })
})

describe('restoring', () => {
  test('what an earlier run had begun is sent again in the order given, with its content', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    deliveries.restore(sent('a', 4, 2), true)
    deliveries.restore(sent('b', 2, 2), false)
    deliveries.restore(sent('c', 3, 1), false)

    deliveries.resume(10)

    const resends: (SentMessage<string> | undefined)[] = [
      deliveries.nextResend(),
      deliveries.nextResend(),
      deliveries.nextResend(),
    ]
    expect(resends).toMatchObject([
      { content: 'a', packetId: 4, qos: 2, phase: 'awaiting-pubcomp' },
      { content: 'b', packetId: 2, qos: 2, phase: 'awaiting-pubrec' },
      { content: 'c', packetId: 3, qos: 1, phase: 'awaiting-puback' },
    ])
    expect(deliveries.nextResend()).toBeUndefined()
  })

  test('what is restored uses no quota until it is sent', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(1)

    deliveries.restore(sent('a', 1, 1), false)

    expect(deliveries.hasQuota).toBe(true)
    expect(deliveries.size).toBe(1)
  })

  test('what is restored and never sent gives no quota back', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(1)
    deliveries.restore(sent('a', 1, 1), false)

    deliveries.puback(1)
    deliveries.start(sent('b', 2, 1))

    expect(deliveries.hasQuota).toBe(false)
  })

  test('only a QoS 2 delivery can have been released', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(1)

    expect(() => deliveries.restore(sent('a', 1, 1), true)).toThrow(new RangeError('a QoS 1 delivery has no PUBREC'))
  })
})
