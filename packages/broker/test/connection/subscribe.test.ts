import { describe, expect, test } from 'vitest'
import { publishPacket, type Request, subscribePacket, unsubscribePacket } from '../support/packets.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { type Version, v5, versions } from '../support/versions.ts'

async function setUp({ version }: Version, options: StageOptions = {}) {
  const stage = new Stage(options)
  const client = await stage.connect({ protocolVersion: version })
  const publisher = await stage.connect({ clientId: 'publisher' })
  return { stage, client, publisher }
}

describe.each(versions)('in %s', version => {
  const is5 = version === v5

  test('[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.9.3-1] [MQTT3-3.8.4-1] [MQTT3-3.8.4-2] [MQTT3-3.8.4-5] [MQTT3-3.9.3-1] SUBACK answers each filter in order', async () => {
    const { client } = await setUp(version)

    client.send(subscribePacket(65_535, [{ filter: 'a', qos: 2 }, { filter: 'b/+/c' }, { filter: '#', qos: 1 }]))

    expect(await client.upToNow()).toEqual(['SUBACK 65535 02 00 01'])
  })

  test('[MQTT-3.8.4-5] [MQTT3-3.8.4-4] filters of one SUBSCRIBE are taken one after the other: the last of the same name counts', async () => {
    const { client, publisher, stage } = await setUp(version)

    client.send(
      subscribePacket(1, [
        { filter: 'a', qos: 2 },
        { filter: 'a', qos: 1 },
      ]),
    )
    publisher.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }))

    expect(await client.upToNow()).toEqual(['SUBACK 1 02 01', "PUBLISH a 'x' qos 1 id 1"])
    expect(stage.broker.stats().subscriptions).toBe(1)
  })

  test('[MQTT-3.8.4-3] [MQTT3-3.8.4-3] a filter subscribed again replaces its options, and no message is lost or doubled', async () => {
    const { client, publisher } = await setUp(version)
    client.send(subscribePacket(1, [{ filter: 'a/+', qos: 0 }]))
    await client.next()

    publisher.send(publishPacket('a/b', '1', { qos: 2, packetId: 1 }))
    client.send(subscribePacket(2, [{ filter: 'a/+', qos: 2 }]))
    publisher.send(publishPacket('a/b', '2', { qos: 2, packetId: 2 }))

    expect(await client.upToNow()).toEqual(["PUBLISH a/b '1'", 'SUBACK 2 02', "PUBLISH a/b '2' qos 2 id 1"])
  })

  test('[MQTT-3.3.4-2] [MQTT3-3.3.5-1] overlapping Subscriptions give one copy at the highest QoS', async () => {
    const { client, publisher } = await setUp(version)
    client.send(subscribePacket(1, [{ filter: 'a/#', qos: 1 }, { filter: 'a/b', qos: 2 }, '+/b']))
    await client.next()

    publisher.send(publishPacket('a/b', 'x', { qos: 2, packetId: 1 }))

    expect(await client.upToNow()).toEqual(["PUBLISH a/b 'x' qos 2 id 1"])
  })

  test('[MQTT-3.10.4-1] [MQTT3-3.10.4-1] [MQTT-3.11.3-1] UNSUBSCRIBE compares filters character by character', async () => {
    const { client, publisher, stage } = await setUp(version)
    client.send(subscribePacket(1, ['a/+', 'a/b', 'a/#']))
    await client.next()

    client.send(unsubscribePacket(2, ['a/c', 'a/+', 'A/b', 'a/+', 'a']))
    publisher.send(publishPacket('a/b', 'x'))

    expect(await client.upToNow()).toEqual([is5 ? 'UNSUBACK 2 11 00 11 11 11' : 'UNSUBACK 2', "PUBLISH a/b 'x'"])
    expect(stage.broker.stats().subscriptions).toBe(2)
  })

  test('[MQTT-3.10.4-2] [MQTT3-3.10.4-2] after UNSUBSCRIBE nothing new comes', async () => {
    const { client, publisher } = await setUp(version)
    client.send(subscribePacket(1, ['a']))
    client.send(unsubscribePacket(2, ['a']))
    await client.take(2)

    publisher.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }))

    expect(await publisher.upToNow()).toEqual(['PUBACK 1 10'])
    expect(await client.upToNow()).toEqual([])
  })

  test('[MQTT-3.10.4-3] [MQTT3-3.10.4-3] deliveries that have begun are completed after UNSUBSCRIBE', async () => {
    const { stage, publisher } = await setUp(version)
    const client = await stage.connect(persistent(version.version, 'kept'))
    client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]))
    await stage.settle()
    publisher.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }))
    await stage.settle()

    client.send(unsubscribePacket(2, ['a']), '50 02 0001')

    expect((await client.upToNow()).slice(1)).toEqual([
      "PUBLISH a 'x' qos 2 id 1",
      is5 ? 'UNSUBACK 2 00' : 'UNSUBACK 2',
      'PUBREL 1',
    ])
  })

  test('a Subscription ends with a Session that ends', async () => {
    const { client, stage } = await setUp(version)
    client.send(subscribePacket(1, ['a', 'b/+']))
    await client.next()

    client.drop()
    await stage.settle()

    expect(stage.broker.stats()).toMatchObject({ subscriptions: 0, sessions: 1 })
  })
})

