import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import {
  puback,
  pubcomp,
  publishPacket,
  pubrec,
  pubrel,
  subscribePacket,
  unsubscribePacket,
} from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { lose, publisherOf, subscriberOf } from './support/publishing.ts'
import { type Client, type Server, serverFor } from './support/rules.ts'

function publishNumbers(publisher: Client, qos: 1 | 2, first: number, last: number): void {
  for (let number = first; number <= last; number++) {
    publisher.send(publishPacket('flow', `${number}`, { qos, packetId: number }))
  }
}

/** A Client with a Receive Maximum of 2 that has been sent two messages; three more wait. */
async function fullClient(server: Server, qos: 1 | 2) {
  const publisher = await publisherOf(server)
  const client = await subscriberOf(server, { properties: { receiveMaximum: 2 } }, [{ filter: 'flow', qos }])
  publishNumbers(publisher, qos, 1, 5)
  await publisher.take(5)
  await client.take(2)
  return { publisher, client }
}

describe('the Receive Maximum of a Client', () => {
  const server = serverFor({ limits: { inFlightMessagesMax: 20 } })

  const maxima: [asked: number | undefined, sent: number][] = [
    [1, 1],
    [3, 3],
    [19, 19],
    [65_535, 20],
    [undefined, 20],
  ]
  test.each(maxima)(
    '[MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-3.3.4-9] Receive Maximum %s: not one message more, and at least one',
    async (receiveMaximum, sent) => {
      const publisher = await publisherOf(server)
      const client = await subscriberOf(server, { properties: { receiveMaximum } }, [{ filter: 'flow', qos: 2 }])

      publishNumbers(publisher, 2, 1, 25)
      await publisher.take(25)

      expect(await client.upToNow()).toHaveLength(sent)
    },
  )

  test('[MQTT-3.3.4-9] [MQTT-4.9.0-2] PUBACK makes room for one message', async () => {
    const { client } = await fullClient(server, 1)
    expect(await client.upToNow()).toEqual([])

    client.send(puback(2))

    expect(await client.upToNow()).toEqual(["PUBLISH flow '3' qos 1 id 3"])
  })

  test('[MQTT-3.3.4-9] [MQTT-4.9.0-2] PUBACK of 0x80 or above does, too', async () => {
    const { client } = await fullClient(server, 1)

    client.send(puback(1, 0x97), puback(2, 0x80))

    expect(await client.upToNow()).toEqual(["PUBLISH flow '3' qos 1 id 3", "PUBLISH flow '4' qos 1 id 4"])
  })

  test('[MQTT-3.3.4-9] [MQTT-4.9.0-2] PUBREC makes no room, PUBCOMP does', async () => {
    const { client } = await fullClient(server, 2)

    client.send(pubrec(1))
    expect(await client.upToNow()).toEqual(['PUBREL 1'])
    client.send(pubcomp(1))

    expect(await client.upToNow()).toEqual(["PUBLISH flow '3' qos 2 id 3"])
  })

  test('[MQTT-3.3.4-9] [MQTT-4.9.0-2] PUBREC of 0x80 or above makes room at once', async () => {
    const { client } = await fullClient(server, 2)

    client.send(pubrec(1, 0x83))

    expect(await client.upToNow()).toEqual(["PUBLISH flow '3' qos 2 id 3"])
  })

  const strays: [what: string, sent: string][] = [
    ['a PUBACK for nothing', '40 02 0063'],
    ['a PUBCOMP for nothing', '70 02 0063'],
    ['a failed PUBREC for nothing', '50 03 0063 80'],
  ]
  test.each(strays)('[MQTT-4.9.0-1] [MQTT-4.9.0-2] %s makes no room', async (_, sent) => {
    const { client } = await fullClient(server, 1)

    client.send(sent, sent, sent)

    expect(await client.upToNow()).toEqual([])
  })

  test('[MQTT-4.9.0-1] PUBACKs that come twice do not raise the quota above the Receive Maximum', async () => {
    const { publisher, client } = await fullClient(server, 1)
    client.send(puback(1), puback(2), puback(1), puback(2))
    await client.take(2)
    client.send(puback(3), puback(4), puback(3), puback(4))
    await client.take(1)

    publishNumbers(publisher, 1, 6, 9)
    await publisher.take(4)

    expect(await client.upToNow()).toEqual(["PUBLISH flow '6' qos 1 id 6"])
  })

  test('[MQTT-4.9.0-3] [MQTT-3.3.4-10] with no quota left QoS 0 messages and all answers still come at once', async () => {
    const { publisher, client } = await fullClient(server, 2)
    publisher.send(publishPacket('flow', 'zero'))
    expect(await client.next()).toBe("PUBLISH flow 'zero'")

    client.send(
      subscribePacket(2, ['other']),
      publishPacket('other', 'own'),
      publishPacket('other', 'own', { qos: 1, packetId: 7 }),
      publishPacket('other', 'own', { qos: 2, packetId: 8 }),
      pubrel(8),
      pubrec(2),
      unsubscribePacket(3, ['other']),
    )

    expect(await client.upToNow()).toEqual([
      'SUBACK 2 00',
      "PUBLISH other 'own'",
      "PUBLISH other 'own'",
      'PUBACK 7',
      "PUBLISH other 'own'",
      'PUBREC 8',
      'PUBCOMP 8',
      'PUBREL 2',
      'UNSUBACK 3 00',
    ])
  })

  test('[MQTT-4.9.0-2] retained messages keep to it like others', async () => {
    const publisher = await publisherOf(server)
    publisher.send(
      ...[1, 2, 3, 4].map(packetId => publishPacket(`kept/${packetId}`, 'x', { qos: 1, packetId, retain: true })),
    )
    await publisher.take(4)
    const client = await subscriberOf(server, { properties: { receiveMaximum: 3 } }, [{ filter: 'kept/#', qos: 1 }])

    expect(await client.upToNow()).toHaveLength(3)
    client.send(puback(1))
    expect(await client.upToNow()).toEqual([expect.stringMatching(/qos 1 id 4 retain$/)])
  })

  test('[MQTT-4.9.0-1] a new Network Connection has its own Receive Maximum and the whole of it', async () => {
    const publisher = await publisherOf(server)
    const fields = persistent(5, 'wider')
    const narrow = { ...fields, properties: { sessionExpiryInterval: 60, receiveMaximum: 1 } }
    const wide = { ...fields, properties: { sessionExpiryInterval: 60, receiveMaximum: 3 } }
    const client = await subscriberOf(server, narrow, [{ filter: 'flow', qos: 1 }])
    publishNumbers(publisher, 1, 1, 5)
    await publisher.take(5)
    expect(await client.upToNow()).toEqual(["PUBLISH flow '1' qos 1 id 1"])
    await lose(client)

    const back = server.dial(wide)

    expect(await back.upToNow()).toEqual([
      'CONNACK 00 session-present',
      "PUBLISH flow '1' qos 1 id 1 dup",
      "PUBLISH flow '2' qos 1 id 2",
      "PUBLISH flow '3' qos 1 id 3",
    ])
  })
})

