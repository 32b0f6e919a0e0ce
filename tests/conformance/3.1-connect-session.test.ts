import { PacketType, type ProtocolVersion, ReasonCode } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { persistent, Stage } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { packet } from './support/bytes.ts'
import { type Client, serverFor } from './support/rules.ts'

const server = serverFor()

/** Sends DISCONNECT and waits until the Server has taken it. */
async function disconnect(client: Client): Promise<void> {
  client.send('e0 00')
  await client.closing()
}

/** A Client that has left behind a Session with a Subscription to `topic` at QoS 2. */
async function leaveSession(version: ProtocolVersion, clientId: string, topic: string): Promise<void> {
  const client = await server.connect(persistent(version, clientId))
  client.send(subscribePacket(1, [{ filter: topic, qos: 2 }]))
  await client.next()
  await disconnect(client)
}

async function publishAll(topic: string): Promise<void> {
  const publisher = await server.connect({ clientId: 'publisher' })
  publisher.send(publishPacket(topic, 'zero'), publishPacket(topic, 'one', { qos: 1, packetId: 1 }))
  publisher.send(publishPacket(topic, 'two', { qos: 2, packetId: 2 }))
  await publisher.upToNow()
}

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-3.1.2-4] [MQTT3-3.1.2-6] [MQTT-3.1.4-4] [MQTT3-3.1.4-3] Clean Start discards the Session that is there', async () => {
    const fields = persistent(version, `clean-${version}`)
    const topic = `clean/${version}`
    await leaveSession(version, `clean-${version}`, topic)
    await publishAll(topic)

    const client = server.dial({ ...fields, cleanStart: true })

    expect(await client.upToNow()).toEqual(['CONNACK 00'])
    await publishAll(topic)
    expect(await client.upToNow()).toEqual([])
  })

  test('[MQTT-3.1.2-5] [MQTT3-3.1.2-4] without Clean Start the Session goes on: Subscriptions and what is not acknowledged', async () => {
    const fields = persistent(version, `resume-${version}`)
    const topic = `resume/${version}`
    const first = await server.connect(fields)
    first.send(subscribePacket(1, [{ filter: topic, qos: 1 }]), publishPacket(topic, 'a', { qos: 1, packetId: 1 }))
    await first.upToNow()
    await disconnect(first)

    const second = server.dial(fields)

    expect(await second.upToNow()).toEqual(['CONNACK 00 session-present', `PUBLISH ${topic} 'a' qos 1 id 1 dup`])
    second.send('40 02 0001', publishPacket(topic, 'b'))
    expect(await second.upToNow()).toEqual([`PUBLISH ${topic} 'b'`])
  })

  test('[MQTT-3.1.2-5] [MQTT3-3.1.2-4] the Server knows the QoS 2 messages that it has received before', async () => {
    const fields = persistent(version, `received-${version}`)
    const watcher = await server.connect({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['received']))
    const first = await server.connect(fields)
    first.send(publishPacket('received', 'x', { qos: 2, packetId: 7 }))
    expect(await first.next()).toBe('PUBREC 7')
    await disconnect(first)

    const second = await server.connect(fields)
    second.send(publishPacket('received', 'x', { qos: 2, packetId: 7, dup: true }), '62 02 0007')

    expect(await second.upToNow()).toEqual(['PUBREC 7', 'PUBCOMP 7'])
    expect(await watcher.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH received 'x'"])
  })

  test('[MQTT-3.1.2-6] [MQTT3-3.1.2-4] without Clean Start a Session that is not there is created', async () => {
    const fields = persistent(version, `create-${version}`)
    const first = server.dial(fields)
    expect(await first.next()).toBe('CONNACK 00')
    await disconnect(first)

    const second = server.dial(fields)

    expect(await second.next()).toBe('CONNACK 00 session-present')
  })

  test('[MQTT-3.1.2-23] [MQTT3-3.1.2-4] [MQTT3-3.1.2-5] the Session is stored after the connection, and what comes for it', async () => {
    const topic = `stored/${version}`
    await leaveSession(version, `stored-${version}`, topic)
    await publishAll(topic)

    const client = server.dial(persistent(version, `stored-${version}`))

    const came = await client.upToNow()
    expect(came.filter(text => !text.includes("'zero'"))).toEqual([
      'CONNACK 00 session-present',
      `PUBLISH ${topic} 'one' qos 1 id ${came.length - 2}`,
      `PUBLISH ${topic} 'two' qos 2 id ${came.length - 1}`,
    ])
  })

  test('[MQTT-3.1.2-23] [MQTT3-3.1.2-4] a lost connection leaves the Session as well', async () => {
    const fields = persistent(version, `lost-${version}`)
    const first = await server.connect(fields)
    first.drop()

    const second = server.dial(fields)

    expect(await second.next()).toBe('CONNACK 00 session-present')
  })

  test('[MQTT-3.1.3-2] [MQTT3-3.1.3-2] the Client Identifier tells Sessions apart, letter by letter', async () => {
    await leaveSession(version, `Session-${version}`, `mine/${version}`)

    const other = server.dial(persistent(version, `session-${version}`))
    const own = server.dial(persistent(version, `Session-${version}`))

    expect(await other.next()).toBe('CONNACK 00')
    expect(await own.next()).toBe('CONNACK 00 session-present')
    other.send(publishPacket(`mine/${version}`, 'x'))
    expect(await other.upToNow()).toEqual([])
    expect(await own.upToNow()).toEqual([`PUBLISH mine/${version} 'x'`])
  })

  const letters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
  const identifiers = ['0', 'Z', letters.slice(0, 23), letters.slice(23, 46), letters.slice(39)]
  test.each(identifiers)('[MQTT-3.1.3-5] [MQTT3-3.1.3-5] the Client Identifier %s is allowed', async clientId => {
    const client = server.dial({ protocolVersion: version, clientId })

    expect(await client.next()).toBe('CONNACK 00')
  })

  test('[MQTT-3.1.3-6] [MQTT3-3.1.3-6] Clients with an empty Client Identifier get one each', async () => {
    const first = await server.connect({ protocolVersion: version, clientId: '' })
    const second = await server.connect({ protocolVersion: version, clientId: '' })

    first.send(subscribePacket(1, ['both']))
    second.send(subscribePacket(1, ['both']), publishPacket('both', 'x'))

    expect(await second.take(2)).toEqual(['SUBACK 1 00', "PUBLISH both 'x'"])
    expect(await first.take(2)).toEqual(['SUBACK 1 00', "PUBLISH both 'x'"])
  })

  test('[MQTT-3.1.4-3] [MQTT3-3.1.4-2] the connection that has the Client Identifier is closed', async () => {
    const first = await server.connect(persistent(version, `taken-${version}`))

    const second = server.dial(persistent(version, `taken-${version}`))

    expect(await second.next()).toBe('CONNACK 00 session-present')
    expect(await first.closing()).toEqual(version === 5 ? ['DISCONNECT 8e'] : [])
    expect(await second.upToNow()).toEqual([])
  })

  test('[MQTT-3.1.4-4] [MQTT3-3.1.4-3] Clean Start counts for the Session of a connection that is taken over', async () => {
    const fields = persistent(version, `over-${version}`)
    const first = await server.connect(fields)
    first.send(subscribePacket(1, [`over/${version}`]))
    await first.next()

    const second = server.dial({ ...fields, cleanStart: true })

    expect(await second.next()).toBe('CONNACK 00')
    second.send(publishPacket(`over/${version}`, 'x'))
    expect(await second.upToNow()).toEqual([])
  })

  test('[MQTT-3.1.4-5] [MQTT3-3.1.4-4] CONNECT is acknowledged with CONNACK 0', async () => {
    const client = server.open(version)

    client.send(packet('10', `0004 'MQTT' 0${version} 02 003c ${version === 5 ? '00' : ''} 0002 'ok'`))

    expect(await client.upToNow()).toEqual(['CONNACK 00'])
  })
})

