import { describe, expect, test } from 'vitest'
import { puback, pubcomp, publishPacket, pubrec, pubrel } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { VirtualRuntime } from '../../packages/broker/test/support/virtual-runtime.ts'
import { publisherOf, recordBytes, subscriberOf } from './support/publishing.ts'
import { serverFor } from './support/rules.ts'

const matrix: [published: 0 | 1 | 2, granted: 0 | 1 | 2, text: string][] = [
  [0, 0, ''],
  [0, 1, ''],
  [0, 2, ''],
  [1, 0, ''],
  [1, 1, ' qos 1 id 1'],
  [1, 2, ' qos 1 id 1'],
  [2, 0, ''],
  [2, 1, ' qos 1 id 1'],
  [2, 2, ' qos 2 id 1'],
]

describe.each(versions)('in %s', ({ version }) => {
  const server = serverFor()

  describe.each(versions)('published in %s', publishedIn => {
    test.each(matrix)(
      '[MQTT-3.8.4-8] [MQTT3-3.8.4-6] published at QoS %i, granted QoS %i: the lower one',
      async (qos, granted, text) => {
        const publisher = await publisherOf(server, publishedIn.version)
        const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'm', qos: granted }])

        publisher.send(publishPacket('m', 'x', { qos, packetId: 9 }))

        expect(await subscriber.next()).toBe(`PUBLISH m 'x'${text}`)
      },
    )
  })

  test('[MQTT-4.3.1-1] [MQTT3-4.3.1-1] QoS 0 goes out with QoS 0, DUP 0 and no Packet Identifier, once', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['q0'])
    const bytes = recordBytes(subscriber)

    publisher.send(publishPacket('q0', 'x'))
    await subscriber.next()

    expect(bytes()).toBe(version === 5 ? '3006000271300078' : '30050002713078')
  })

  describe('QoS 1, the Server as sender', () => {
    test('[MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT3-4.3.2-1] a Packet Identifier that is not in use, QoS 1 and DUP 0', async () => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 's1', qos: 1 }])
      const bytes = recordBytes(subscriber)

      publisher.send(
        publishPacket('s1', 'x', { qos: 1, packetId: 7 }),
        publishPacket('s1', 'y', { qos: 1, packetId: 7 }),
      )
      await subscriber.take(2)

      expect(bytes()).toBe(
        version === 5 ? '32080002733100010078' + '32080002733100020079' : '320700027331000178' + '320700027331000279',
      )
    })

    test('[MQTT-4.3.2-1] [MQTT3-4.3.2-1] an identifier is not given again while it is unacknowledged', async () => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'use', qos: 2 }])
      const message = publishPacket('use', 'x', { qos: 1, packetId: 1 })
      publisher.send(message, message, message)
      await subscriber.take(3)

      subscriber.send(puback(3), puback(1))
      publisher.send(message, message, message)

      const texts = await subscriber.take(3)
      expect(texts).not.toContain("PUBLISH use 'x' qos 1 id 2")
      expect(new Set(texts).size).toBe(3)
    })

    test('[MQTT-4.3.2-3] [MQTT3-4.3.2-1] unacknowledged until PUBACK: sent again to a Client that comes back, then not any more', async () => {
      const fields = persistent(version, 's1')
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, fields, [{ filter: 's1', qos: 1 }])
      publisher.send(publishPacket('s1', 'x', { qos: 1, packetId: 7 }))
      await subscriber.next()
      subscriber.drop()

      const again = server.dial(fields)
      expect(await again.take(2)).toEqual(['CONNACK 00 session-present', "PUBLISH s1 'x' qos 1 id 1 dup"])
      again.send(puback(1))
      await again.upToNow()
      again.drop()

      expect(await server.dial(fields).upToNow()).toEqual(['CONNACK 00 session-present'])
    })
  })

  describe('QoS 1, the Server as receiver', () => {
    test('[MQTT-4.3.2-4] [MQTT3-4.3.2-2] PUBACK has the Packet Identifier of the PUBLISH, whatever it is', async () => {
      const publisher = await publisherOf(server, version)
      await subscriberOf(server, { protocolVersion: version }, ['r1'])

      publisher.send(...[1, 255, 256, 65_535].map(packetId => publishPacket('r1', 'x', { qos: 1, packetId })))

      expect(await publisher.take(4)).toEqual(['PUBACK 1', 'PUBACK 255', 'PUBACK 256', 'PUBACK 65535'])
    })

    test.each([false, true])(
      '[MQTT-4.3.2-5] [MQTT3-4.3.2-2] after PUBACK the same identifier, DUP being %s, is a new message',
      async dup => {
        const publisher = await publisherOf(server, version)
        const subscriber = await subscriberOf(server, { protocolVersion: version }, ['r1'])
        publisher.send(publishPacket('r1', 'x', { qos: 1, packetId: 7 }))
        await publisher.next()

        publisher.send(publishPacket('r1', 'y', { qos: 1, packetId: 7, dup }))

        expect(await publisher.next()).toBe('PUBACK 7')
        expect(await subscriber.take(2)).toEqual(["PUBLISH r1 'x'", "PUBLISH r1 'y'"])
      },
    )
  })

  describe('QoS 2, the Server as sender', () => {
    test('[MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT3-4.3.3-1] a Packet Identifier that is not in use, QoS 2 and DUP 0', async () => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 's2', qos: 2 }])

      publisher.send(
        publishPacket('s2', 'x', { qos: 2, packetId: 7 }),
        publishPacket('s2', 'y', { qos: 1, packetId: 7 }),
        publishPacket('s2', 'z', { qos: 2, packetId: 8, dup: true }),
      )

      expect(await subscriber.take(3)).toEqual([
        "PUBLISH s2 'x' qos 2 id 1",
        "PUBLISH s2 'y' qos 1 id 2",
        "PUBLISH s2 'z' qos 2 id 3",
      ])
    })

    test('[MQTT-4.3.3-4] [MQTT3-4.3.3-1] PUBREC is answered by PUBREL with the same identifier, however often it comes', async () => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 's2', qos: 2 }])
      publisher.send(publishPacket('s2', 'x', { qos: 2, packetId: 7 }))
      await subscriber.next()

      subscriber.send(pubrec(1), pubrec(1), pubcomp(1), pubcomp(1))

      expect(await subscriber.upToNow()).toEqual(['PUBREL 1', 'PUBREL 1'])
    })

    test('[MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT3-4.3.3-1] PUBLISH until PUBREC, PUBREL until PUBCOMP, then nothing is sent again', async () => {
      const fields = persistent(version, 's2')
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, fields, [{ filter: 's2', qos: 2 }])
      publisher.send(publishPacket('s2', 'x', { qos: 2, packetId: 7 }))
      await subscriber.next()
      subscriber.drop()

      const second = server.dial(fields)
      expect(await second.take(2)).toEqual(['CONNACK 00 session-present', "PUBLISH s2 'x' qos 2 id 1 dup"])
      second.send(pubrec(1))
      expect(await second.next()).toBe('PUBREL 1')
      second.drop()

      const third = server.dial(fields)
      expect(await third.upToNow()).toEqual(['CONNACK 00 session-present', 'PUBREL 1'])
      third.send(pubcomp(1))
      await third.upToNow()
      third.drop()

      expect(await server.dial(fields).upToNow()).toEqual(['CONNACK 00 session-present'])
    })
  })

  describe('QoS 2, the Server as receiver', () => {
    test('[MQTT-4.3.3-8] [MQTT-4.3.3-11] [MQTT3-4.3.3-2] PUBREC and PUBCOMP have the identifier of the PUBLISH, whatever it is', async () => {
      const publisher = await publisherOf(server, version)
      await subscriberOf(server, { protocolVersion: version }, ['r2'])

      publisher.send(publishPacket('r2', 'x', { qos: 2, packetId: 65_535 }), pubrel(65_535))
      publisher.send(publishPacket('r2', 'x', { qos: 2, packetId: 256 }), pubrel(256))

      expect(await publisher.take(4)).toEqual(['PUBREC 65535', 'PUBCOMP 65535', 'PUBREC 256', 'PUBCOMP 256'])
    })

    test('[MQTT-4.3.3-10] [MQTT3-4.3.3-2] until PUBREL repeats get PUBREC and are delivered to nobody', async () => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, ['#'])

      publisher.send(
        publishPacket('r2', 'x', { qos: 2, packetId: 7 }),
        publishPacket('r2', 'x', { qos: 2, packetId: 7, dup: true }),
        publishPacket('r2', 'other', { qos: 2, packetId: 7 }),
        publishPacket('r2', 'x', { qos: 2, packetId: 8 }),
      )

      expect(await publisher.upToNow()).toEqual(['PUBREC 7', 'PUBREC 7', 'PUBREC 7', 'PUBREC 8'])
      expect(await subscriber.upToNow()).toEqual(["PUBLISH r2 'x'", "PUBLISH r2 'x'"])
    })

    test('[MQTT-4.3.3-10] [MQTT3-4.3.3-2] that holds on the next Network Connection of the Session, too', async () => {
      const fields = persistent(version, 'r2')
      const publisher = await server.connect(fields)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, ['r2'])
      publisher.send(publishPacket('r2', 'x', { qos: 2, packetId: 7 }))
      await publisher.next()
      publisher.drop()

      const again = server.dial(fields)
      again.send(publishPacket('r2', 'x', { qos: 2, packetId: 7, dup: true }), pubrel(7), pubrel(7))

      expect(await again.take(4)).toEqual([
        'CONNACK 00 session-present',
        expect.stringMatching(/^PUBREC 7/),
        'PUBCOMP 7',
        'PUBCOMP 7',
      ])
      expect(await subscriber.upToNow()).toEqual(["PUBLISH r2 'x'"])
    })

    test.each([false, true])(
      '[MQTT-4.3.3-12] [MQTT3-4.3.3-2] after PUBCOMP the same identifier, DUP being %s, is a new message',
      async dup => {
        const publisher = await publisherOf(server, version)
        const subscriber = await subscriberOf(server, { protocolVersion: version }, ['r2'])

        publisher.send(publishPacket('r2', 'x', { qos: 2, packetId: 7 }), pubrel(7))
        publisher.send(publishPacket('r2', 'y', { qos: 2, packetId: 7, dup }))

        expect(await publisher.upToNow()).toEqual(['PUBREC 7', 'PUBCOMP 7', 'PUBREC 7'])
        expect(await subscriber.upToNow()).toEqual(["PUBLISH r2 'x'", "PUBLISH r2 'y'"])
      },
    )

    test('[MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT3-4.3.3-2] a QoS 1 message may have the identifier of a QoS 2 message under way: each is answered', async () => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, ['r2'])

      publisher.send(
        publishPacket('r2', '1', { qos: 2, packetId: 7 }),
        publishPacket('r2', '2', { qos: 1, packetId: 7 }),
      )

      expect(await publisher.upToNow()).toEqual(['PUBREC 7', 'PUBACK 7'])
      expect(await subscriber.upToNow()).toEqual(["PUBLISH r2 '1'", "PUBLISH r2 '2'"])
    })
  })
})

