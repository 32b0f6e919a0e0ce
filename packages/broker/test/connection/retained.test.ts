import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket, unsubscribePacket } from '../support/packets.ts'
import { Stage, type StageOptions } from '../support/stage.ts'
import { type Version, v5, versions } from '../support/versions.ts'

const retained = (topic: string, payload: string, fields: object = {}) =>
  publishPacket(topic, payload, { retain: true, ...fields })

async function setUp({ version }: Version, options: StageOptions = {}) {
  const stage = new Stage(options)
  const publisher = await stage.connect({ clientId: 'publisher' })
  const client = await stage.connect({ protocolVersion: version })
  return { stage, publisher, client }
}

describe.each(versions)('in %s', version => {
  test('[MQTT-3.3.1-9] [MQTT3-3.3.1-6] [MQTT3-3.3.1-8] a new Subscription gets the last retained message of each topic, after its SUBACK', async () => {
    const { publisher, client } = await setUp(version)
    publisher.send(retained('a/1', 'old'), retained('a/1', 'new'), retained('a/2', 'x'), retained('b', 'x'))
    await publisher.upToNow()

    client.send(subscribePacket(1, ['a/+']))

    const [suback, ...messages] = await client.upToNow()
    expect(suback).toBe('SUBACK 1 00')
    expect(messages.sort()).toEqual(["PUBLISH a/1 'new' retain", "PUBLISH a/2 'x' retain"])
  })

  test('[MQTT-3.8.4-8] [MQTT3-3.8.4-6] a retained message comes at the lower of its QoS and the granted one', async () => {
    const { publisher, client } = await setUp(version)
    publisher.send(
      retained('0', 'x'),
      retained('1', 'x', { qos: 1, packetId: 1 }),
      retained('2', 'x', { qos: 2, packetId: 2 }),
    )
    await publisher.upToNow()

    client.send(subscribePacket(1, [{ filter: '#', qos: 1 }]))

    expect((await client.upToNow()).slice(1).sort()).toEqual([
      "PUBLISH 0 'x' retain",
      expect.stringMatching(/^PUBLISH 1 'x' qos 1 id \d retain$/),
      expect.stringMatching(/^PUBLISH 2 'x' qos 1 id \d retain$/),
    ])
  })

  test('[MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT3-3.3.1-10] [MQTT3-3.3.1-11] an empty payload is delivered, and clears', async () => {
    const { stage, publisher, client } = await setUp(version)
    publisher.send(retained('a', 'x'))
    client.send(subscribePacket(1, ['a']))
    await client.take(2)

    publisher.send(retained('a', ''), retained('never', ''))
    expect(await client.upToNow()).toEqual(["PUBLISH a ''"])
    client.send(subscribePacket(2, ['#']))

    expect(await client.upToNow()).toEqual(['SUBACK 2 00'])
    expect(stage.broker.stats().retained).toBe(0)
  })

  test('[MQTT-3.3.1-8] [MQTT3-3.3.1-12] a message without RETAIN leaves the retained one alone', async () => {
    const { publisher, client } = await setUp(version)
    publisher.send(retained('a', 'kept'), publishPacket('a', 'passing'), publishPacket('a', ''))
    await publisher.upToNow()

    client.send(subscribePacket(1, ['a']))

    expect(await client.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'kept' retain"])
  })

  test('[MQTT-3.8.4-4] [MQTT3-3.8.4-3] subscribing again brings the retained messages again', async () => {
    const { publisher, client } = await setUp(version)
    publisher.send(retained('a', 'x'))
    client.send(subscribePacket(1, ['a']))
    await client.take(2)

    client.send(subscribePacket(2, ['a']))

    expect(await client.upToNow()).toEqual(['SUBACK 2 00', "PUBLISH a 'x' retain"])
  })

  test('[MQTT3-3.1.2-7] retained messages outlive the Session of their publisher', async () => {
    const { stage, publisher, client } = await setUp(version)
    publisher.send(retained('a', 'x'))
    publisher.send('e0 00')
    await stage.settle()

    client.send(subscribePacket(1, ['a']))

    expect(await client.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'x' retain"])
  })

  test('a message that retainedCountMax or retainedBytesMax keeps out is refused whole, and what is there stays', async () => {
    const { stage, publisher, client } = await setUp(version, {
      limits: { retainedCountMax: 1, retainedBytesMax: 100 },
    })
    client.send(subscribePacket(1, ['#']), retained('a', 'x'))
    await client.take(2)

    client.send(retained('b', 'x', { qos: 1, packetId: 1 }), retained('a', 'x'.repeat(100), { qos: 1, packetId: 2 }))

    const refused = version === v5 ? ' 97' : ''
    expect(await client.upToNow()).toEqual([`PUBACK 1${refused}`, `PUBACK 2${refused}`])
    publisher.send(subscribePacket(1, ['#']))
    expect(await publisher.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'x' retain"])
    expect(stage.broker.stats().retained).toBe(1)
  })
})

const handling: [what: string, retainHandling: 0 | 1 | 2, first: number, second: number][] = [
  ['[MQTT-3.3.1-9] Retain Handling 0 sends them each time', 0, 1, 1],
  ['[MQTT-3.3.1-10] Retain Handling 1 sends them for a Subscription that is new', 1, 1, 0],
  ['[MQTT-3.3.1-11] Retain Handling 2 never sends them', 2, 0, 0],
]
test.each(handling)('%s', async (_, retainHandling, first, second) => {
  const { publisher, client } = await setUp(v5)
  publisher.send(retained('a', 'x'))
  await publisher.upToNow()

  client.send(subscribePacket(1, [{ filter: 'a', retainHandling }]))
  const counts = [(await client.upToNow()).length - 1]
  client.send(subscribePacket(2, [{ filter: 'a', retainHandling }]))
  counts.push((await client.upToNow()).length - 1)

  expect(counts).toEqual([first, second])
})

test('[MQTT-3.3.1-12] [MQTT-3.3.1-13] the RETAIN flag of live messages follows Retain As Published', async () => {
  const { publisher, client } = await setUp(v5)
  client.send(subscribePacket(1, [{ filter: 'kept', retainAsPublished: true }, 'cleared']))
  await client.next()

  publisher.send(retained('kept', '1'), publishPacket('kept', '2'), retained('cleared', '3'))

  expect(await client.upToNow()).toEqual(["PUBLISH kept '1' retain", "PUBLISH kept '2'", "PUBLISH cleared '3'"])
})

test('[MQTT3-3.3.1-9] in 3.1.1 live messages have RETAIN 0', async () => {
  const { publisher, client } = await setUp(versions[0]!)
  client.send(subscribePacket(1, ['a']))
  await client.next()

  publisher.send(retained('a', 'x'))

  expect(await client.upToNow()).toEqual(["PUBLISH a 'x'"])
})

test('[MQTT-3.3.2-5] [MQTT-3.3.2-6] a retained message says how long it has left, and is gone when nothing is left', async () => {
  const { stage, publisher, client } = await setUp(v5)
  publisher.send(retained('a', 'x', { properties: { messageExpiryInterval: 10 } }))
  await publisher.upToNow()

  await stage.advance(4_000)
  client.send(subscribePacket(1, ['a']))
  expect((await client.upToNow())[1]).toBe(`PUBLISH a 'x' retain {"messageExpiryInterval":6}`)
  await stage.advance(6_000)
  client.send(subscribePacket(2, ['a']))

  expect(await client.upToNow()).toEqual(['SUBACK 2 00'])
  expect(stage.broker.stats().retained).toBe(0)
})

test('a Subscription Identifier goes with retained messages too', async () => {
  const { publisher, client } = await setUp(v5)
  publisher.send(retained('a', 'x'))
  await publisher.upToNow()

  client.send(subscribePacket(1, ['a', '#'], 7))

  expect((await client.upToNow()).slice(1)).toEqual(
    Array(2).fill(`PUBLISH a 'x' retain {"subscriptionIdentifiers":[7]}`),
  )
})

test('[MQTT-3.8.4-5] a filter that stands in one SUBSCRIBE many times brings its retained messages once, in the last one’s terms', async () => {
  const { publisher, client } = await setUp(v5)
  publisher.send(retained('a', 'x', { qos: 1, packetId: 1 }), retained('b', 'x'))
  await publisher.upToNow()

  client.send(
    subscribePacket(1, [
      { filter: '#', qos: 0 },
      { filter: 'b', retainHandling: 1 },
      ...Array.from({ length: 100 }, () => ({ filter: '#', qos: 1 as const })),
      { filter: 'b', retainHandling: 1 },
    ]),
  )

  expect((await client.upToNow()).slice(1).sort()).toEqual([
    "PUBLISH a 'x' qos 1 id 1 retain",
    "PUBLISH b 'x' retain",
    "PUBLISH b 'x' retain",
  ])
})

test('[MQTT-3.10.4-2] after UNSUBSCRIBE no retained message of the Subscription follows', async () => {
  const { stage, publisher, client } = await setUp(v5, { limits: { outputHighWaterBytes: 1_000 } })
  for (let index = 0; index < 100; index++) publisher.send(retained(`a/${index}`, 'x'.repeat(100)))
  await publisher.upToNow()
  client.wire.freeze()
  client.send(subscribePacket(1, ['a/#', 'a/1']))
  await stage.settle()

  client.send(unsubscribePacket(2, ['a/#']))
  await stage.settle()
  client.wire.thaw()
  await stage.settle()
  const beforeUnsuback = client.takeAll()

  expect(beforeUnsuback.length).toBeLessThan(30)
  expect(beforeUnsuback).toContain('UNSUBACK 2 00')
  expect(await client.upToNow()).toEqual([])
})