/** Filters at and beyond a limit of 3 each, and how SUBACK answers them in 5.0; 3.1.1 says 0x80. */
const limits = { topicLevelsMax: 3, filterLengthMax: 12, filterWildcardsMax: 2, subscriptionsMax: 3 }
const refused: [what: string, filters: Request[], codes: string][] = [
  ['topicLevelsMax', ['a/b/c', 'a/b/c/d', 'a/b/#', 'a/b/c/#'], '00 8f 00 8f'],
  ['filterLengthMax', ['x'.repeat(12), 'x'.repeat(13)], '00 8f'],
  ['filterWildcardsMax', ['+/+', '+/+/#', '+/+/+', '+/#'], '00 8f 8f 00'],
  ['subscriptionsMax', ['a', 'b', 'c', 'd', 'a'], '00 00 00 97 00'],
]
describe.each(versions)('in %s', version => {
  test.each(refused)('filters beyond %s are refused one by one', async (_, filters, codes) => {
    const { client } = await setUp(version, { limits })

    client.send(subscribePacket(1, filters))

    const expected = version === v5 ? codes : codes.replace(/8f|97/g, '80')
    expect(await client.upToNow()).toEqual([`SUBACK 1 ${expected}`])
  })

  test('after UNSUBSCRIBE there is room for another Subscription', async () => {
    const { client } = await setUp(version, { limits })
    client.send(subscribePacket(1, ['a', 'b', 'c']), unsubscribePacket(2, ['b']), subscribePacket(3, ['d', 'e']))

    expect((await client.upToNow())[2]).toBe(version === v5 ? 'SUBACK 3 00 97' : 'SUBACK 3 00 80')
  })

  test('more than filtersPerPacketMax filters in a SUBSCRIBE or UNSUBSCRIBE end the connection', async () => {
    const { stage, client } = await setUp(version, { limits: { filtersPerPacketMax: 3 } })
    const other = await stage.connect({ protocolVersion: version.version, clientId: 'other' })

    client.send(subscribePacket(1, ['a', 'b', 'c']), subscribePacket(2, ['a', 'b', 'c', 'd']))
    other.send(unsubscribePacket(1, ['a', 'b', 'c']), unsubscribePacket(2, ['a', 'b', 'c', 'd']))

    const end = version === v5 ? ['DISCONNECT 97'] : []
    expect((await client.closing()).slice(1)).toEqual(end)
    expect((await other.closing()).slice(1)).toEqual(end)
  })

  test('Shared Subscriptions are granted', async () => {
    const { client } = await setUp(version)

    client.send(subscribePacket(1, ['$share/group/a', 'a']))

    expect(await client.upToNow()).toEqual(['SUBACK 1 00 00'])
  })
})