describe('in 5.0', () => {
  const runtime = new VirtualRuntime({ turns: 'real' })
  const server = serverFor({ runtime })

  test('[MQTT-4.3.3-9] after a PUBREC of 0x80 or above the same identifier is a new message', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['r2'])

    publisher.send(
      publishPacket('$SYS/forged', 'x', { qos: 2, packetId: 7 }),
      publishPacket('r2', 'y', { qos: 2, packetId: 7, dup: true }),
    )

    expect(await publisher.upToNow()).toEqual(['PUBREC 7 87', 'PUBREC 7'])
    expect(await subscriber.upToNow()).toEqual(["PUBLISH r2 'y'"])
  })

  test('[MQTT-4.3.3-7] a QoS 2 message whose PUBLISH has been sent does not expire', async () => {
    const fields = persistent(5, 'expiring')
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, fields, [{ filter: 'e2', qos: 2 }])
    publisher.send(publishPacket('e2', 'x', { qos: 2, packetId: 1, properties: { messageExpiryInterval: 10 } }))
    await subscriber.next()
    subscriber.drop()
    await runtime.advance(60_000)

    const back = server.dial(fields)

    expect(await back.take(2)).toEqual([
      'CONNACK 00 session-present',
      expect.stringContaining("PUBLISH e2 'x' qos 2 id 1 dup"),
    ])
    back.send(pubrec(1))
    expect(await back.next()).toBe('PUBREL 1')
    back.drop()
    await runtime.advance(60_000)
    expect(await server.dial(fields).upToNow()).toEqual(['CONNACK 00 session-present', 'PUBREL 1'])
  })

  test('[MQTT-4.3.3-13] the Server finishes receiving a QoS 2 message that has expired meanwhile', async () => {
    const publisher = await publisherOf(server)
    const message = publishPacket('nobody', 'x', { qos: 2, packetId: 1, properties: { messageExpiryInterval: 1 } })
    publisher.send(message)
    expect(await publisher.next()).toBe('PUBREC 1 10')

    await runtime.advance(10_000)
    publisher.send({ ...message, dup: true }, pubrel(1))

    expect(await publisher.take(2)).toEqual(['PUBREC 1', 'PUBCOMP 1'])
  })
})
