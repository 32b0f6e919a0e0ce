import { encodePacket } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket, willOf } from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { lose, publisherOf, publishWith, subscriberOf } from './support/publishing.ts'
import { serverFor } from './support/rules.ts'

/**
 * Nothing that a publisher sends may cost a subscriber its connection, or bring it anything malformed: the RawClient decodes all
 * that comes, and fails when it cannot.
 */
const published: [what: string, ...sent: string[]][] = [
  ['QoS 3', "36 06 0001 'a' 0001 00"],
  ['DUP at QoS 0', "38 05 0001 'a' 00 'x'"],
  ['Packet Identifier 0', "32 06 0001 'a' 0000 00"],
  ['a topic with wildcards', publishWith('', 'a/#')],
  ['a topic that is no UTF-8', '30 05 0002 c328 00'],
  ['an empty topic', publishWith('', '')],
  ['a topic of many levels', publishWith('', '/'.repeat(100))],
  ['a topic that begins with $', publishWith('', '$a')],
  ['a topic below $SYS', publishWith('', '$SYS/a')],
  ['a topic like a Shared Subscription', publishWith('', '$share/g/a')],
  ['a Response Topic with a wildcard', publishWith("08 0001 '#'", 'a')],
  ['an unknown Topic Alias', publishWith('23 0007', '')],
  ['a Topic Alias that is known', publishWith('23 0001', 'a'), publishWith('23 0001', '')],
  ['a Subscription Identifier', publishWith('0b 01', 'a')],
  ['a property twice', publishWith('01 01 01 01', 'a')],
  ['a property that does not exist', publishWith('7e 00', 'a')],
  ['properties longer than the packet', "30 05 0001 'a' 7f 01"],
  ['a payload that is not the UTF-8 that it says', publishWith('01 01', 'a').replace('30 06', '30 08'), 'c328'],
  ['Message Expiry Interval 0', publishWith('02 00000000', 'a')],
  ['half a packet', "30 20 0001 'a'"],
  ['a retained message', "31 05 0001 'a' 00 'x'"],
  ['an empty retained message', "31 04 0001 'a' 00"],
  ['a PUBREL for nothing', '62 02 0007'],
  ['a PUBACK for nothing', '40 02 0007'],
  ['a packet type that only Servers send', '90 03 0001 00'],
]

describe.each(versions)('a subscriber in %s', ({ version }) => {
  const server = serverFor()

  test.each(published)('[MQTT-4.13.1-1] [MQTT3-4.8.0-1] lives on after %s', async (_, ...sent) => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { protocolVersion: version, keepAlive: 60 }, [
      { filter: '#', qos: 2 },
      { filter: '$a', qos: 2 },
    ])

    publisher.send(...sent)
    await lose(publisher)

    await subscriber.upToNow()
    expect(subscriber.state).toBe('open')
    const next = await server.connect({ clientId: 'next' })
    next.send(publishPacket('b', 'still here'))
    expect(await subscriber.next()).toBe("PUBLISH b 'still here'")
  })

  test('[MQTT-4.13.1-1] [MQTT3-4.8.0-1] lives on after a message with 64 User Properties, long topic and all other properties', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: '#', qos: 2 }])
    const topic = 't'.repeat(65_535)
    const properties = {
      payloadFormatIndicator: 1,
      messageExpiryInterval: 0xffffffff,
      topicAlias: 1,
      responseTopic: 'r'.repeat(65_535),
      correlationData: new Uint8Array(65_535),
      contentType: 'c'.repeat(65_535),
      userProperties: Array.from({ length: 64 }, (_, index) => [`name ${index}`, 'value'] as const),
    } as const
    const packet = publishPacket(topic, 'x', { qos: 2, packetId: 1, properties })

    // In two parts, of which the second begins within a string.
    const bytes = encodePacket(packet, 5)
    publisher.wire.write(bytes.subarray(0, 70_000))
    publisher.wire.write(bytes.subarray(70_000))

    expect(await publisher.next()).toBe('PUBREC 1')
    await subscriber.upToNow()
    expect(subscriber.state).toBe('open')
  })

  test('[MQTT-4.13.1-1] [MQTT3-4.8.0-1] lives on when a Will has a Response Topic, properties and no payload', async () => {
    const will = willOf('will', '', {
      qos: 2,
      properties: { responseTopic: 'a/b', correlationData: Uint8Array.of(0), userProperties: [['', '']] },
    })
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'will', qos: 2 }])
    const mortal = await server.connect({ clientId: 'mortal', will })

    mortal.drop()

    expect(await subscriber.next()).toMatch(/^PUBLISH will '' qos 2/)
    expect(await subscriber.upToNow()).toEqual([])
  })
})
