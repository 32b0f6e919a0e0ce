import { PacketType, type RetainHandling } from '@curlew/codec'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  disconnectPacket,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
  willOf,
} from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { VirtualRuntime } from '../../packages/broker/test/support/virtual-runtime.ts'
import { lose, publisherOf, subscriberOf } from './support/publishing.ts'
import { type Client, serverFor } from './support/rules.ts'

const retained = (topic: string, payload: string, fields: object = {}) =>
  publishPacket(topic, payload, { retain: true, ...fields })

describe.each(versions)('in %s', ({ version }) => {
  const server = serverFor()
  let publisher: Client
  beforeEach(async () => {
    publisher = await publisherOf(server, version)
  })

  test('[MQTT-3.3.1-5] [MQTT3-3.3.1-5] [MQTT3-3.3.1-8] a message with RETAIN is kept, with its QoS, for later subscribers', async () => {
    publisher.send(
      retained('keep/0', '0'),
      retained('keep/1', '1', { qos: 1, packetId: 1 }),
      retained('keep/2', '2', { qos: 2, packetId: 2 }),
    )
    await publisher.upToNow()

    const subscriber = await subscriberOf(server, { protocolVersion: version }, [
      { filter: 'keep/0', qos: 2 },
      { filter: 'keep/1', qos: 2 },
      { filter: 'keep/2', qos: 2 },
    ])

    expect(await subscriber.upToNow()).toEqual([
      "PUBLISH keep/0 '0' retain",
      "PUBLISH keep/1 '1' qos 1 id 1 retain",
      "PUBLISH keep/2 '2' qos 2 id 2 retain",
    ])
  })

  test.each([0, 1, 2] as const)(
    '[MQTT-3.3.1-5] [MQTT3-3.3.1-6] [MQTT3-3.3.1-7] a newer message at QoS %i replaces an older one',
    async qos => {
      publisher.send(retained(`replace/${qos}`, 'old', { qos: 2, packetId: 1 }))
      publisher.send(retained(`replace/${qos}`, 'new', { qos, packetId: 2 }))
      await publisher.upToNow()

      const subscriber = await subscriberOf(server, { protocolVersion: version }, [`replace/${qos}`])

      expect(await subscriber.upToNow()).toEqual([`PUBLISH replace/${qos} 'new' retain`])
    },
  )

  test('[MQTT-3.3.1-9] [MQTT3-3.3.1-6] a new Subscription gets the last message of each topic that matches', async () => {
    publisher.send(retained('many/a', '1'), retained('many/b', '2'), retained('many/b/c', '3'), retained('few', '4'))
    await publisher.upToNow()

    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['many/+'])

    expect((await subscriber.upToNow()).sort()).toEqual(["PUBLISH many/a '1' retain", "PUBLISH many/b '2' retain"])
  })

  test('[MQTT-3.3.1-9] [MQTT3-3.3.1-6] retained messages come at most at the granted QoS', async () => {
    publisher.send(retained('lower', 'x', { qos: 2, packetId: 1 }))
    await publisher.upToNow()

    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'lower', qos: 1 }])

    expect(await subscriber.upToNow()).toEqual(["PUBLISH lower 'x' qos 1 id 1 retain"])
  })

  test('[MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT3-3.3.1-10] [MQTT3-3.3.1-11] an empty payload is delivered, clears the topic and is not kept', async () => {
    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['clear'])
    publisher.send(retained('clear', 'x'))

    publisher.send(retained('clear', '', { qos: 1, packetId: 1 }))

    expect(await subscriber.take(2)).toEqual(["PUBLISH clear 'x'", "PUBLISH clear ''"])
    subscriber.send(unsubscribePacket(2, ['clear']), subscribePacket(3, ['clear']))
    expect(await subscriber.upToNow()).toEqual([expect.stringContaining('UNSUBACK 2'), 'SUBACK 3 00'])
  })

  test('[MQTT-3.3.1-7] [MQTT3-3.3.1-11] an empty payload on a topic that has nothing retained leaves nothing', async () => {
    publisher.send(retained('never', ''))
    await publisher.upToNow()

    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['never'])

    expect(await subscriber.upToNow()).toEqual([])
  })

  test.each(['other', ''])(
    "[MQTT-3.3.1-8] [MQTT3-3.3.1-12] payload '%s' with RETAIN 0 neither replaces nor removes what is retained",
    async payload => {
      publisher.send(retained('alone', 'kept'), publishPacket('alone', payload), publishPacket('unkept', payload))
      await publisher.upToNow()

      const subscriber = await subscriberOf(server, { protocolVersion: version }, ['alone', 'unkept'])

      expect(await subscriber.upToNow()).toEqual(["PUBLISH alone 'kept' retain"])
    },
  )

  test('[MQTT-3.3.1-9] [MQTT3-3.3.1-6] subscribing again sends what is retained again', async () => {
    publisher.send(retained('again', 'x'))
    await publisher.upToNow()
    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['again'])
    await subscriber.next()

    subscriber.send(subscribePacket(2, ['again']))

    expect(await subscriber.upToNow()).toEqual(['SUBACK 2 00', "PUBLISH again 'x' retain"])
  })

  test('[MQTT-3.3.1-9] [MQTT3-3.3.1-6] resuming a Session is no new Subscription: nothing retained is sent', async () => {
    const fields = persistent(version, 'resuming')
    const subscriber = await subscriberOf(server, fields, ['resume'])
    publisher.send(retained('resume', 'x'))
    await subscriber.next()
    subscriber.drop()

    const back = server.dial(fields)

    expect(await back.next()).toBe('CONNACK 00 session-present')
    expect(await back.upToNow()).toEqual([])
  })

  test('[MQTT-3.3.1-5] [MQTT3-3.3.1-5] a retained message outlives the Session of its publisher', async () => {
    publisher.send(retained('orphan', 'x'), disconnectPacket())
    await publisher.closing()

    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['orphan'])

    expect(await subscriber.upToNow()).toEqual(["PUBLISH orphan 'x' retain"])
  })

  test('[MQTT-3.3.1-5] [MQTT3-3.3.1-5] a retained Will is delivered, queued for who is away, and kept for who comes later', async () => {
    const away = await subscriberOf(server, persistent(version, 'away'), [{ filter: 'will', qos: 1 }])
    await lose(away)
    const live = await subscriberOf(server, { protocolVersion: version, clientId: 'live' }, ['will'])
    const will = willOf('will', 'gone', { qos: 1, retain: true })
    const mortal = await server.connect({ protocolVersion: version, clientId: 'mortal', will })

    mortal.drop()

    expect(await live.next()).toBe("PUBLISH will 'gone'")
    const back = server.dial(persistent(version, 'away'))
    expect(await back.take(2)).toEqual(['CONNACK 00 session-present', "PUBLISH will 'gone' qos 1 id 1"])
    const late = await subscriberOf(server, { protocolVersion: version, clientId: 'late' }, ['will'])
    expect(await late.next()).toBe("PUBLISH will 'gone' retain")
  })

  test('[MQTT-3.3.1-6] [MQTT3-3.3.1-10] a retained Will with an empty payload clears its topic', async () => {
    const live = await subscriberOf(server, { protocolVersion: version, clientId: 'live' }, ['presence'])
    publisher.send(retained('presence', 'here'))
    await live.next()
    const will = willOf('presence', '', { retain: true })
    const mortal = await server.connect({ protocolVersion: version, clientId: 'mortal', will })

    mortal.drop()

    expect(await live.next()).toBe("PUBLISH presence ''")
    const late = await subscriberOf(server, { protocolVersion: version, clientId: 'late' }, ['presence'])
    expect(await late.upToNow()).toEqual([])
  })
})

