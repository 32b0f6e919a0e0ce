import { PacketType, type QoS } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import {
  puback,
  pubcomp,
  publishPacket,
  pubrec,
  pubrel,
  subscribePacket,
} from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { lose, publisherOf, subscriberOf } from './support/publishing.ts'
import { type Client, serverFor } from './support/rules.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Publishes the numbers from 1 on, one message each. */
function publishNumbers(publisher: Client, topic: string, qos: QoS, count: number): void {
  publisher.send(...numbers(count).map(packetId => publishPacket(topic, `${packetId}`, { qos, packetId })))
}

/** The payloads of so many messages, each of which is acknowledged as it comes. */
async function payloadsOf(client: Client, count: number): Promise<number[]> {
  const payloads: number[] = []
  while (payloads.length < count) {
    const packet = await client.receive()
    if (packet.type === PacketType.Pubrel) client.send(pubcomp(packet.packetId))
    if (packet.type !== PacketType.Publish) continue
    if (packet.qos === 1) client.send(puback(packet.packetId))
    if (packet.qos === 2) client.send(pubrec(packet.packetId))
    payloads.push(Number(Buffer.from(packet.payload).toString()))
  }
  return payloads
}

const payloadIn = (text: string) => /'(.*)'/.exec(text)?.[1]