describe.each(versions)('at a Server that refuses everybody, in %s', ({ version }) => {
  const refusing = serverFor({
    capabilities: { serverReference: { reasonCode: ReasonCode.UseAnotherServer, reference: 'elsewhere' } },
  })

  test('[MQTT-3.1.4-6] [MQTT3-3.1.4-5] what follows the CONNECT is not processed', async () => {
    const client = refusing.open(version)
    const connect = packet('10', `0004 'MQTT' 0${version} 02 0000 ${version === 5 ? '00' : ''} 0001 'c'`)

    client.send(connect, publishPacket('a', 'x', { qos: 1, packetId: 1, retain: true }), connect)
    client.send(subscribePacket(2, ['#']), 'c0 00')

    expect(await client.closing()).toEqual([version === 5 ? 'CONNACK 9c' : 'CONNACK 03'])
    expect(refusing.broker.stats()).toMatchObject({ sessions: 0, subscriptions: 0, retained: 0 })
  })
})

test('[MQTT3-3.1.2-6] in 3.1.1 nothing of a Clean Session is used again', async () => {
  const fields = { protocolVersion: 4, clientId: 'clean-before' } as const
  const first = await server.connect({ ...fields, cleanStart: true })
  first.send(subscribePacket(1, [{ filter: 'before', qos: 1 }]))
  await first.next()
  await disconnect(first)

  const second = server.dial({ ...fields, cleanStart: false })

  expect(await second.next()).toBe('CONNACK 00')
  second.send(publishPacket('before', 'x'))
  expect(await second.upToNow()).toEqual([])
})

