import { ProtocolError, ReasonCode } from '@curlew/codec'
import { type DeliveryPhase, OutgoingDeliveries } from '@curlew/protocol'
import { describe, expect, test } from 'vitest'
import { type SentMessage, sent } from '../sent-message.ts'

const { Success, NoMatchingSubscribers, UnspecifiedError, QuotaExceeded } = ReasonCode

function phasesOf(deliveries: OutgoingDeliveries<SentMessage<string>>): string[] {
  return [...deliveries.unfinished()].map(({ packetId, phase }) => `${packetId} ${phase}`)
}

/** One delivery for each phase, its identifier 1, 2 and 3, and no quota left. */
function oneInEachPhase(): OutgoingDeliveries<SentMessage<string>> {
  const deliveries = new OutgoingDeliveries<SentMessage<string>>(3)
  deliveries.start(sent('a', 1, 1))
  deliveries.start(sent('b', 2, 2))
  deliveries.start(sent('c', 3, 2))
  deliveries.pubrec(3, Success)
  return deliveries
}

describe('QoS 1', () => {
  test('[MQTT-4.3.2-3] a delivery is unacknowledged until its PUBACK', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)

    const delivery = sent('a', 7, 1)
    deliveries.start(delivery)

    expect(delivery).toMatchObject({ content: 'a', packetId: 7, qos: 1, phase: 'awaiting-puback' })
    expect(deliveries.size).toBe(1)
    expect(deliveries.isInUse(7)).toBe(true)
    expect(deliveries.get(7)?.content).toBe('a')
  })

  test('PUBACK finishes the delivery, gives its content back and frees its Packet Identifier', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    const delivery = sent('a', 7, 1)
    deliveries.start(delivery)

    const finished = deliveries.puback(7)

    expect(finished?.content).toBe('a')
    expect(delivery.phase).toBe('finished')
    expect(deliveries.size).toBe(0)
    expect(deliveries.isInUse(7)).toBe(false)
    expect(deliveries.get(7)).toBeUndefined()
  })
})

describe('QoS 2', () => {
  test('PUBREC, then PUBCOMP, finish the delivery', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    const delivery = sent('a', 7, 2)
    deliveries.start(delivery)
    const phases: DeliveryPhase[] = [delivery.phase]

    const afterPubrec = deliveries.pubrec(7, Success)
    phases.push(delivery.phase)
    const finished = deliveries.pubcomp(7)
    phases.push(delivery.phase)

    expect(afterPubrec).toBe('release')
    expect(finished?.content).toBe('a')
    expect(phases).toEqual(['awaiting-pubrec', 'awaiting-pubcomp', 'finished'])
    expect(deliveries.size).toBe(0)
  })

  test('[MQTT-4.3.3-5] the Packet Identifier is in use until PUBCOMP', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    deliveries.start(sent('a', 7, 2))

    deliveries.pubrec(7, Success)

    expect(deliveries.isInUse(7)).toBe(true)
    expect(deliveries.get(7)?.content).toBe('a')
  })

  test('[MQTT-4.3.3-4] every PUBREC with a code below 0x80 calls for PUBREL', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    deliveries.start(sent('a', 1, 2))
    deliveries.start(sent('b', 2, 2))

    expect(deliveries.pubrec(1, Success)).toBe('release')
    expect(deliveries.pubrec(1, Success)).toBe('release')
    expect(deliveries.pubrec(2, NoMatchingSubscribers)).toBe('release')
  })

  test('[MQTT-4.4.0-2] PUBREC with a code from 0x80 on finishes the delivery', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    const delivery = sent('a', 7, 2)
    deliveries.start(delivery)

    const afterPubrec = deliveries.pubrec(7, UnspecifiedError)
    deliveries.resume(10)

    expect(afterPubrec).toBe('finished')
    expect(delivery.phase).toBe('finished')
    expect(deliveries.size).toBe(0)
    expect(deliveries.nextResend()).toBeUndefined()
  })

  test('PUBREC with a failure after PUBREC with success does not end the exchange: the receiver may still know the identifier', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    deliveries.start(sent('a', 7, 2))
    deliveries.pubrec(7, Success)

    const afterPubrec = deliveries.pubrec(7, QuotaExceeded)

    expect(afterPubrec).toBe('release')
    expect(phasesOf(deliveries)).toEqual(['7 awaiting-pubcomp'])
  })

  test.each([Success, QuotaExceeded])(
    'PUBREC with code %d that nobody waits for is reported as unknown',
    reasonCode => {
      const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
      deliveries.start(sent('a', 1, 2))

      expect(deliveries.pubrec(2, reasonCode)).toBe('unknown')
      expect(phasesOf(deliveries)).toEqual(['1 awaiting-pubrec'])
    },
  )
})

describe('Packet Identifiers', () => {
  test('[MQTT-2.2.1-3] [MQTT-2.2.1-4] one in use cannot be given to another message', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(10)
    deliveries.start(sent('a', 7, 2))
    deliveries.pubrec(7, Success)

    expect(() => deliveries.start(sent('b', 7, 1))).toThrow(new RangeError('Packet Identifier 7 is in use'))
    expect(() => deliveries.restore(sent('b', 7, 1), false)).toThrow(new RangeError('Packet Identifier 7 is in use'))
    expect(phasesOf(deliveries)).toEqual(['7 awaiting-pubcomp'])
  })
})

