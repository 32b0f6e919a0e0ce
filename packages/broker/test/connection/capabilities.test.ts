import { PacketType, ReasonCode } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../../src/connection/capabilities.ts'
import { connectPacket, publishPacket, subscribePacket, willOf } from '../support/packets.ts'
import type { Sendable } from '../support/raw-client.ts'
import { Stage } from '../support/stage.ts'
import { versions } from '../support/versions.ts'

const stageOf = (capabilities: Partial<Capabilities>) => new Stage({ capabilities })

/** Capabilities that are not the default, and the property of CONNACK that says so. */
const announced: [capability: Partial<Capabilities>, property: string, value: unknown][] = [
  [{ maximumQoS: 0 }, 'maximumQoS', 0],
  [{ maximumQoS: 1 }, 'maximumQoS', 1],
  [{ retainAvailable: false }, 'retainAvailable', false],
  [{ wildcardSubscriptionAvailable: false }, 'wildcardSubscriptionAvailable', false],
  [{ subscriptionIdentifiersAvailable: false }, 'subscriptionIdentifiersAvailable', false],
  [{ sharedSubscriptionAvailable: false }, 'sharedSubscriptionAvailable', false],
]
test.each(announced)('CONNACK of %j says %s', async (capability, property, value) => {
  const client = await stageOf(capability).dial()

  const { properties } = await client.receiveA(PacketType.Connack)

  expect(properties).toHaveProperty(property, value)
})

test.each(announced)('CONNACK says nothing of what has its default, such as %j the other way', async (_, property) => {
  const client = await stageOf({}).dial()

  const { properties } = await client.receiveA(PacketType.Connack)

  expect((properties as Record<string, unknown>)[property]).toBeUndefined()
})

/** What a 5.0 Client was told not to do, and how it ends. */
const forbidden: [capability: Partial<Capabilities>, what: string, packet: Sendable, end: string][] = [
  [{ maximumQoS: 0 }, 'PUBLISH at QoS 1', publishPacket('a', 'x', { qos: 1, packetId: 1 }), 'DISCONNECT 9b'],
  [{ maximumQoS: 1 }, 'PUBLISH at QoS 2', publishPacket('a', 'x', { qos: 2, packetId: 1 }), 'DISCONNECT 9b'],
  [{ retainAvailable: false }, 'PUBLISH with RETAIN', publishPacket('a', 'x', { retain: true }), 'DISCONNECT 9a'],
  [{ wildcardSubscriptionAvailable: false }, 'a wildcard', subscribePacket(1, ['b', 'a/+']), 'DISCONNECT a2'],
  [{ wildcardSubscriptionAvailable: false }, 'a shared wildcard', subscribePacket(1, ['$share/g/#']), 'DISCONNECT a2'],
  [{ sharedSubscriptionAvailable: false }, 'a shared filter', subscribePacket(1, ['b', '$share/g/a']), 'DISCONNECT 9e'],
  [{ subscriptionIdentifiersAvailable: false }, 'an identifier', subscribePacket(1, ['b'], 1), 'DISCONNECT a1'],
]
test.each(forbidden)('%j: %s of a 5.0 Client ends the connection', async (capability, _, packet, end) => {
  const stage = stageOf(capability)
  const client = await stage.connect()

  client.send(packet)

  expect(await client.closing()).toEqual([end])
  expect(stage.broker.stats()).toMatchObject({ subscriptions: 0, retained: 0 })
})

/** 3.1.1 cannot tell its Clients beforehand: SUBACK refuses, and for a PUBLISH there is no answer but the end. */
const refused: [capability: Partial<Capabilities>, what: string, packet: Sendable, answer: string[]][] = [
  [{ maximumQoS: 1 }, 'PUBLISH at QoS 2', publishPacket('a', 'x', { qos: 2, packetId: 1 }), []],
  [{ retainAvailable: false }, 'PUBLISH with RETAIN', publishPacket('a', 'x', { retain: true }), []],
]
test.each(refused)('%j: %s of a 3.1.1 Client ends the connection', async (capability, _, packet, answer) => {
  const stage = stageOf(capability)
  const client = await stage.connect({ protocolVersion: 4 })

  client.send(packet)

  expect(await client.closing()).toEqual(answer)
  expect(stage.broker.stats().retained).toBe(0)
})