test('[MQTT3-3.1.2-7] retained messages do not go with the Session of whoever sent them', async () => {
  const sender = await server.connect({ protocolVersion: 4, clientId: 'retains', cleanStart: true })
  sender.send(publishPacket('retained', 'kept', { retain: true, qos: 1, packetId: 1 }))
  await sender.next()
  await disconnect(sender)
  await server.connect({ protocolVersion: 4, clientId: 'retains', cleanStart: true })

  const reader = await server.connect({ protocolVersion: 4, clientId: 'reader' })
  reader.send(subscribePacket(1, ['retained']))

  expect(await reader.take(2)).toEqual(['SUBACK 1 00', "PUBLISH retained 'kept' retain"])
})

test('[MQTT-3.1.3-7] [MQTT-3.2.2-16] in 5.0 the assigned identifier is returned, and it is that of the Session', async () => {
  const fields = { cleanStart: false, properties: { sessionExpiryInterval: 600 } }
  const first = server.dial({ ...fields, clientId: '' })
  const { assignedClientIdentifier = '' } = (await first.receiveA(PacketType.Connack)).properties
  await disconnect(first)

  const second = server.dial({ ...fields, clientId: assignedClientIdentifier })

  expect(assignedClientIdentifier).not.toBe('')
  expect(await second.next()).toBe('CONNACK 00 session-present')
})

test('[MQTT-3.1.3-8] in 5.0 a Client Identifier that may not be is refused, and the connection closed', async () => {
  const client = server.open()

  client.send("10 0f 0004 'MQTT' 05 02 0000 00 0002 'c' 00")

  expect(await client.closing()).toEqual(['CONNACK 85'])
})

test('[MQTT3-3.1.3-7] [MQTT3-3.1.3-8] [MQTT3-3.1.3-9] an empty Client Identifier without Clean Session is refused with 2', async () => {
  const client = server.open(4)

  client.send("10 0c 0004 'MQTT' 04 00 0000 0000")

  expect(await client.closing()).toEqual(['CONNACK 02'])
})

const lives: [expiry: number, afterMs: number, connack: string][] = [
  [0, 0, 'CONNACK 00'],
  [10, 9_000, 'CONNACK 00 session-present'],
  [10, 10_200, 'CONNACK 00'],
  [600, 590_000, 'CONNACK 00 session-present'],
]
test.each(lives)('[MQTT-3.1.2-23] Session Expiry Interval %i, after %i ms: %s', async (expiry, afterMs, connack) => {
  const stage = new Stage()
  const fields = { cleanStart: false, properties: { sessionExpiryInterval: expiry } }
  const first = await stage.connect(fields)
  first.drop()
  await stage.advance(afterMs)

  const second = await stage.dial(fields)

  expect(await second.next()).toBe(connack)
})
