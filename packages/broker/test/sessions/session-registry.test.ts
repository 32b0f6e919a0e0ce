import { describe, expect, test } from 'vitest'
import { connectPacket, disconnectPacket, publishPacket, subscribePacket } from '../support/packets.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { type Version, v5, v311, versions } from '../support/versions.ts'

/** A Client with a Session that outlives its connection, subscribed to `#` at QoS 2, and a publisher. */
async function setUp({ version }: Version, options: StageOptions = {}) {
  const stage = new Stage(options)
  const fields = persistent(version, 'client')
  const client = await stage.connect(fields)
  client.send(subscribePacket(1, [{ filter: '#', qos: 2 }]))
  await client.next()
  const publisher = await stage.connect({ clientId: 'publisher', keepAlive: 0 })
  return { stage, fields, client, publisher }
}

describe.each(versions)('in %s', version => {
  const is5 = version === v5

  test('[MQTT-3.1.4-3] [MQTT3-3.1.4-2] a second connection of a Client ends the first, in 5.0 with 0x8E, and has the Session', async () => {
    const { stage, fields, client, publisher } = await setUp(version)

    const second = await stage.dial(fields)
    publisher.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }))
    await publisher.next()

    expect(await client.closing()).toEqual(is5 ? ['DISCONNECT 8e'] : [])
    expect(await second.upToNow()).toEqual(['CONNACK 00 session-present', "PUBLISH a 'x' qos 1 id 1"])
    expect(stage.broker.stats().sessions).toBe(2)
  })

  test('a connection that has been taken over cannot touch the Session any more', async () => {
    const { stage, fields, client } = await setUp(version)
    const second = await stage.connect(fields)

    client.send('a2 04 0001 0001 23', 'e0 00', publishPacket('a', 'x'))
    client.drop()
    await stage.settle()

    expect(await second.upToNow()).toEqual([])
    expect(stage.broker.stats()).toMatchObject({ subscriptions: 1, connections: 2 })
  })

  test('a Client that takes itself over again and again leaves one Session and one connection', async () => {
    const { stage, fields } = await setUp(version)

    for (let round = 0; round < 50; round++) {
      const next = await stage.connect(fields)
      next.send(subscribePacket(1, [{ filter: `f/${round % 3}`, qos: 1 }]))
    }
    await stage.advance(2_000)

    expect(stage.broker.stats()).toMatchObject({ sessions: 2, subscriptions: 4, connections: 2 })
  })

  test('two connections of a Client in one turn: the later one has the Session', async () => {
    const { stage, fields } = await setUp(version)
    const [third, fourth] = [await stage.open(version.version), await stage.open(version.version)]

    third.send(connectPacket(fields))
    fourth.send(connectPacket(fields))
    await stage.settle()

    expect(await third.closing()).toEqual(['CONNACK 00 session-present', ...(is5 ? ['DISCONNECT 8e'] : [])])
    expect(await fourth.upToNow()).toEqual(['CONNACK 00 session-present'])
  })

  test('[MQTT-3.1.2-5] [MQTT-3.2.2-3] [MQTT3-3.1.2-4] [MQTT3-3.2.2-2] [MQTT3-3.2.2-3] without Clean Start a Session is found again, or made', async () => {
    const { stage, fields, client } = await setUp(version)
    client.drop()

    const found = await stage.dial(fields)
    const made = await stage.dial({ ...fields, clientId: 'new' })

    expect([await found.next(), await made.next()]).toEqual(['CONNACK 00 session-present', 'CONNACK 00'])
  })

  test('[MQTT-3.1.2-4] [MQTT-3.2.2-2] [MQTT3-3.1.2-6] [MQTT3-3.2.2-1] Clean Start ends the Session that is there, whole', async () => {
    const { stage, fields, client, publisher } = await setUp(version)
    publisher.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }))
    client.drop()

    const fresh = await stage.dial({ ...fields, cleanStart: true })
    publisher.send(publishPacket('a', 'y', { qos: 1, packetId: 2 }))
    await stage.settle()

    expect(await fresh.upToNow()).toEqual(['CONNACK 00'])
    expect(stage.broker.stats()).toMatchObject({ subscriptions: 0, sessions: 2 })
  })

  test('[MQTT3-3.1.2-6] [MQTT-4.1.0-2] a Session that was not to be kept ends with its connection', async () => {
    const stage = new Stage()
    const fields = { protocolVersion: version.version, clientId: 'client' }
    const client = await stage.connect({ ...fields, cleanStart: true })
    client.send(subscribePacket(1, ['a']))
    client.drop()
    await stage.settle()

    expect(stage.broker.stats()).toMatchObject({ sessions: 0, subscriptions: 0 })
    const again = await stage.dial({ ...persistent(version.version, 'client') })
    expect(await again.next()).toBe('CONNACK 00')
  })

  test('[MQTT-4.5.0-1] [MQTT3-3.1.2-5] QoS 1 and 2 wait for a Client that is away, in order; QoS 0 does not', async () => {
    const { stage, fields, client, publisher } = await setUp(version)
    client.drop()
    await stage.settle()

    for (const [index, qos] of ([1, 0, 2, 1] as const).entries()) {
      publisher.send(publishPacket(`t/${index}`, 'x', { qos, packetId: qos === 0 ? 0 : index + 1 }))
    }
    await publisher.upToNow()

    const back = await stage.dial(fields)
    expect(await back.upToNow()).toEqual([
      'CONNACK 00 session-present',
      "PUBLISH t/0 'x' qos 1 id 1",
      "PUBLISH t/2 'x' qos 2 id 2",
      "PUBLISH t/3 'x' qos 1 id 3",
    ])
  })

  test('a Session may go from one version to another and back', async () => {
    const { stage, client, publisher } = await setUp(version)
    client.drop()
    await stage.settle()
    publisher.send(publishPacket('a', 'x', { qos: 1, packetId: 1, properties: { contentType: 'text/plain' } }))
    await publisher.next()
    const other = version === v5 ? v311 : v5

    const back = await stage.dial(persistent(other.version, 'client'))

    const properties = other === v5 ? ' {"contentType":"text/plain"}' : ''
    expect(await back.upToNow()).toEqual(['CONNACK 00 session-present', `PUBLISH a 'x' qos 1 id 1${properties}`])
  })
})

