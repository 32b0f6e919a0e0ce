import type { PublishProperties } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket, pubrel, subscribePacket } from '../support/packets.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { type Version, v5, versions } from '../support/versions.ts'

/** A Client that subscribes to everything at QoS 0, and one of the version under test that publishes. */
async function setUp({ version }: Version, options: StageOptions = {}) {
  const stage = new Stage(options)
  const watcher = await stage.connect({ clientId: 'watcher' })
  watcher.send(subscribePacket(1, ['#']))
  await watcher.next()
  const client = await stage.connect({ protocolVersion: version, clientId: 'client' })
  return { stage, watcher, client }
}

describe.each(versions)('in %s', version => {
  const is5 = version === v5

  test('[MQTT-4.3.2-4] [MQTT3-4.3.2-2] [MQTT-2.2.1-5] [MQTT3-2.3.1-6] QoS 1 is answered with PUBACK of its identifier', async () => {
    const { client, watcher } = await setUp(version)

    client.send(publishPacket('a', 'x', { qos: 1, packetId: 65_535 }))

    expect(await client.upToNow()).toEqual(['PUBACK 65535'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH a 'x'"])
  })

  test('[MQTT-4.3.2-5] [MQTT3-4.3.2-2] after PUBACK the same identifier is another message, also with DUP', async () => {
    const { client, watcher } = await setUp(version)

    client.send(publishPacket('a', '1', { qos: 1, packetId: 7 }), publishPacket('a', '2', { qos: 1, packetId: 7 }))
    client.send(publishPacket('a', '3', { qos: 1, packetId: 7, dup: true }))

    expect(await client.upToNow()).toEqual(['PUBACK 7', 'PUBACK 7', 'PUBACK 7'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH a '1'", "PUBLISH a '2'", "PUBLISH a '3'"])
  })

  test('[MQTT-4.3.3-8] [MQTT-4.3.3-11] [MQTT3-4.3.3-2] QoS 2 is answered with PUBREC, PUBREL with PUBCOMP', async () => {
    const { client, watcher } = await setUp(version)

    client.send(publishPacket('a', 'x', { qos: 2, packetId: 7 }))
    expect(await client.upToNow()).toEqual(['PUBREC 7'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH a 'x'"])
    client.send(pubrel(7))

    expect(await client.upToNow()).toEqual(['PUBCOMP 7'])
    expect(await watcher.upToNow()).toEqual([])
  })

  test('[MQTT-4.3.3-10] [MQTT3-4.3.3-2] until PUBREL the same identifier is answered and not delivered again', async () => {
    const { client, watcher } = await setUp(version)
    const first = publishPacket('a', 'x', { qos: 2, packetId: 7 })

    client.send(first, { ...first, dup: true }, publishPacket('b', 'y', { qos: 2, packetId: 7 }))

    expect(await client.upToNow()).toEqual(['PUBREC 7', 'PUBREC 7', 'PUBREC 7'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH a 'x'"])
  })

  test('[MQTT-4.3.3-12] [MQTT3-4.3.3-2] after PUBCOMP the same identifier is another message', async () => {
    const { client, watcher } = await setUp(version)

    client.send(publishPacket('a', '1', { qos: 2, packetId: 7 }), pubrel(7))
    client.send(publishPacket('a', '2', { qos: 2, packetId: 7, dup: true }), pubrel(7))

    expect(await client.upToNow()).toEqual(['PUBREC 7', 'PUBCOMP 7', 'PUBREC 7', 'PUBCOMP 7'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH a '1'", "PUBLISH a '2'"])
  })

  test('[MQTT-4.3.3-10] [MQTT3-4.3.3-2] a repeated QoS 2 message is known on the next connection of its Session', async () => {
    const { stage, watcher } = await setUp(version)
    const client = await stage.connect(persistent(version.version, 'client'))
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 7 }))
    await stage.settle()
    client.drop()

    const again = await stage.connect(persistent(version.version, 'client'))
    again.send(publishPacket('a', 'x', { qos: 2, packetId: 7, dup: true }), pubrel(7), pubrel(7))

    expect(await again.upToNow()).toEqual(['PUBREC 7', 'PUBCOMP 7', 'PUBCOMP 7'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH a 'x'"])
  })

  test('[MQTT-3.1.2-4] [MQTT3-3.1.2-6] with Clean Start the same identifier is another message', async () => {
    const { stage, watcher } = await setUp(version)
    const client = await stage.connect(persistent(version.version, 'client'))
    client.send(publishPacket('a', '1', { qos: 2, packetId: 7 }))
    await stage.settle()
    client.drop()

    const again = await stage.connect({ protocolVersion: version.version, clientId: 'client', cleanStart: true })
    again.send(publishPacket('a', '2', { qos: 2, packetId: 7 }))

    expect(await again.upToNow()).toEqual(['PUBREC 7'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH a '1'", "PUBLISH a '2'"])
  })

  test('[MQTT-3.3.4-1] [MQTT3-3.3.4-1] answers come in the order of the messages', async () => {
    const { client } = await setUp(version)

    client.send(
      publishPacket('a', '', { qos: 2, packetId: 9 }),
      publishPacket('a', '', { qos: 1, packetId: 5 }),
      pubrel(9),
      publishPacket('a', ''),
      publishPacket('a', '', { qos: 1, packetId: 4 }),
    )

    expect(await client.upToNow()).toEqual(['PUBREC 9', 'PUBACK 5', 'PUBCOMP 9', 'PUBACK 4'])
  })

  test('[MQTT3-3.3.5-2] a message to a topic of the Server is answered and goes nowhere', async () => {
    const { client, stage } = await setUp(version)
    const other = await stage.connect({ clientId: 'other' })
    other.send(subscribePacket(1, ['$SYS/#']))
    await other.next()

    client.send(
      publishPacket('$SYS/x', '0'),
      publishPacket('$SYS/x', '1', { qos: 1, packetId: 1, retain: true }),
      publishPacket('$SYS', '2', { qos: 2, packetId: 2 }),
      publishPacket('$SYS', '3', { qos: 2, packetId: 2 }),
    )

    const denied = is5 ? ' 87' : ''
    expect(await client.upToNow()).toEqual([`PUBACK 1${denied}`, `PUBREC 2${denied}`, `PUBREC 2${denied}`])
    expect(await other.upToNow()).toEqual([])
    expect(stage.broker.stats()).toMatchObject({ retained: 0, traffic: { deniedPublishes: 4 } })
  })

  test('[MQTT-4.7.2-1] [MQTT3-4.7.2-1] other topics that begin with $ are for whoever names them', async () => {
    const { client, watcher } = await setUp(version)
    watcher.send(subscribePacket(2, ['$app/#', '+/x']))
    await watcher.next()

    client.send(publishPacket('$app/x', '1'), publishPacket('$SYSTEM', '2'))

    await client.upToNow()
    expect(await watcher.upToNow()).toEqual(["PUBLISH $app/x '1'"])
  })

  test('a Topic Name may have topicLevelsMax levels and not one more', async () => {
    const { client, watcher } = await setUp(version, { limits: { topicLevelsMax: 3 } })

    client.send(publishPacket('a/b/c', 'x'), publishPacket('a/b/c/d', 'x'))

    expect(await client.closing()).toEqual(is5 ? ['DISCONNECT 90'] : [])
    expect(await watcher.upToNow()).toEqual(["PUBLISH a/b/c 'x'"])
  })

  test('[MQTT-3.2.2-15] a packet may have packetBytesMax bytes and not one more', async () => {
    const { client, watcher } = await setUp(version, { limits: { packetBytesMax: 1_000 } })
    const fitting = publishPacket('a', 'x'.repeat(1_000 - 6 - (is5 ? 1 : 0)))
    const frame = client.encode([publishPacket('a', 'x'.repeat(995))])

    client.send(fitting)
    expect(await client.upToNow()).toEqual([])
    client.wire.write(frame.subarray(0, 3))

    expect(await client.closing()).toEqual(is5 ? ['DISCONNECT 95'] : [])
    expect((await watcher.upToNow())[0]).toMatch(/^PUBLISH a <99\d bytes>$/)
  })

  test('a payload passes as it is, empty, binary or large', async () => {
    const { client, stage, watcher } = await setUp(version)
    const payloads = [0, 1, 100, 16_383, 16_384, 70_000, 1_500_000].map(size => Buffer.alloc(size, 'çurlew\0'))

    client.send(...payloads.map(payload => publishPacket('a', payload)))
    await stage.settle()

    const received = watcher
      .takePackets()
      .map(packet => ('payload' in packet ? Buffer.from(packet.payload) : undefined))
    expect(received.map(payload => payload?.length)).toEqual(payloads.map(({ length }) => length))
    expect(received.every((payload, index) => payload?.equals(payloads[index]!))).toBe(true)
  })

  test('[MQTT-3.3.1-3] [MQTT3-3.3.1-3] DUP and RETAIN of the publisher are not passed on', async () => {
    const { client, watcher } = await setUp(version)

    client.send(publishPacket('a', 'x', { qos: 1, packetId: 1, dup: true, retain: true }))

    await client.next()
    expect(await watcher.upToNow()).toEqual(["PUBLISH a 'x'"])
  })
})

const unaltered: PublishProperties = {
  payloadFormatIndicator: 1,
  contentType: 'text/plain; charset=ü',
  responseTopic: 'answers/to/me',
  correlationData: Uint8Array.of(0, 255, 7),
  userProperties: [
    ['b', '2'],
    ['a', ''],
    ['b', '1'],
    ['', 'x'],
  ],
}

test('[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] properties pass unaltered', async () => {
  const { client, watcher } = await setUp(v5)

  client.send(publishPacket('a', 'x', { properties: unaltered }))

  const [text] = await watcher.upToNow()
  expect(JSON.parse(text!.slice("PUBLISH a 'x' ".length))).toEqual({ ...unaltered, correlationData: '00ff07' })
})

test('64 User Properties pass, and one more ends the connection with 0x97', async () => {
  const { client, watcher } = await setUp(v5)
  const userProperties = Array.from({ length: 64 }, (_, index) => [`name ${index}`, 'value'] as const)
  client.send(publishPacket('a', 'x', { properties: { userProperties } }))
  await client.upToNow()

  client.send(publishPacket('a', 'x', { properties: { userProperties: [...userProperties, ['one', 'more']] } }))

  expect(await client.closing()).toEqual(['DISCONNECT 97'])
  expect(await watcher.upToNow()).toHaveLength(1)
})

test('properties of 5.0 stay away from a Client of 3.1.1', async () => {
  const { stage, client } = await setUp(v5)
  const old = await stage.connect({ protocolVersion: 4, clientId: 'old' })
  old.send(subscribePacket(1, ['#']))

  client.send(publishPacket('a', 'x', { properties: { ...unaltered, messageExpiryInterval: 10 } }))
  await client.upToNow()

  expect(await old.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'x'"])
})

test('[MQTT-3.4.2-1] PUBACK and PUBREC say 0x10 when nobody subscribes', async () => {
  const stage = new Stage()
  const client = await stage.connect()

  client.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }), publishPacket('a', 'x', { qos: 2, packetId: 2 }))

  expect(await client.upToNow()).toEqual(['PUBACK 1 10', 'PUBREC 2 10'])
})
