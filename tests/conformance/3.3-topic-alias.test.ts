import { PacketType, type Publish } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { publisherOf, publishWith, recordBytes, subscriberOf } from './support/publishing.ts'
import { serverFor } from './support/rules.ts'

const aliased = (topic: string, payload: string, topicAlias: number, fields: Partial<Publish> = {}) =>
  publishPacket(topic, payload, { properties: { topicAlias }, ...fields })

describe('from a Client', () => {
  const server = serverFor({ limits: { topicAliasMaximum: 3 } })

  test('[MQTT-3.3.2-12] every Topic Alias from 1 to the announced maximum may be set, used, and set anew', async () => {
    const publisher = server.dial({ clientId: 'publisher' })
    const { properties } = await publisher.receiveA(PacketType.Connack)
    const subscriber = await subscriberOf(server, {}, ['set/+'])

    publisher.send(
      aliased('set/a', '1', 1),
      aliased('set/b', '2', 2, { qos: 1, packetId: 1 }),
      aliased('set/c', '3', 3, { qos: 2, packetId: 2 }),
      aliased('', '4', 3),
      aliased('', '5', 2, { qos: 2, packetId: 3 }),
      aliased('', '6', 1),
      aliased('set/d', '7', 1),
      aliased('', '8', 1),
    )

    expect(properties.topicAliasMaximum).toBe(3)
    expect(await subscriber.take(8)).toEqual([
      "PUBLISH set/a '1'",
      "PUBLISH set/b '2'",
      "PUBLISH set/c '3'",
      "PUBLISH set/c '4'",
      "PUBLISH set/b '5'",
      "PUBLISH set/a '6'",
      "PUBLISH set/d '7'",
      "PUBLISH set/d '8'",
    ])
  })

  test('[MQTT-3.3.2-12] a Topic Alias is not passed on, and a retained message has its topic', async () => {
    const publisher = await publisherOf(server)
    publisher.send(aliased('retained/alias', 'x', 1), aliased('', 'y', 1, { retain: true }))
    await publisher.upToNow()

    const subscriber = await subscriberOf(server, {}, ['retained/alias'])

    expect(await subscriber.next()).toBe("PUBLISH retained/alias 'y' retain")
  })

  test('[MQTT-3.3.2-12] a Topic Alias set by a message that is refused or a duplicate is set', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['dup/alias'])
    publisher.send(publishPacket('dup/alias', '1', { qos: 2, packetId: 1 }))

    publisher.send(aliased('dup/alias', '1', 2, { qos: 2, packetId: 1, dup: true }), aliased('', '2', 2))

    expect(await subscriber.take(2)).toEqual(["PUBLISH dup/alias '1'", "PUBLISH dup/alias '2'"])
  })

  test('[MQTT-3.3.2-12] Topic Aliases of two Clients are independent', async () => {
    const publisher = await publisherOf(server)
    const other = await server.connect({ clientId: 'other' })
    const subscriber = await subscriberOf(server, {}, ['two/+'])

    publisher.send(aliased('two/a', '1', 1))
    await publisher.upToNow()
    other.send(aliased('two/b', '2', 1))
    await other.upToNow()
    publisher.send(aliased('', '3', 1))

    expect(await subscriber.take(3)).toEqual(["PUBLISH two/a '1'", "PUBLISH two/b '2'", "PUBLISH two/a '3'"])
  })

  const faults: [what: string, bytes: string, reasonCode: string][] = [
    ['[MQTT-3.3.2-8] Topic Alias 0', publishWith('23 0000', 'a'), '94'],
    ['[MQTT-3.3.2-9] a Topic Alias above the maximum', publishWith('23 0004', 'a'), '94'],
    ['[MQTT-3.3.2-9] the highest Topic Alias there is', publishWith('23 ffff', 'a'), '94'],
    ['[MQTT-3.3.2-12] a Topic Alias without topic that has not been set', publishWith('23 0002', ''), '82'],
    ['[MQTT-4.13.1-1] two Topic Aliases', publishWith('23 0001 23 0001', 'a'), '82'],
    ['[MQTT-4.7.3-1] neither topic nor Topic Alias', publishWith('', ''), '81'],
  ]
  test.each(faults)('%s ends the connection and reaches nobody', async (_, bytes, reasonCode) => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, ['a'])

    publisher.send(bytes)

    expect(await publisher.closing()).toEqual([`DISCONNECT ${reasonCode}`])
    expect(await subscriber.upToNow()).toEqual([])
  })

  test('[MQTT-3.3.2-7] a Topic Alias ends with the Network Connection, even though the Session goes on', async () => {
    const fields = persistent(5, 'resumed')
    const publisher = await server.connect(fields)
    publisher.send(aliased('a', 'x', 1))
    await publisher.upToNow()
    publisher.drop()

    const again = await server.connect(fields)
    again.send(aliased('', 'y', 1))

    expect(await again.closing()).toEqual(['DISCONNECT 82'])
  })
})

describe('from a Client that was told a maximum of 0', () => {
  const server = serverFor({ limits: { topicAliasMaximum: 0 } })

  test('[MQTT-3.3.2-9] any Topic Alias ends the connection', async () => {
    const publisher = await publisherOf(server)

    publisher.send(aliased('a', 'x', 1))

    expect(await publisher.closing()).toEqual(['DISCONNECT 94'])
  })
})

