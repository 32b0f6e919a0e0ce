import { PacketType, type Publish, type PublishProperties } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { v311 } from '../../packages/broker/test/support/versions.ts'
import { VirtualRuntime } from '../../packages/broker/test/support/virtual-runtime.ts'
import { lose, publisherOf, publishWith, recordBytes, subscriberOf } from './support/publishing.ts'
import { serverFor } from './support/rules.ts'

const kept = persistent(5, 'kept')

describe('forwarding', () => {
  const server = serverFor()

  const unaltered: [what: string, properties: PublishProperties][] = [
    ['[MQTT-3.3.2-4] Payload Format Indicator 0', { payloadFormatIndicator: 0 }],
    ['[MQTT-3.3.2-4] Payload Format Indicator 1', { payloadFormatIndicator: 1 }],
    ['[MQTT-3.3.2-15] a Response Topic', { responseTopic: 'a/€/b' }],
    ['[MQTT-3.3.2-16] Correlation Data', { correlationData: Uint8Array.of(0, 255, 0xc3, 0x28) }],
    ['[MQTT-3.3.2-16] empty Correlation Data', { correlationData: Uint8Array.of() }],
    ['[MQTT-3.3.2-17] a User Property', { userProperties: [['näme', 'välue']] }],
    ['[MQTT-3.3.2-17] a User Property with empty name and value', { userProperties: [['', '']] }],
    [
      '[MQTT-3.3.2-18] User Properties in their order, repeated names included',
      {
        userProperties: [
          ['z', '1'],
          ['a', '2'],
          ['z', '1'],
          ['z', '0'],
        ],
      },
    ],
    ['[MQTT-3.3.2-20] a Content Type', { contentType: 'text/plain; charset=utf-8' }],
    ['[MQTT-3.3.2-20] an empty Content Type', { contentType: '' }],
  ]
  test.each(unaltered)('%s reaches subscribers unaltered, now and later', async (_, properties) => {
    const publisher = await publisherOf(server)
    const live = await subscriberOf(server, {}, ['unaltered/0'])
    const away = await subscriberOf(server, { ...kept, cleanStart: true }, [{ filter: 'unaltered/1', qos: 2 }])
    await lose(away)

    publisher.send(
      publishPacket('unaltered/0', 'x', { properties }),
      publishPacket('unaltered/1', 'x', { qos: 2, packetId: 1, properties }),
    )
    await publisher.upToNow()

    const back = server.dial(kept)
    await back.next()
    expect(definedOf(await live.receiveA(PacketType.Publish))).toEqual(properties)
    expect(definedOf(await back.receiveA(PacketType.Publish))).toEqual(properties)
  })

  test('[MQTT-3.3.2-17] [MQTT-3.3.2-18] each property goes out as the very bytes that came in, User Properties in order', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['bytes'])
    const bytes = recordBytes(subscriber)

    publisher.send(
      publishWith("26 0001 'b' 0001 '1' 03 0001 't' 26 0001 'a' 0001 '2' 01 01 08 0001 'r' 09 0002 00ff", 'bytes'),
    )
    await subscriber.next()

    const parts = ['0101', '03000174', '08000172', '09000200ff']
    expect(parts.filter(part => !bytes().includes(part))).toEqual([])
    expect(bytes()).toMatch(/26000162000131(.*)26000161000132/)
  })

  test('[MQTT-3.3.2-17] a Client of 3.1.1 gets the message without properties', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { protocolVersion: v311.version }, ['plain'])
    const bytes = recordBytes(subscriber)

    publisher.send(publishPacket('plain', 'x', { properties: { contentType: 't', userProperties: [['a', 'b']] } }))
    await subscriber.next()

    expect(bytes()).toBe('30080005706c61696e78')
  })

  test('[MQTT-3.3.2-17] a message from a Client of 3.1.1 reaches a Client of 5.0 with no properties', async () => {
    const publisher = await publisherOf(server, v311.version)
    const subscriber = await subscriberOf(server, {}, ['plain'])
    const bytes = recordBytes(subscriber)

    publisher.send(publishPacket('plain', 'x'))
    await subscriber.next()

    expect(bytes()).toBe('30090005706c61696e0078')
  })

  test('a message may have no payload at all, and a payload may be anything', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['payload'])

    publisher.send(publishPacket('payload', ''), publishPacket('payload', Uint8Array.of(0, 0xff, 0xc3, 0x28)))

    expect((await subscriber.receiveA(PacketType.Publish)).payload).toHaveLength(0)
    expect([...(await subscriber.receiveA(PacketType.Publish)).payload]).toEqual([0, 0xff, 0xc3, 0x28])
  })
})