describe.each(versions)('in %s', ({ version }) => {
  const server = serverFor({ limits: { inFlightMessagesMax: 10 } })

  test.each([0, 1, 2] as const)(
    '[MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT3-4.6.0-5] [MQTT3-4.6.0-6] QoS %i: 80 messages of one Client reach each subscriber in order',
    async qos => {
      const publisher = await publisherOf(server, version)
      const exact = await subscriberOf(server, { protocolVersion: version, clientId: 'exact' }, [
        { filter: 'o/1', qos },
      ])
      const wild = await subscriberOf(server, { protocolVersion: version, clientId: 'wild' }, [{ filter: 'o/#', qos }])

      publishNumbers(publisher, 'o/1', qos, 80)

      expect(await payloadsOf(exact, 80)).toEqual(numbers(80))
      expect(await payloadsOf(wild, 80)).toEqual(numbers(80))
    },
  )

  test('[MQTT-4.6.0-5] [MQTT3-4.6.0-6] messages of several QoS, at one granted QoS, come in the order they were published', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'o/2', qos: 1 }])

    publisher.send(
      ...numbers(40).map(packetId =>
        publishPacket('o/2', `${packetId}`, { qos: packetId % 2 === 0 ? 1 : 2, packetId }),
      ),
    )

    expect(await payloadsOf(subscriber, 40)).toEqual(numbers(40))
  })

  test('[MQTT-4.6.0-5] [MQTT3-4.6.0-6] QoS 1 and 2 messages keep their order among each other while the Client has room', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'o/3', qos: 2 }])

    publisher.send(
      publishPacket('o/3', '1', { qos: 2, packetId: 1 }),
      publishPacket('o/3', '2', { qos: 1, packetId: 2 }),
      publishPacket('o/3', '3'),
      publishPacket('o/3', '4', { qos: 2, packetId: 3 }),
    )

    expect((await subscriber.take(4)).map(payloadIn)).toEqual(['1', '2', '3', '4'])
  })

  test.each([1, 2] as const)(
    '[MQTT-4.6.0-5] [MQTT3-4.6.0-6] [MQTT3-4.6.0-1] QoS %i: across a reconnect, what was sent comes again first, then what waited, then what is new',
    async qos => {
      const fields = persistent(version, `order-${qos}`)
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, fields, [{ filter: 'o/4', qos }])
      publishNumbers(publisher, 'o/4', qos, 13) // three more than may be in flight
      expect((await subscriber.take(10)).map(payloadIn)).toEqual(numbers(10).map(String))
      await lose(subscriber)
      publisher.send(publishPacket('o/4', '14', { qos, packetId: 14 }))
      await publisher.upToNow()

      const back = await server.connect(fields)
      publisher.send(publishPacket('o/4', '15', { qos, packetId: 15 }))

      expect(await payloadsOf(back, 15)).toEqual(numbers(15))
    },
  )

  test('[MQTT-4.6.0-5] [MQTT3-4.6.0-6] acknowledgements in another order than the messages do not mix up what follows', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'o/5', qos: 1 }])
    publishNumbers(publisher, 'o/5', 1, 14)
    await subscriber.take(10)

    subscriber.send(puback(7), puback(2), puback(10), puback(1))

    expect((await subscriber.take(4)).map(payloadIn)).toEqual(['11', '12', '13', '14'])
  })

  test('[MQTT-4.6.0-2] [MQTT3-4.6.0-2] a Client whose PUBACKs are out of order keeps its connection, and each counts', async () => {
    const fields = persistent(version, 'pubacks')
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, fields, [{ filter: 'c/1', qos: 1 }])
    publishNumbers(publisher, 'c/1', 1, 3)
    await subscriber.take(3)

    subscriber.send(puback(3), puback(1))
    expect(await subscriber.upToNow()).toEqual([])
    await lose(subscriber)

    expect(await server.dial(fields).upToNow()).toEqual([
      'CONNACK 00 session-present',
      "PUBLISH c/1 '2' qos 1 id 2 dup",
    ])
  })

  test('[MQTT-4.6.0-3] [MQTT3-4.6.0-3] a Client whose PUBRECs are out of order gets PUBRELs in their order', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'c/2', qos: 2 }])
    publishNumbers(publisher, 'c/2', 2, 3)
    await subscriber.take(3)

    subscriber.send(pubrec(3), pubrec(1), pubrec(2))

    expect(await subscriber.upToNow()).toEqual(['PUBREL 3', 'PUBREL 1', 'PUBREL 2'])
  })

  test('[MQTT-4.6.0-4] [MQTT3-4.6.0-4] a Client whose PUBRELs are out of order gets PUBCOMPs, and messages went out as published', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'c/3', qos: 2 }])
    publishNumbers(publisher, 'c/3', 2, 3)
    await publisher.take(3)

    publisher.send(pubrel(2), pubrel(3), pubrel(1))

    expect(await publisher.upToNow()).toEqual(['PUBCOMP 2', 'PUBCOMP 3', 'PUBCOMP 1'])
    expect((await subscriber.take(3)).map(payloadIn)).toEqual(['1', '2', '3'])
  })

  test('[MQTT-4.6.0-1] [MQTT3-4.6.0-1] messages that a Client re-sends out of order are delivered as they come, none twice', async () => {
    const fields = persistent(version, 'resender')
    const subscriber = await subscriberOf(server, { protocolVersion: version, clientId: 'watcher' }, ['c/4'])
    const client = await server.connect(fields)
    client.send(publishPacket('c/4', '1', { qos: 2, packetId: 1 }))
    await client.next()
    await lose(client)

    const back = server.dial(fields)
    back.send(
      publishPacket('c/4', '2', { qos: 2, packetId: 2, dup: true }),
      publishPacket('c/4', '1', { qos: 2, packetId: 1, dup: true }),
    )

    expect(await back.upToNow()).toEqual(['CONNACK 00 session-present', 'PUBREC 2', 'PUBREC 1'])
    expect((await subscriber.upToNow()).map(payloadIn)).toEqual(['1', '2'])
  })

  test('[MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT3-4.6.0-2] [MQTT3-4.6.0-3] the Server itself answers in the order of the PUBLISHes', async () => {
    const publisher = await publisherOf(server, version)
    await subscriberOf(server, { protocolVersion: version }, ['c/5'])

    publisher.send(
      publishPacket('c/5', '', { qos: 1, packetId: 5 }),
      publishPacket('c/5', '', { qos: 2, packetId: 3 }),
      publishPacket('c/5', '', { qos: 1, packetId: 4 }),
      publishPacket('c/5', '', { qos: 2, packetId: 1 }),
    )

    expect(await publisher.take(4)).toEqual(['PUBACK 5', 'PUBREC 3', 'PUBACK 4', 'PUBREC 1'])
  })

  test('[MQTT-4.6.0-5] [MQTT3-4.6.0-6] a retained message that waits is not sent behind a newer message of its topic', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'filler', qos: 1 }])
    publishNumbers(publisher, 'filler', 1, 12)
    await subscriber.take(10)
    publisher.send(publishPacket('o/6', 'old', { qos: 1, packetId: 20, retain: true }))
    await publisher.upToNow()
    subscriber.send(subscribePacket(2, [{ filter: 'o/6', qos: 1 }]))
    await subscriber.next()

    publisher.send(publishPacket('o/6', 'new', { qos: 1, packetId: 21, retain: true }))
    await publisher.upToNow()
    subscriber.send(...numbers(10).map(packetId => puback(packetId)))

    const payloads = (await subscriber.upToNow()).map(payloadIn)
    expect(payloads.slice(0, 2)).toEqual(['11', '12'])
    expect([['old', 'new'], ['new']]).toContainEqual(payloads.slice(2))
  })

  // The live message is queued while the retained one still waits with its cursor, and so comes first.
  test('[MQTT-4.6.0-5] [MQTT3-4.6.0-6] a retained message that waits is sent before a live one that was published after it', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'filler', qos: 1 }])
    publishNumbers(publisher, 'filler', 1, 12)
    await subscriber.take(10)
    publisher.send(publishPacket('o/8', 'old', { qos: 1, packetId: 20, retain: true }))
    await publisher.upToNow()
    subscriber.send(subscribePacket(2, [{ filter: 'o/8', qos: 1 }]))
    await subscriber.next()

    publisher.send(publishPacket('o/8', 'new', { qos: 1, packetId: 21 }))
    await publisher.upToNow()
    subscriber.send(...numbers(10).map(packetId => puback(packetId)))

    expect((await subscriber.upToNow()).map(payloadIn)).toEqual(['11', '12', 'old', 'new'])
  })

  test('[MQTT-4.6.0-5] [MQTT3-4.6.0-6] queued, retained and live messages of one topic, across a reconnect, in order', async () => {
    const fields = persistent(version, 'mixed')
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, fields, [{ filter: 'o/7', qos: 1 }])
    await lose(subscriber)
    publishNumbers(publisher, 'o/7', 1, 11)
    publisher.send(publishPacket('o/7', '12', { qos: 1, packetId: 12, retain: true }))
    await publisher.upToNow()

    const back = await server.connect(fields)
    publisher.send(publishPacket('o/7', '13', { qos: 1, packetId: 13 }))
    await publisher.upToNow()

    expect(await payloadsOf(back, 13)).toEqual(numbers(13))
    back.send(subscribePacket(2, [{ filter: 'o/7', qos: 1 }]))
    expect(await payloadsOf(back, 1)).toEqual([12]) // as retained, because of the SUBSCRIBE
  })

  test.each([1, 2] as const)(
    '[MQTT-4.5.0-1] [MQTT3-4.5.0-1] a QoS %i message goes into the Session of everybody who has subscribed, away or not',
    async qos => {
      const publisher = await publisherOf(server, version)
      const live = await subscriberOf(server, { protocolVersion: version, clientId: 'live' }, [{ filter: 's/+', qos }])
      const away = await subscriberOf(server, persistent(version, `away-${qos}`), [{ filter: 's/1', qos }])
      const far = await subscriberOf(server, persistent(version, `far-${qos}`), [{ filter: 's/#', qos }])
      const other = await subscriberOf(server, persistent(version, `other-${qos}`), [{ filter: 's/2', qos }])
      for (const client of [away, far, other]) await lose(client)

      publisher.send(publishPacket('s/1', 'x', { qos, packetId: 1 }))
      await publisher.upToNow()

      const text = `PUBLISH s/1 'x' qos ${qos} id 1`
      expect(await live.next()).toBe(text)
      expect((await server.dial(persistent(version, `away-${qos}`)).take(2))[1]).toBe(text)
      expect((await server.dial(persistent(version, `far-${qos}`)).take(2))[1]).toBe(text)
      expect(await server.dial(persistent(version, `other-${qos}`)).upToNow()).toEqual(['CONNACK 00 session-present'])
    },
  )

  test('[MQTT-4.5.0-1] [MQTT3-4.5.0-1] a message is taken on before PUBACK: a publisher that is gone by then loses nothing', async () => {
    const fields = persistent(version, 'sure')
    const publisher = await publisherOf(server, version)
    const away = await subscriberOf(server, fields, [{ filter: 's/3', qos: 1 }])
    await lose(away)

    publisher.send(publishPacket('s/3', 'x', { qos: 1, packetId: 1 }))
    await lose(publisher)

    expect(await server.dial(fields).upToNow()).toEqual(['CONNACK 00 session-present', "PUBLISH s/3 'x' qos 1 id 1"])
  })

  test('[MQTT-4.5.0-2] [MQTT3-4.5.0-2] a Client that never acknowledges keeps its connection and gets QoS 0 and answers', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'mute/#', qos: 1 }])
    publishNumbers(publisher, 'mute/1', 1, 12)
    await subscriber.take(10)

    publisher.send(publishPacket('mute/0', 'x'))

    expect(await subscriber.next()).toBe("PUBLISH mute/0 'x'")
    subscriber.send(subscribePacket(9, ['other']))
    expect(await subscriber.upToNow()).toEqual(['SUBACK 9 00'])
  })
})