describe('send quota', () => {
  test('[MQTT-4.9.0-2] each PUBLISH uses quota, and at zero no more may be sent', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(2)
    deliveries.start(sent('a', 1, 1))
    const hasQuotaAfterOne = deliveries.hasQuota
    deliveries.start(sent('b', 2, 2))

    expect(hasQuotaAfterOne).toBe(true)
    expect(deliveries.hasQuota).toBe(false)
    expect(() => deliveries.start(sent('c', 3, 1))).toThrow(new RangeError('send quota is used up'))
    expect(deliveries.size).toBe(2)
  })

  const regained: [
    acknowledgement: string,
    receive: (deliveries: OutgoingDeliveries<SentMessage<string>>) => unknown,
  ][] = [
    ['PUBACK', deliveries => deliveries.puback(1)],
    ['PUBREC with a failure', deliveries => deliveries.pubrec(2, QuotaExceeded)],
    ['PUBCOMP', deliveries => deliveries.pubrec(2, Success) && deliveries.pubcomp(2)],
  ]
  test.each(regained)('%s gives quota back', (_, receive) => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(2)
    deliveries.start(sent('a', 1, 1))
    deliveries.start(sent('b', 2, 2))

    receive(deliveries)

    expect(deliveries.hasQuota).toBe(true)
    deliveries.start(sent('c', 3, 1))
    expect(deliveries.hasQuota).toBe(false)
  })

  const strays: [stray: string, receive: (deliveries: OutgoingDeliveries<SentMessage<string>>) => unknown][] = [
    ['PUBACK for an unknown identifier', deliveries => deliveries.puback(9)],
    ['PUBREC for an unknown identifier', deliveries => deliveries.pubrec(9, Success)],
    ['PUBREC with a failure for an unknown identifier', deliveries => deliveries.pubrec(9, QuotaExceeded)],
    ['a second PUBREC', deliveries => deliveries.pubrec(3, Success)],
    ['a second PUBREC, with a failure', deliveries => deliveries.pubrec(3, QuotaExceeded)],
    ['PUBCOMP for an unknown identifier', deliveries => deliveries.pubcomp(9)],
  ]
  test.each(strays)('%s changes nothing', (_, receive) => {
    const deliveries = oneInEachPhase()

    receive(deliveries)

    expect(deliveries.hasQuota).toBe(false)
    expect(phasesOf(deliveries)).toEqual(['1 awaiting-puback', '2 awaiting-pubrec', '3 awaiting-pubcomp'])
  })

  const mistakes: [
    mistake: string,
    receive: (deliveries: OutgoingDeliveries<SentMessage<string>>) => unknown,
    message: string,
  ][] = [
    [
      'PUBACK for a QoS 2 delivery',
      deliveries => deliveries.puback(2),
      'PUBACK for Packet Identifier 2, which is awaiting-pubrec',
    ],
    [
      'PUBACK instead of PUBCOMP',
      deliveries => deliveries.puback(3),
      'PUBACK for Packet Identifier 3, which is awaiting-pubcomp',
    ],
    [
      'PUBREC for a QoS 1 delivery',
      deliveries => deliveries.pubrec(1, Success),
      'PUBREC for Packet Identifier 1, which is awaiting-puback',
    ],
    [
      'PUBREC with a failure for a QoS 1 delivery',
      deliveries => deliveries.pubrec(1, QuotaExceeded),
      'PUBREC for Packet Identifier 1, which is awaiting-puback',
    ],
    [
      'PUBCOMP for a QoS 1 delivery',
      deliveries => deliveries.pubcomp(1),
      'PUBCOMP for Packet Identifier 1, which is awaiting-puback',
    ],
    [
      'PUBCOMP before PUBREC',
      deliveries => deliveries.pubcomp(2),
      'PUBCOMP for Packet Identifier 2, which is awaiting-pubrec',
    ],
  ]
  test.each(mistakes)('%s is a Protocol Error and changes nothing', (_, receive, message) => {
    const deliveries = oneInEachPhase()

    expect(() => receive(deliveries)).toThrow(new ProtocolError(message))

    expect(deliveries.hasQuota).toBe(false)
    expect(phasesOf(deliveries)).toEqual(['1 awaiting-puback', '2 awaiting-pubrec', '3 awaiting-pubcomp'])
  })

  test.each(['puback', 'pubcomp'] as const)('a stray %s gives nothing back', acknowledgement => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(3)

    expect(deliveries[acknowledgement](1)).toBeUndefined()
  })

  test('acknowledgements that come twice give quota back once', () => {
    const deliveries = new OutgoingDeliveries<SentMessage<string>>(1)
    deliveries.start(sent('a', 1, 1))

    deliveries.puback(1)
    deliveries.puback(1)
    deliveries.start(sent('b', 2, 1))

    expect(deliveries.hasQuota).toBe(false)
  })
})