describe('what is not allowed', () => {
  const server = serverFor()

  const faults: [what: string, properties: string, reasonCode: RegExp][] = [
    ['[MQTT-3.3.2-13] a Response Topic that is not UTF-8', '08 0002 c328', /8[12]/],
    ['[MQTT-3.3.2-13] a Response Topic with U+0000', "08 0002 'a' 00", /8[12]/],
    ['[MQTT-3.3.2-13] a Response Topic with a surrogate', '08 0003 eda080', /8[12]/],
    ['[MQTT-3.3.2-14] a Response Topic with #', "08 0003 'a/#'", /8[12]|90/],
    ['[MQTT-3.3.2-14] a Response Topic with +', "08 0003 '+/a'", /8[12]|90/],
    ['[MQTT-3.3.2-14] a Response Topic with + inside a level', "08 0003 'a+b'", /8[12]|90/],
    ['[MQTT-4.13.1-1] two Response Topics', "08 0001 'a' 08 0001 'b'", /82/],
    ['[MQTT-3.3.2-19] a Content Type that is not UTF-8', '03 0002 c328', /8[12]/],
    ['[MQTT-3.3.2-19] a Content Type with U+0000', "03 0002 'a' 00", /8[12]/],
    ['[MQTT-4.13.1-1] two Content Types', "03 0001 'a' 03 0001 'b'", /82/],
    ['[MQTT-4.13.1-1] two Correlation Data', '09 0001 00 09 0001 00', /82/],
    ['[MQTT-3.3.2-4] a Payload Format Indicator of 2', '01 02', /8[12]/],
    ['[MQTT-4.13.1-1] two Payload Format Indicators', '01 01 01 01', /82/],
    ['[MQTT-4.13.1-1] two Message Expiry Intervals', '02 00000001 02 00000001', /82/],
    ['[MQTT-1.5.7-1] a User Property that is not UTF-8', "26 0001 'a' 0002 c328", /8[12]/],
    ['[MQTT-3.3.4-6] a Subscription Identifier', '0b 01', /82/],
    ['a property of another packet (Will Delay Interval)', '18 00000001', /8[12]/],
    ['a property that does not exist', '7f 00', /81/],
  ]
  test.each(faults)('%s ends the connection and reaches nobody', async (_, properties, reasonCode) => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['#'])

    publisher.send(publishWith(properties, 'a'))

    expect(await publisher.closing()).toEqual([expect.stringMatching(reasonCode)])
    expect(await subscriber.upToNow()).toEqual([])
  })
})

describe('Payload Format Indicator 1', () => {
  const properties = { payloadFormatIndicator: 1 } as const
  const notUtf8 = Uint8Array.of(0xc3, 0x28)

  describe('by default', () => {
    const server = serverFor()

    test('[MQTT-3.3.2-4] does not make the Server look at the payload', async () => {
      const publisher = await publisherOf(server)
      const subscriber = await subscriberOf(server, {}, ['format'])

      publisher.send(publishPacket('format', notUtf8, { qos: 1, packetId: 1, properties }))

      expect(await publisher.next()).toBe('PUBACK 1')
      expect([...(await subscriber.receiveA(PacketType.Publish)).payload]).toEqual([0xc3, 0x28])
    })
  })

  describe('with validatesPayloadFormat', () => {
    const server = serverFor({ capabilities: { validatesPayloadFormat: true } })

    test('[MQTT-3.3.2-4] a payload that is not UTF-8 is refused with 0x99 and neither delivered nor retained', async () => {
      const publisher = await publisherOf(server)
      const subscriber = await subscriberOf(server, {}, ['format'])

      publisher.send(
        publishPacket('format', notUtf8, { retain: true, properties }),
        publishPacket('format', notUtf8, { qos: 1, packetId: 1, retain: true, properties }),
        publishPacket('format', notUtf8, { qos: 2, packetId: 2, retain: true, properties }),
        publishPacket('format', 'good', { qos: 2, packetId: 2, properties }),
      )

      expect(await publisher.upToNow()).toEqual(['PUBACK 1 99', 'PUBREC 2 99', 'PUBREC 2'])
      expect(await subscriber.upToNow()).toEqual(['PUBLISH format \'good\' {"payloadFormatIndicator":1}'])
      expect(server.broker.stats().retained).toBe(0)
    })

    test('[MQTT-3.3.2-4] Payload Format Indicator 0, or none, says nothing about the payload', async () => {
      const publisher = await publisherOf(server)

      publisher.send(
        publishPacket('free', notUtf8, { qos: 1, packetId: 1 }),
        publishPacket('free', notUtf8, { qos: 1, packetId: 2, properties: { payloadFormatIndicator: 0 } }),
      )

      expect(await publisher.upToNow()).toEqual(['PUBACK 1 10', 'PUBACK 2 10'])
    })
  })
})