describe('the Receive Maximum of the Server', () => {
  const server = serverFor({ limits: { receiveMaximum: 3 } })
  const qos2 = (packetId: number) => publishPacket('a', 'x', { qos: 2, packetId })

  test('[MQTT-3.3.4-7] [MQTT-4.9.0-2] is announced, and as many messages are taken', async () => {
    const publisher = server.dial({ clientId: 'publisher' })
    const { properties } = await publisher.receiveA(PacketType.Connack)

    publisher.send(qos2(1), qos2(2), qos2(3))

    expect(properties.receiveMaximum).toBe(3)
    expect(await publisher.upToNow()).toEqual(['PUBREC 1 10', 'PUBREC 2 10', 'PUBREC 3 10'])
  })

  test('[MQTT-3.3.4-7] [MQTT-4.9.0-2] one message more ends the connection with 0x93, and is not delivered', async () => {
    const subscriber = await subscriberOf(server, {}, ['b'])
    const publisher = await publisherOf(server)

    publisher.send(qos2(1), qos2(2), qos2(3), publishPacket('b', 'too many', { qos: 2, packetId: 4 }))

    expect((await publisher.closing()).at(-1)).toBe('DISCONNECT 93')
    expect(await subscriber.upToNow()).toEqual([])
  })

  test('[MQTT-3.3.4-7] QoS 1 and QoS 0 messages that have been answered do not count', async () => {
    const publisher = await publisherOf(server)
    publisher.send(qos2(1), qos2(2))
    await publisher.take(2)

    for (let packetId = 10; packetId < 20; packetId++) {
      publisher.send(publishPacket('a', 'x', { qos: 1, packetId }), publishPacket('a', 'x'))
      expect(await publisher.next()).toBe(`PUBACK ${packetId} 10`)
    }

    expect(await publisher.upToNow()).toEqual([])
  })

  test('[MQTT-3.3.4-7] a repeated PUBLISH does not count twice', async () => {
    const publisher = await publisherOf(server)

    publisher.send(qos2(1), qos2(2), qos2(3), { ...qos2(2), dup: true })

    expect(await publisher.upToNow()).toEqual(['PUBREC 1 10', 'PUBREC 2 10', 'PUBREC 3 10', 'PUBREC 2'])
  })

  test('[MQTT-3.3.4-7] PUBCOMP and a PUBREC of 0x80 or above make room for one message', async () => {
    const publisher = await publisherOf(server)
    publisher.send(qos2(1), qos2(2), qos2(3))
    await publisher.take(3)

    publisher.send(pubrel(2), qos2(4), pubrel(1), publishPacket('$SYS/a', 'x', { qos: 2, packetId: 5 }), qos2(6))

    expect(await publisher.upToNow()).toEqual(['PUBCOMP 2', 'PUBREC 4 10', 'PUBCOMP 1', 'PUBREC 5 87', 'PUBREC 6 10'])
  })

  test('[MQTT-3.3.4-8] [MQTT-4.9.0-3] a Client that has used up its quota is served in everything else', async () => {
    const publisher = await publisherOf(server)
    publisher.send(qos2(1), qos2(2), qos2(3))
    await publisher.take(3)

    publisher.send(subscribePacket(9, ['own']), publishPacket('own', 'x'), unsubscribePacket(10, ['own']), pubrel(1))

    expect(await publisher.upToNow()).toEqual(['SUBACK 9 00', "PUBLISH own 'x'", 'UNSUBACK 10 00', 'PUBCOMP 1'])
  })

  test('[MQTT-3.3.4-7] [MQTT-4.9.0-1] a new Network Connection begins with the whole quota', async () => {
    const fields = persistent(5, 'fresh')
    const publisher = await server.connect(fields)
    publisher.send(qos2(1), qos2(2), qos2(3))
    await publisher.take(3)
    await lose(publisher)

    const back = server.dial(fields)
    back.send(qos2(4), qos2(5), qos2(6))

    expect(await back.upToNow()).toEqual(['CONNACK 00 session-present', 'PUBREC 4 10', 'PUBREC 5 10', 'PUBREC 6 10'])
  })

  test('[MQTT-3.3.4-7] a Client of 3.1.1, which cannot know of it, may have more under way', async () => {
    const publisher = await publisherOf(server, 4)

    publisher.send(qos2(1), qos2(2), qos2(3), qos2(4), qos2(5))

    expect(await publisher.upToNow()).toEqual(['PUBREC 1', 'PUBREC 2', 'PUBREC 3', 'PUBREC 4', 'PUBREC 5'])
  })
})