/** Seconds after the end of a connection until the Session has ended, or `undefined` when it is there after an hour. */
async function lifetime(stage: Stage, end: () => void): Promise<number | undefined> {
  end()
  await stage.settle()
  for (let second = 0; second <= 3_600; second++) {
    if (stage.broker.stats().sessions === 0) return second
    await stage.advance(1_000)
  }
  return undefined
}

const expiries: [what: string, asked: number | undefined, seconds: number | undefined][] = [
  ['none', undefined, 0],
  ['0', 0, 0],
  ['10', 10, 10],
  ['more than the limit', 5_000, 100],
  ['that of no expiry', 0xffffffff, 100],
]
test.each(expiries)(
  '[MQTT-3.1.2-23] [MQTT-4.1.0-2] with a Session Expiry Interval of %s and a limit of 100 a Session lives that long',
  async (_, asked, seconds) => {
    const stage = new Stage({ limits: { sessionExpiryIntervalMax: 100 } })
    const client = await stage.connect({ properties: { sessionExpiryInterval: asked }, keepAlive: 600 })
    await stage.advance(200_000)

    expect(await lifetime(stage, () => client.drop())).toBe(seconds)
  },
)

test('[MQTT3-3.1.2-4] without Clean Session a Session of 3.1.1 lives as long as sessionExpiryIntervalMax', async () => {
  const stage = new Stage({ limits: { sessionExpiryIntervalMax: 100 } })
  const client = await stage.connect(persistent(4, 'client'))

  expect(await lifetime(stage, () => client.drop())).toBe(100)
})

test('a Session Expiry Interval of 0xFFFFFFFF never ends where the limit allows it', async () => {
  const stage = new Stage({ limits: { sessionExpiryIntervalMax: 0xffffffff } })
  const client = await stage.connect({ properties: { sessionExpiryInterval: 0xffffffff } })
  client.drop()

  await stage.advance(30 * 24 * 3_600_000)

  expect(stage.broker.stats().sessions).toBe(1)
  expect(stage.runtime.timerCount).toBe(0)
})

test('coming back within the interval keeps the Session, and the interval begins anew', async () => {
  const stage = new Stage()
  const properties = { sessionExpiryInterval: 10 }
  const client = await stage.connect({ properties })
  client.drop()
  await stage.advance(9_000)
  const second = await stage.dial({ properties, cleanStart: false, keepAlive: 600 })
  expect(await second.next()).toBe('CONNACK 00 session-present')
  await stage.advance(60_000)

  expect(await lifetime(stage, () => second.drop())).toBe(10)
})

test('the interval of the last CONNECT counts', async () => {
  const stage = new Stage()
  const client = await stage.connect({ properties: { sessionExpiryInterval: 1_000 } })
  client.drop()
  const second = await stage.dial({ properties: { sessionExpiryInterval: 5 }, cleanStart: false })
  expect(await second.next()).toBe('CONNACK 00 session-present')

  expect(await lifetime(stage, () => second.drop())).toBe(5)
})

const leaving: [what: string, connect: number, disconnect: number, seconds: number][] = [
  ['shorten', 1_000, 5, 5],
  ['lengthen', 5, 50, 50],
  ['end', 1_000, 0, 0],
]
test.each(leaving)('DISCONNECT may %s the Session Expiry Interval', async (_, connect, disconnect, seconds) => {
  const stage = new Stage()
  const client = await stage.connect({ properties: { sessionExpiryInterval: connect } })
  const packet = disconnectPacket({ properties: { sessionExpiryInterval: disconnect } })

  expect(await lifetime(stage, () => client.send(packet))).toBe(seconds)
})

test('a Session Expiry Interval in DISCONNECT that CONNECT did not have is a Protocol Error', async () => {
  const stage = new Stage()
  const client = await stage.connect()

  client.send(disconnectPacket({ properties: { sessionExpiryInterval: 5 } }))

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
  expect(stage.broker.stats().sessions).toBe(0)
})

test('[MQTT-4.1.0-1] a Session does not expire while its Client is connected', async () => {
  const stage = new Stage()
  const client = await stage.connect({ properties: { sessionExpiryInterval: 1 }, keepAlive: 600 })

  await stage.advance(60_000)

  expect([client.state, stage.broker.stats().sessions]).toEqual(['open', 1])
})