describe('Message Expiry Interval', () => {
  const runtime = new VirtualRuntime({ turns: 'real' })
  const server = serverFor({ runtime })
  const expiring = (payload: string, messageExpiryInterval: number, fields: Partial<Publish> = {}) =>
    publishPacket('expiry', payload, { properties: { messageExpiryInterval }, ...fields })

  test('[MQTT-3.3.2-6] a message that does not wait keeps its Message Expiry Interval', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['expiry'])

    publisher.send(expiring('x', 7), expiring('y', 0xffffffff))

    expect(await subscriber.take(2)).toEqual([
      'PUBLISH expiry \'x\' {"messageExpiryInterval":7}',
      'PUBLISH expiry \'y\' {"messageExpiryInterval":4294967295}',
    ])
  })

  test.each([1, 2] as const)(
    '[MQTT-3.3.2-5] [MQTT-3.3.2-6] QoS %i: what waits for a Client counts down, and what has expired is not sent',
    async qos => {
      const publisher = await publisherOf(server)
      const away = await subscriberOf(server, { ...kept, cleanStart: true }, [{ filter: 'expiry', qos }])
      await lose(away)
      publisher.send(
        expiring('short', 10, { qos, packetId: 1 }),
        expiring('long', 100, { qos, packetId: 2 }),
        publishPacket('expiry', 'forever', { qos, packetId: 3 }),
      )
      await publisher.upToNow()

      await runtime.advance(30_000)
      const back = server.dial(kept)

      expect(await back.upToNow()).toEqual([
        'CONNACK 00 session-present',
        `PUBLISH expiry 'long' qos ${qos} id 2 {"messageExpiryInterval":70}`,
        `PUBLISH expiry 'forever' qos ${qos} id 3`,
      ])
    },
  )

  test('[MQTT-3.3.2-5] what waits for send quota expires, too, and does not hold up what is behind it', async () => {
    const expired = server.broker.stats().drops.expired
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { properties: { receiveMaximum: 1 } }, [{ filter: 'expiry', qos: 1 }])
    publisher.send(
      expiring('1', 10, { qos: 1, packetId: 1 }),
      expiring('2', 10, { qos: 1, packetId: 2 }),
      expiring('3', 50, { qos: 1, packetId: 3 }),
    )
    expect(await subscriber.next()).toContain("'1'")
    await publisher.upToNow()

    await runtime.advance(20_000)
    subscriber.send('40 02 0001')

    expect(await subscriber.upToNow()).toEqual(['PUBLISH expiry \'3\' qos 1 id 3 {"messageExpiryInterval":30}'])
    expect(server.broker.stats().drops.expired).toBe(expired + 1)
  })

  test('[MQTT-3.3.2-5] a Client of 3.1.1 gets no expired messages either', async () => {
    const publisher = await publisherOf(server)
    const fields = persistent(4, 'old')
    const away = await subscriberOf(server, fields, [{ filter: 'expiry', qos: 1 }])
    await lose(away)
    publisher.send(expiring('x', 10, { qos: 1, packetId: 1 }))
    await publisher.upToNow()

    await runtime.advance(10_000)
    const back = server.dial(fields)

    expect(await back.upToNow()).toEqual(['CONNACK 00 session-present'])
  })

  test('[MQTT-3.3.2-5] a Message Expiry Interval of 0 is over before anything can wait', async () => {
    const publisher = await publisherOf(server)
    const away = await subscriberOf(server, { ...kept, cleanStart: true }, [{ filter: 'expiry', qos: 1 }])
    await lose(away)

    publisher.send(expiring('x', 0, { qos: 1, packetId: 1 }))
    await publisher.upToNow()

    expect(await server.dial(kept).upToNow()).toEqual(['CONNACK 00 session-present'])
  })
})

/** The properties that are there. */
function definedOf({ properties }: Publish): PublishProperties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))
}