describe('in 5.0', () => {
  const runtime = new VirtualRuntime({ turns: 'real' })
  const server = serverFor({ runtime })

  const handlings: [rule: string, handling: RetainHandling, first: string[], again: string[]][] = [
    [
      '[MQTT-3.3.1-9] always sends what is retained',
      0,
      ["PUBLISH handling/0 'x' retain"],
      ["PUBLISH handling/0 'x' retain"],
    ],
    ['[MQTT-3.3.1-10] sends it to a new Subscription', 1, ["PUBLISH handling/1 'x' retain"], []],
    ['[MQTT-3.3.1-11] never sends it', 2, [], []],
  ]
  test.each(handlings)('%s: Retain Handling %i', async (_, retainHandling, first, again) => {
    const filter = `handling/${retainHandling}`
    const publisher = await publisherOf(server)
    publisher.send(retained(filter, 'x'))
    await publisher.upToNow()

    const subscriber = await subscriberOf(server, {}, [{ filter, retainHandling }])

    expect(await subscriber.upToNow()).toEqual(first)
    subscriber.send(subscribePacket(2, [{ filter, retainHandling, qos: 1 }]))
    expect(await subscriber.upToNow()).toEqual(['SUBACK 2 01', ...again])
    subscriber.send(unsubscribePacket(3, [filter]), subscribePacket(4, [{ filter, retainHandling }]))
    expect(await subscriber.upToNow()).toEqual(['UNSUBACK 3 00', 'SUBACK 4 00', ...first])
  })

  test('[MQTT-3.3.1-10] Retain Handling 1: a Subscription that the resumed Session has did already exist', async () => {
    const fields = persistent(5, 'handling')
    const publisher = await publisherOf(server)
    publisher.send(retained('handling/resumed', 'x'))
    await publisher.upToNow()
    const request = { filter: 'handling/resumed', retainHandling: 1 } as const
    const subscriber = await subscriberOf(server, fields, [request])
    await subscriber.next()
    subscriber.drop()

    const back = server.dial(fields)
    back.send(subscribePacket(2, [request]))

    expect(await back.upToNow()).toEqual(['CONNACK 00 session-present', 'SUBACK 2 00'])
  })

  test('[MQTT-3.3.2-6] a retained message is sent with what is left of its Message Expiry Interval', async () => {
    const publisher = await publisherOf(server)
    publisher.send(retained('expiry/left', 'x', { properties: { messageExpiryInterval: 100 } }))
    await publisher.upToNow()

    await runtime.advance(40_000)
    const subscriber = await subscriberOf(server, {}, ['expiry/left'])

    expect(await subscriber.next()).toBe('PUBLISH expiry/left \'x\' retain {"messageExpiryInterval":60}')
  })

  test('[MQTT-3.3.2-5] a retained message that has expired is sent to nobody, and is gone', async () => {
    const publisher = await publisherOf(server)
    publisher.send(
      retained('expiry/over', 'x', { properties: { messageExpiryInterval: 10 } }),
      retained('expiry/stays', 'x', { properties: { messageExpiryInterval: 11 } }),
    )
    await publisher.upToNow()

    await runtime.advance(10_000)
    const subscriber = await subscriberOf(server, {}, ['expiry/over', 'expiry/stays'])

    expect(await subscriber.upToNow()).toEqual(['PUBLISH expiry/stays \'x\' retain {"messageExpiryInterval":1}'])
  })

  test('[MQTT-3.3.2-5] [MQTT-3.3.2-6] a retained Will expires counted from its publication', async () => {
    const will = willOf('expiry/will', 'x', {
      retain: true,
      properties: { willDelayInterval: 5, messageExpiryInterval: 10 },
    })
    const mortal = await server.connect({ clientId: 'mortal', will, properties: { sessionExpiryInterval: 60 } })
    await lose(mortal)
    await runtime.advance(9_000)

    const early = await subscriberOf(server, { clientId: 'early' }, ['expiry/will'])
    expect(await early.upToNow()).toEqual([expect.stringMatching(/retain \{"messageExpiryInterval":[56]\}$/)])
    await runtime.advance(7_000)

    const late = await subscriberOf(server, { clientId: 'late' }, ['expiry/will'])
    expect(await late.upToNow()).toEqual([])
  })

  test('[MQTT-3.3.2-18] a retained message keeps all its properties', async () => {
    const properties = {
      payloadFormatIndicator: 1,
      responseTopic: 'answers',
      correlationData: Uint8Array.of(1, 2),
      userProperties: [
        ['b', '1'],
        ['a', '2'],
        ['b', '1'],
      ],
      contentType: 'text/plain',
    } as const
    const publisher = await publisherOf(server)
    publisher.send(retained('properties', 'x', { properties }))
    await publisher.upToNow()

    const subscriber = await subscriberOf(server, {}, ['properties'], 7)

    const { properties: got } = await subscriber.receiveA(PacketType.Publish)
    expect(got).toMatchObject({ ...properties, subscriptionIdentifiers: [7] })
  })
})