test.each([
  [{ wildcardSubscriptionAvailable: false }, ['a', 'b/#', '+']],
  [{ sharedSubscriptionAvailable: false }, ['a', '$share/g/b', '$share/g/#']],
] as const)('%j: SUBACK refuses %j of a 3.1.1 Client where it must', async (capability, filters) => {
  const client = await stageOf(capability).connect({ protocolVersion: 4 })

  client.send(subscribePacket(1, filters))

  expect(await client.upToNow()).toEqual(['SUBACK 1 00 80 80'])
})

describe.each(versions)('in %s', ({ version }) => {
  test.each([0, 1] as const)('[MQTT-3.2.2-10] a Subscription is granted QoS %d at most', async maximumQoS => {
    const client = await stageOf({ maximumQoS }).connect({ protocolVersion: version })

    client.send(subscribePacket(1, [{ filter: 'a' }, { filter: 'b', qos: 1 }, { filter: 'c', qos: 2 }]))

    expect(await client.next()).toBe(`SUBACK 1 00 0${maximumQoS} 0${maximumQoS}`)
  })

  const wills = [
    ['[MQTT-3.2.2-12] a Will QoS', { maximumQoS: 0 }, willOf('a', 'x', { qos: 1 }), 'CONNACK 9b'],
    ['[MQTT-3.2.2-13] a Will Retain', { retainAvailable: false }, willOf('a', 'x', { retain: true }), 'CONNACK 9a'],
  ] as const
  test.each(wills)('%s that is not available is refused', async (_, capability, will, connack) => {
    const stage = stageOf(capability)
    const client = await stage.dial({ protocolVersion: version, will })

    expect(await client.closing()).toEqual(version === 5 ? [connack] : [])
    expect(stage.broker.stats().sessions).toBe(0)
  })

  const references = [
    [ReasonCode.UseAnotherServer, 'CONNACK 9c'],
    [ReasonCode.ServerMoved, 'CONNACK 9d'],
  ] as const
  test.each(references)(
    'with a Server Reference every Client is sent elsewhere with 0x%i',
    async (reasonCode, connack) => {
      const stage = stageOf({ serverReference: { reasonCode, reference: 'b.example:1884' } })
      const client = await stage.dial({ protocolVersion: version })

      expect(await client.closing()).toEqual([version === 5 ? connack : 'CONNACK 03'])
      expect(stage.broker.stats().sessions).toBe(0)
    },
  )
})

test('a Server Reference says where to', async () => {
  const reference = 'b.example:1884 [2001:db8::1]'
  const client = await stageOf({ serverReference: { reasonCode: ReasonCode.ServerMoved, reference } }).dial()

  const { reasonCode, properties } = await client.receiveA(PacketType.Connack)

  expect([reasonCode, properties.serverReference]).toEqual([0x9d, reference])
})

const requests: [requested: boolean | undefined, responseInformation: string | undefined][] = [
  [undefined, undefined],
  [false, undefined],
  [true, 'answers/1'],
]
test.each(requests)('[MQTT-3.1.2-28] Request Response Information %s gets %s', async (requested, expected) => {
  const stage = stageOf({ responseInformation: 'answers/1' })
  const client = await stage.open()

  client.send(connectPacket({ properties: { requestResponseInformation: requested } }))

  const { properties } = await client.receiveA(PacketType.Connack)
  expect(properties.responseInformation).toBe(expected)
})

test('Request Response Information gets nothing from a broker that has none', async () => {
  const client = await stageOf({}).dial({ properties: { requestResponseInformation: true } })

  const { properties } = await client.receiveA(PacketType.Connack)

  expect(properties.responseInformation).toBeUndefined()
})

const payloads: [qos: 1 | 2, payload: string, answer: string][] = [
  [1, 'c3a4', 'PUBACK 1 10'],
  [1, 'ff', 'PUBACK 1 99'],
  [2, 'c3a4', 'PUBREC 1 10'],
  [2, 'ff', 'PUBREC 1 99'],
]
test.each(payloads)(
  'validatesPayloadFormat: a QoS %d payload %s said to be UTF-8 gets %s',
  async (qos, payload, answer) => {
    const client = await stageOf({ validatesPayloadFormat: true }).connect()
    const properties = { payloadFormatIndicator: 1 as const }

    client.send(publishPacket('a', Buffer.from(payload, 'hex'), { qos, packetId: 1, properties }))

    expect(await client.upToNow()).toEqual([answer])
  },
)
