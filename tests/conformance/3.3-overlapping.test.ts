import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket, type Request, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { lose, publisherOf, subscriberOf } from './support/publishing.ts'
import { type Client, serverFor } from './support/rules.ts'

/** Subscribes to each filter with the Subscription Identifier behind it. */
async function subscribeEach(client: Client, requests: readonly [request: Request, identifier?: number][]) {
  client.send(...requests.map(([request, identifier], index) => subscribePacket(index + 1, [request], identifier)))
  await client.take(requests.length)
}

const overlapping: [published: 0 | 1 | 2, granted: (0 | 1 | 2)[], text: string][] = [
  [2, [0, 1, 2], ' qos 2 id 1'],
  [2, [2, 1, 0], ' qos 2 id 1'],
  [2, [1, 0, 1], ' qos 1 id 1'],
  [1, [0, 2, 0], ' qos 1 id 1'],
  [0, [2, 2, 2], ''],
]

describe.each(versions)('merged, in %s', ({ version }) => {
  const server = serverFor()

  test.each(overlapping)(
    '[MQTT-3.3.4-2] [MQTT3-3.3.5-1] a QoS %i message for Subscriptions with QoS %j comes once, at the highest they allow',
    async (qos, [first, second, third], text) => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, [
        { filter: 'o/x', qos: first! },
        { filter: 'o/+', qos: second! },
        { filter: 'o/#', qos: third! },
      ])

      publisher.send(publishPacket('o/x', 'x', { qos, packetId: 1 }))
      await publisher.upToNow()

      expect(await subscriber.upToNow()).toEqual([`PUBLISH o/x 'x'${text}`])
    },
  )

  test('[MQTT-3.3.4-2] [MQTT3-3.3.5-1] a Client that is away finds the highest QoS, too', async () => {
    const fields = persistent(version, 'away')
    const publisher = await publisherOf(server, version)
    const away = await subscriberOf(server, fields, ['o/y', { filter: 'o/+', qos: 2 }, { filter: '#', qos: 1 }])
    await lose(away)

    publisher.send(publishPacket('o/y', 'x', { qos: 2, packetId: 1 }))
    await publisher.upToNow()

    expect(await server.dial(fields).upToNow()).toEqual(['CONNACK 00 session-present', "PUBLISH o/y 'x' qos 2 id 1"])
  })

  test('[MQTT-3.3.4-2] [MQTT3-3.3.5-1] without the Subscription of the highest QoS the next one decides', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [
      { filter: 'o/z', qos: 2 },
      { filter: 'o/#', qos: 1 },
    ])
    publisher.send(publishPacket('o/z', '1', { qos: 2, packetId: 1 }))
    await subscriber.next()

    subscriber.send(subscribePacket(2, [{ filter: 'o/z', qos: 0 }]))
    await subscriber.next()
    publisher.send(publishPacket('o/z', '2', { qos: 2, packetId: 2 }))

    expect(await subscriber.next()).toBe("PUBLISH o/z '2' qos 1 id 2")
  })
})