describe('to a Client', () => {
  const server = serverFor()

  test('[MQTT-3.3.2-11] aliases from the second use of a topic on, and no more of them than the Client takes', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { properties: { topicAliasMaximum: 2 } }, ['to/+'])

    for (const topic of ['to/a', 'to/b', 'to/c']) {
      publisher.send(publishPacket(topic, '1'), publishPacket(topic, '2'), publishPacket(topic, '3'))
    }
    await publisher.upToNow()

    const packets = await Promise.all(Array.from({ length: 9 }, () => subscriber.receiveA(PacketType.Publish)))
    const aliases = packets.map(({ properties }) => properties.topicAlias)
    expect(aliases.every(alias => alias === undefined || (alias >= 1 && alias <= 2))).toBe(true)
    expect(resolved(packets)).toEqual(['to/a', 'to/a', 'to/a', 'to/b', 'to/b', 'to/b', 'to/c', 'to/c', 'to/c'])
    expect(packets.some(({ topic }) => topic === '')).toBe(true)
  })

  test('[MQTT-3.3.2-11] a Topic Alias goes out with the topic first, then in place of it', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { properties: { topicAliasMaximum: 1 } }, ['wire'])
    const bytes = recordBytes(subscriber)

    publisher.send(publishPacket('wire', '1'), publishPacket('wire', '2'), publishPacket('wire', '3'))
    await subscriber.take(3)

    expect(bytes()).toBe(
      ['3008 0004 77697265 00 31', '300b 0004 77697265 03 230001 32', '3007 0000 03 230001 33']
        .join('')
        .replaceAll(' ', ''),
    )
  })

  test.each([undefined, 0])(
    '[MQTT-3.3.2-11] to a Client whose Topic Alias Maximum is %s none is sent',
    async topicAliasMaximum => {
      const publisher = await publisherOf(server)
      const subscriber = await subscriberOf(server, { properties: { topicAliasMaximum } }, ['none'])

      publisher.send(publishPacket('none', '1'), publishPacket('none', '2'), publishPacket('none', '3'))

      expect(await subscriber.take(3)).toEqual(["PUBLISH none '1'", "PUBLISH none '2'", "PUBLISH none '3'"])
    },
  )

  test('[MQTT-3.3.2-7] on the next Network Connection topics are sent in full again, re-sent messages included', async () => {
    const fields = { ...persistent(5, 'alias'), properties: { sessionExpiryInterval: 60, topicAliasMaximum: 5 } }
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, fields, [{ filter: 'next', qos: 1 }])
    publisher.send(
      publishPacket('next', '1', { qos: 1, packetId: 1 }),
      publishPacket('next', '2', { qos: 1, packetId: 2 }),
      publishPacket('next', '3', { qos: 1, packetId: 3 }),
    )
    await subscriber.take(3)
    subscriber.drop()

    const back = server.dial(fields)
    await back.next()

    const packets = [
      await back.receiveA(PacketType.Publish),
      await back.receiveA(PacketType.Publish),
      await back.receiveA(PacketType.Publish),
    ]
    expect(packets[0]).toMatchObject({ topic: 'next', dup: true })
    expect(resolved(packets)).toEqual(['next', 'next', 'next'])
  })

  test('[MQTT-3.3.2-7] a Client that comes back without Topic Alias Maximum gets no aliases any more', async () => {
    const fields = persistent(5, 'alias-less')
    const aliases = { ...fields, properties: { sessionExpiryInterval: 60, topicAliasMaximum: 5 } }
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, aliases, ['less'])
    publisher.send(publishPacket('less', '1'), publishPacket('less', '2'), publishPacket('less', '3'))
    await subscriber.take(3)
    subscriber.drop()

    const back = await server.connect(fields)
    publisher.send(publishPacket('less', '4'), publishPacket('less', '5'))

    expect(await back.take(2)).toEqual(["PUBLISH less '4'", "PUBLISH less '5'"])
  })

  test('[MQTT-3.3.2-11] aliases work for retained messages, and a new Subscription changes nothing about them', async () => {
    const publisher = await publisherOf(server)
    publisher.send(publishPacket('both', 'kept', { retain: true }))
    await publisher.upToNow()
    const subscriber = await subscriberOf(server, { properties: { topicAliasMaximum: 5 } }, ['both'])
    publisher.send(publishPacket('both', 'live'))
    const packets = [await subscriber.receiveA(PacketType.Publish), await subscriber.receiveA(PacketType.Publish)]

    subscriber.send(subscribePacket(2, ['both']))
    await subscriber.receiveA(PacketType.Suback)
    packets.push(await subscriber.receiveA(PacketType.Publish))

    expect(resolved(packets)).toEqual(['both', 'both', 'both'])
    expect(packets.map(({ retain }) => retain)).toEqual([true, false, true])
  })
})

/** The topics that a receiver finds, which follows the aliases; fails when it cannot. */
function resolved(packets: readonly Publish[]): string[] {
  const topics = new Map<number, string>()
  return packets.map(({ topic, properties: { topicAlias } }) => {
    if (topicAlias === undefined) return topic || 'no topic'
    if (topic !== '') topics.set(topicAlias, topic)
    return topics.get(topicAlias) ?? `unknown alias ${topicAlias}`
  })
}