const malformed: [what: string, bytes: string, reasonCode: string][] = [
  ['[MQTT-3.8.3-2] [MQTT3-3.8.3-3] SUBSCRIBE without a filter', '82 02 0001', '81'],
  ['[MQTT-3.10.3-2] [MQTT3-3.10.3-2] UNSUBSCRIBE without a filter', 'a2 02 0001', '81'],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2] a # that is not last', "82 0a 0001 0005 'a/#/b' 00", '81'],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3] a + beside other characters', "82 08 0001 0003 'a/+b' 00", '81'],
  ['[MQTT-4.7.3-1] [MQTT3-4.7.3-1] an empty filter', '82 05 0001 0000 00', '81'],
  ['[MQTT-3.8.3-5] [MQTT3-3.8.3-4] reserved bits of the options', "82 06 0001 0001 'a' c0", '81'],
  ['[MQTT-2.2.1-3] [MQTT3-2.3.1-1] Packet Identifier 0', "82 06 0000 0001 'a' 00", '81'],
]
test.each(malformed)('%s ends a connection of MQTT 3.1.1', async (_, bytes) => {
  const { client } = await setUp(versions[0]!)

  client.send(bytes)

  expect(await client.closing()).toEqual([])
})
test.each(malformed)('%s ends a connection of MQTT 5.0', async (_, bytes, reasonCode) => {
  const { client } = await setUp(v5)
  const [type, length, packetId, ...rest] = bytes.split(' ')
  const longer = (Number.parseInt(length!, 16) + 1).toString(16).padStart(2, '0')

  client.send([type, longer, packetId, '00', ...rest].join(' '))

  expect(await client.closing()).toEqual([`DISCONNECT ${reasonCode}`])
})

test('[MQTT-3.3.4-3] [MQTT-3.3.4-4] [MQTT-3.8.4-3] messages have the Subscription Identifiers that the Client gave last', async () => {
  const { client, publisher } = await setUp(v5)
  client.send(subscribePacket(1, ['a/b'], 7), subscribePacket(2, ['a/+'], 268_435_455), subscribePacket(3, ['#']))
  publisher.send(publishPacket('a/b', '1'))
  client.send(subscribePacket(4, ['a/b'], 8), subscribePacket(5, ['a/+']))
  publisher.send(publishPacket('a/b', '2'))

  const messages = (await client.upToNow()).filter(text => text.startsWith('PUBLISH'))

  expect(messages).toEqual([
    expect.stringMatching(/^PUBLISH a\/b '1' \{"subscriptionIdentifiers":\[(7,268435455|268435455,7)\]\}$/),
    `PUBLISH a/b '2' {"subscriptionIdentifiers":[8]}`,
  ])
})

test('[MQTT-3.8.3-3] No Local keeps a Client’s own messages away, retained ones too', async () => {
  const { client, publisher } = await setUp(v5)
  client.send(publishPacket('a', 'own', { retain: true }), subscribePacket(1, [{ filter: 'a', noLocal: true }]))
  client.send(publishPacket('a', 'own'))
  publisher.send(publishPacket('a', 'other', { retain: true }))
  client.send(subscribePacket(2, [{ filter: 'a', noLocal: true }]))

  expect(await client.upToNow()).toEqual([
    'SUBACK 1 00',
    "PUBLISH a 'other'",
    'SUBACK 2 00',
    "PUBLISH a 'other' retain",
  ])
})

test('[MQTT-3.8.3-3] in 3.1.1 a Client gets its own messages', async () => {
  const { client } = await setUp(versions[0]!)

  client.send(subscribePacket(1, ['a']), publishPacket('a', 'own'))

  expect(await client.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'own'"])
})

test('[MQTT-3.8.3-4] No Local on a Shared Subscription is a Protocol Error', async () => {
  const { client } = await setUp(v5)

  client.send("82 10 0001 00 000a '$share/g/a' 04")

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
})