describe('merged, Subscription Identifiers', () => {
  const server = serverFor()

  test('[MQTT-3.3.4-3] [MQTT-3.3.4-4] one copy has the identifiers of all Subscriptions that match and have one', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await server.connect()
    await subscribeEach(subscriber, [['i/x', 1], ['i/+', 268_435_455], ['i/#'], ['#', 128], ['other', 4]])

    publisher.send(publishPacket('i/x', 'x'))

    const { properties } = await subscriber.receiveA(PacketType.Publish)
    expect(properties.subscriptionIdentifiers?.toSorted((one, other) => one - other)).toEqual([1, 128, 268_435_455])
    expect(await subscriber.upToNow()).toEqual([])
  })

  test('[MQTT-3.3.4-3] identifiers of one Client are not sent to another', async () => {
    const publisher = await publisherOf(server)
    const one = await subscriberOf(server, { clientId: 'one' }, ['i/1'], 1)
    const two = await subscriberOf(server, { clientId: 'two' }, ['i/+'], 2)
    const three = await subscriberOf(server, { clientId: 'three' }, ['i/#'])

    publisher.send(publishPacket('i/1', 'x'))

    expect(await one.next()).toBe('PUBLISH i/1 \'x\' {"subscriptionIdentifiers":[1]}')
    expect(await two.next()).toBe('PUBLISH i/1 \'x\' {"subscriptionIdentifiers":[2]}')
    expect(await three.next()).toBe("PUBLISH i/1 'x'")
  })

  test('[MQTT-3.3.4-3] the same identifier may stand for several Subscriptions', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['i/same', 'i/+'], 5)

    publisher.send(publishPacket('i/same', 'x'))

    const { properties } = await subscriber.receiveA(PacketType.Publish)
    expect(new Set(properties.subscriptionIdentifiers)).toEqual(new Set([5]))
  })

  test('[MQTT-3.3.4-3] subscribing again replaces the identifier, and without one takes it away', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['i/again'], 1)

    subscriber.send(subscribePacket(2, ['i/again'], 2))
    await subscriber.next()
    publisher.send(publishPacket('i/again', 'x'))

    expect(await subscriber.next()).toBe('PUBLISH i/again \'x\' {"subscriptionIdentifiers":[2]}')
    subscriber.send(subscribePacket(3, ['i/again']))
    await subscriber.next()
    publisher.send(publishPacket('i/again', 'y'))
    expect(await subscriber.next()).toBe("PUBLISH i/again 'y'")
  })

  test('[MQTT-3.3.4-4] identifiers belong to the Session: queued and re-sent messages have them', async () => {
    const fields = persistent(5, 'away')
    const publisher = await publisherOf(server)
    const away = await subscriberOf(server, fields, [{ filter: 'i/away', qos: 1 }], 9)
    publisher.send(publishPacket('i/away', '1', { qos: 1, packetId: 1 }))
    await away.next()
    await lose(away)
    publisher.send(publishPacket('i/away', '2', { qos: 1, packetId: 2 }))
    await publisher.upToNow()

    expect(await server.dial(fields).upToNow()).toEqual([
      'CONNACK 00 session-present',
      'PUBLISH i/away \'1\' qos 1 id 1 dup {"subscriptionIdentifiers":[9]}',
      'PUBLISH i/away \'2\' qos 1 id 2 {"subscriptionIdentifiers":[9]}',
    ])
  })

  test('[MQTT-3.3.4-3] a retained message has the identifier of the Subscription that called for it', async () => {
    const publisher = await publisherOf(server)
    publisher.send(publishPacket('i/kept', 'x', { retain: true }))
    await publisher.upToNow()

    const subscriber = await subscriberOf(server, {}, ['i/kept'], 3)

    expect(await subscriber.next()).toBe('PUBLISH i/kept \'x\' retain {"subscriptionIdentifiers":[3]}')
  })

  test('[MQTT-3.3.4-6] a Subscription Identifier from a Client ends its connection and reaches nobody', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['a'], 1)

    publisher.send("30 07 0001 'a' 02 0b 01 'x'")

    expect(await publisher.closing()).toEqual(['DISCONNECT 82'])
    expect(await subscriber.upToNow()).toEqual([])
  })

  test('[MQTT-3.3.4-2] of Subscriptions that differ in No Local only the others bring a Client its own messages', async () => {
    const client = await server.connect()
    await subscribeEach(client, [
      [{ filter: 'local/x', noLocal: true, qos: 2 }, 1],
      [{ filter: 'local/+', qos: 1 }, 2],
    ])

    client.send(publishPacket('local/x', 'x', { qos: 2, packetId: 7 }))

    expect((await client.upToNow()).sort()).toEqual([
      'PUBLISH local/x \'x\' qos 1 id 1 {"subscriptionIdentifiers":[2]}',
      'PUBREC 7',
    ])
  })
})

describe("with overlapping: 'each'", () => {
  const server = serverFor({ routing: { overlapping: 'each' } })

  test('[MQTT-3.3.4-5] every Subscription brings its own copy, with its own identifier and QoS', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await server.connect()
    await subscribeEach(subscriber, [[{ filter: 'e/x', qos: 2 }, 1], ['e/+', 2], [{ filter: 'e/#', qos: 1 }]])

    publisher.send(publishPacket('e/x', 'x', { qos: 2, packetId: 1 }))
    await publisher.upToNow()

    const texts = (await subscriber.upToNow()).map(text => text.replace(/ id \d/, '')).sort()
    expect(texts).toEqual([
      "PUBLISH e/x 'x' qos 1",
      'PUBLISH e/x \'x\' qos 2 {"subscriptionIdentifiers":[1]}',
      'PUBLISH e/x \'x\' {"subscriptionIdentifiers":[2]}',
    ])
  })

  test('[MQTT-3.3.4-2] [MQTT3-3.3.5-1] one of the copies has the highest QoS, in 3.1.1 as well', async () => {
    const publisher = await publisherOf(server, 4)
    const subscriber = await subscriberOf(server, { protocolVersion: 4 }, [{ filter: 'e/4', qos: 1 }, 'e/+'])

    publisher.send(publishPacket('e/4', 'x', { qos: 2, packetId: 1 }))
    await publisher.upToNow()

    expect((await subscriber.upToNow()).sort()).toEqual(["PUBLISH e/4 'x'", "PUBLISH e/4 'x' qos 1 id 1"])
  })

  test('[MQTT-3.3.4-5] a Subscription with No Local brings no copy of what the Client has sent', async () => {
    const client = await server.connect()
    await subscribeEach(client, [
      [{ filter: 'e/own', noLocal: true }, 1],
      ['e/+', 2],
    ])

    client.send(publishPacket('e/own', 'x'))

    expect(await client.upToNow()).toEqual(['PUBLISH e/own \'x\' {"subscriptionIdentifiers":[2]}'])
  })
})
