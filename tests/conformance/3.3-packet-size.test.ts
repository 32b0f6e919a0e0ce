import { describe, expect, test } from 'vitest'
import { puback, pubcomp, publishPacket, pubrec } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { publisherOf, recordBytes, subscriberOf } from './support/publishing.ts'
import { serverFor } from './support/rules.ts'

/** A PUBLISH at QoS 1 or 2 with topic `s` and a payload of 32 bytes has 2 + 2 + 1 + 2 + 1 + 32 = 40 bytes. */
const fits = 'x'.repeat(32)
const tooLarge = 'x'.repeat(33)
const maximumPacketSize = 40

describe('Maximum Packet Size of a receiver', () => {
  const server = serverFor()

  test.each([1, 2] as const)(
    '[MQTT-3.1.2-24] [MQTT-3.1.2-25] QoS %i: what is too large is dropped as if it had been sent, and what follows comes',
    async qos => {
      const before = server.broker.stats().drops.tooLarge
      const publisher = await publisherOf(server)
      const subscriber = await subscriberOf(server, { properties: { maximumPacketSize } }, [{ filter: 's', qos }])

      publisher.send(
        publishPacket('s', tooLarge, { qos, packetId: 1 }),
        publishPacket('s', fits, { qos, packetId: 2 }),
        publishPacket('s', tooLarge, { qos, packetId: 3 }),
        publishPacket('s', 'small', { qos, packetId: 4 }),
      )
      const answers = await publisher.upToNow()

      expect(answers).toEqual([1, 2, 3, 4].map(id => `${qos === 1 ? 'PUBACK' : 'PUBREC'} ${id}`))
      expect(await subscriber.upToNow()).toEqual([
        `PUBLISH s '${fits}' qos ${qos} id 2`,
        `PUBLISH s 'small' qos ${qos} id 4`,
      ])
      expect(server.broker.stats().drops.tooLarge - before).toBe(2)
    },
  )

  test('[MQTT-3.1.2-24] a QoS 0 message that is too large is dropped and counted', async () => {
    const before = server.broker.stats().drops.tooLarge
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { properties: { maximumPacketSize } }, ['s'])

    // Without Packet Identifier there are two bytes more for the payload.
    publisher.send(publishPacket('s', `${tooLarge}xx`), publishPacket('s', `${fits}xx`))

    expect(await subscriber.next()).toBe(`PUBLISH s '${fits}xx'`)
    expect(server.broker.stats().drops.tooLarge - before).toBe(1)
  })

  test('[MQTT-3.1.2-24] the packet counts as it is sent: with User Properties and Subscription Identifier', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { properties: { maximumPacketSize } }, ['s'], 1)
    const bytes = recordBytes(subscriber)

    publisher.send(
      publishPacket('s', 'x', { properties: { userProperties: [['name', 'x'.repeat(25)]] } }),
      publishPacket('s', 'y', { properties: { userProperties: [['name', 'x'.repeat(22)]] } }),
      publishPacket('s', 'z', { properties: { userProperties: [['name', 'x'.repeat(23)]] } }),
    )
    await publisher.upToNow()

    expect(await subscriber.upToNow()).toEqual([expect.stringContaining("'y'")])
    expect(bytes().replace(/d000$/, '').length / 2).toBe(maximumPacketSize)
  })

  test('[MQTT-3.1.2-25] dropped messages use no send quota', async () => {
    const publisher = await publisherOf(server)
    const properties = { maximumPacketSize, receiveMaximum: 1 }
    const subscriber = await subscriberOf(server, { properties }, [{ filter: 's', qos: 2 }])

    publisher.send(
      publishPacket('s', tooLarge, { qos: 1, packetId: 1 }),
      publishPacket('s', tooLarge, { qos: 2, packetId: 2 }),
      publishPacket('s', fits, { qos: 1, packetId: 3 }),
    )

    expect(await subscriber.next()).toBe(`PUBLISH s '${fits}' qos 1 id 3`)
  })

  test('[MQTT-3.1.2-25] other receivers of the same message get it', async () => {
    const publisher = await publisherOf(server)
    const small = await subscriberOf(server, { clientId: 'small', properties: { maximumPacketSize } }, ['s'])
    const large = await subscriberOf(server, { clientId: 'large' }, ['s'])

    publisher.send(publishPacket('s', `${tooLarge}xx`))
    await publisher.upToNow()

    expect(await large.next()).toBe(`PUBLISH s '${tooLarge}xx'`)
    expect(await small.upToNow()).toEqual([])
  })

  test('[MQTT-3.1.2-24] [MQTT-3.1.2-25] a Client that comes back with a smaller maximum: what was under way ends, in order', async () => {
    const publisher = await publisherOf(server)
    const fields = persistent(5, 'shrinking')
    const subscriber = await subscriberOf(server, fields, [{ filter: 's', qos: 2 }])
    publisher.send(
      publishPacket('s', tooLarge, { qos: 1, packetId: 1 }),
      publishPacket('s', fits, { qos: 1, packetId: 2 }),
      publishPacket('s', tooLarge, { qos: 2, packetId: 3 }),
    )
    await subscriber.take(3)
    subscriber.drop()
    const back = server.dial({ ...fields, properties: { sessionExpiryInterval: 60, maximumPacketSize } })

    const texts = await back.upToNow()

    expect(texts.slice(0, 2)).toEqual(['CONNACK 00 session-present', `PUBLISH s '${fits}' qos 1 id 2 dup`])
    // A QoS 2 message may have arrived before: PUBREL is what still ends it, and it fits.
    expect(texts.slice(2)).toEqual(['PUBREL 3'])
    back.send(puback(2), pubcomp(3), pubrec(3, 0x80))
    expect(await back.upToNow()).toEqual([])
  })
})
