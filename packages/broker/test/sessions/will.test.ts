import type { Connect, Will } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { connectPacket, disconnectPacket, pingreq, publishPacket, subscribePacket, willOf } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { type Version, v5, versions } from '../support/versions.ts'

/** A Client with a Will on the topic `w`, and one that watches everything at QoS 2. */
async function setUp(fields: Partial<Connect>, will: Partial<Will> = {}) {
  const stage = new Stage()
  const watcher = await stage.connect({ clientId: 'watcher', keepAlive: 1_200 })
  watcher.send(subscribePacket(1, [{ filter: '#', qos: 2, retainAsPublished: true }]))
  await watcher.next()
  const connect = (more: Partial<Connect> = {}) =>
    stage.connect({ clientId: 'client', keepAlive: 600, ...fields, will: willOf('w', 'gone', will), ...more })
  const client = await connect()
  return { stage, watcher, client, connect }
}

type Ending = [
  what: string,
  end: (client: Awaited<ReturnType<typeof setUp>>['client'], stage: Stage) => void | Promise<void>,
]
const published: Ending[] = [
  ['a lost connection', client => client.drop()],
  ['a half-closed connection', client => client.end()],
  ['a malformed packet', client => client.send('00 00')],
  ['a Protocol Error', client => client.send('20 02 00 00')],
  ['silence', (_, stage) => stage.advance(900_100)],
]

describe.each(versions)('in %s', ({ version }: Version) => {
  test.each(published)('[MQTT-3.1.2-8] [MQTT3-3.1.2-8] %s publishes the Will, once', async (_, end) => {
    const { stage, watcher, client } = await setUp({ protocolVersion: version })

    await end(client, stage)
    await stage.advance(5_000)

    expect(await watcher.upToNow()).toEqual(["PUBLISH w 'gone'"])
  })

  test('[MQTT-3.14.4-3] [MQTT-3.1.2-10] [MQTT3-3.14.4-3] [MQTT3-3.1.2-10] DISCONNECT takes the Will back', async () => {
    const { stage, watcher, client } = await setUp({ protocolVersion: version })

    client.send('e0 00')
    await stage.advance(5_000)

    expect(await watcher.upToNow()).toEqual([])
  })

  test('[MQTT3-3.1.2-12] without a Will nothing is published', async () => {
    const { stage, watcher, client } = await setUp({ protocolVersion: version })
    const plain = await stage.connect({ protocolVersion: version, clientId: 'plain' })

    plain.drop()
    client.send('e0 00')
    await stage.advance(5_000)

    expect(await watcher.upToNow()).toEqual([])
  })

  test('being taken over publishes the Will of the first connection', async () => {
    const { stage, watcher, connect } = await setUp(persistent(version, 'client'))

    const second = await connect({ will: willOf('w', 'second') })
    expect(await watcher.upToNow()).toEqual(["PUBLISH w 'gone'"])
    second.drop()
    await stage.settle()

    expect(await watcher.upToNow()).toEqual(["PUBLISH w 'second'"])
  })

  test('a Will belongs to its connection: the next one without has none', async () => {
    const { stage, watcher, client, connect } = await setUp(persistent(version, 'client'))
    client.send('e0 00')
    await client.closing()

    const second = await connect({ will: undefined })
    second.drop()
    await stage.settle()

    expect(await watcher.upToNow()).toEqual([])
  })

  test('[MQTT-3.1.2-15] [MQTT3-3.1.2-17] [MQTT-3.1.2-14] [MQTT3-3.1.2-16] a Will is retained exactly if Will Retain says so', async () => {
    const kept = await setUp({ protocolVersion: version }, { retain: true, qos: 1 })
    const passing = await setUp({ protocolVersion: version }, { qos: 2 })

    for (const { client, stage } of [kept, passing]) {
      client.drop()
      await stage.settle()
    }

    expect(await kept.watcher.upToNow()).toEqual(["PUBLISH w 'gone' qos 1 id 1 retain"])
    expect(await passing.watcher.upToNow()).toEqual(["PUBLISH w 'gone' qos 2 id 1"])
    expect([kept, passing].map(({ stage }) => stage.broker.stats().retained)).toEqual([1, 0])
  })

  test('a retained Will of an empty payload clears the topic', async () => {
    const { stage, watcher, client } = await setUp(
      { protocolVersion: version },
      { retain: true, payload: Buffer.alloc(0) },
    )
    watcher.send(publishPacket('w', 'old', { retain: true }))
    await watcher.next()

    client.drop()
    await stage.settle()

    expect(await watcher.upToNow()).toEqual(["PUBLISH w '' retain"])
    expect(stage.broker.stats().retained).toBe(0)
  })

  test('a Client that is away gets its own Will when it comes back', async () => {
    const { stage, client, connect } = await setUp(persistent(version, 'client'), { qos: 1 })
    client.send(subscribePacket(2, [{ filter: 'w', qos: 1 }]))
    await stage.settle()
    client.drop()

    const back = await connect()

    expect(await back.upToNow()).toEqual(["PUBLISH w 'gone' qos 1 id 1"])
  })
})

test('[MQTT-3.1.2-8] DISCONNECT 0x04 and DISCONNECT with a failure publish the Will', async () => {
  for (const reasonCode of [0x04, 0x80, 0x97] as const) {
    const { stage, watcher, client } = await setUp({})

    client.send(disconnectPacket({ reasonCode }))
    await stage.settle()

    expect(await watcher.upToNow()).toEqual(["PUBLISH w 'gone'"])
  }
})

const delays: [what: string, delay: number, expiry: number, seconds: number][] = [
  ['the Will Delay Interval', 10, 100, 10],
  ['the end of the Session, if that comes first', 100, 10, 10],
  ['nothing, where the Session ends with the connection', 10, 0, 0],
  ['nothing, where there is no delay', 0, 100, 0],
]
test.each(delays)(
  '[MQTT-3.1.2-8] the Will waits for %s',
  async (_, willDelayInterval, sessionExpiryInterval, seconds) => {
    const { stage, watcher, client } = await setUp(
      { properties: { sessionExpiryInterval } },
      { properties: { willDelayInterval } },
    )
    client.drop()
    await stage.settle()

    await stage.advance(seconds * 1_000 - 100)
    const before = await watcher.upToNow()
    await stage.advance(300)

    expect(before).toEqual(seconds === 0 ? ["PUBLISH w 'gone'"] : [])
    expect(await watcher.upToNow()).toEqual(seconds === 0 ? [] : ["PUBLISH w 'gone'"])
    await stage.advance(200_000)
    expect(await watcher.upToNow()).toEqual([])
  },
)

const delayed = [{ properties: { sessionExpiryInterval: 100 } }, { properties: { willDelayInterval: 10 } }] as const

test('[MQTT-3.1.3-9] coming back within the Will Delay Interval takes the Will back', async () => {
  const { stage, watcher, client, connect } = await setUp(...delayed)
  client.drop()
  await stage.advance(9_000)

  const back = await connect({ cleanStart: false, will: undefined })
  await stage.advance(60_000)

  expect([back.state, await watcher.upToNow()]).toEqual(['open', []])
})

test('[MQTT-3.1.3-9] being taken over is coming back: a delayed Will is not published', async () => {
  const { stage, watcher, connect } = await setUp(...delayed)

  await connect({ cleanStart: false, will: undefined })
  await stage.advance(60_000)

  expect(await watcher.upToNow()).toEqual([])
})

test('[MQTT-3.1.2-8] coming back with Clean Start ends the Session, and so publishes the Will', async () => {
  const { watcher, client, connect } = await setUp(...delayed)
  client.drop()

  await connect({ cleanStart: true, will: undefined })

  expect(await watcher.upToNow()).toEqual(["PUBLISH w 'gone'"])
})

test('[MQTT-3.1.3-10] a Will keeps its properties, and its Message Expiry Interval begins when it is published', async () => {
  const properties = {
    willDelayInterval: 10,
    messageExpiryInterval: 30,
    contentType: 'text/plain',
    userProperties: [['b', '1'] as const, ['a', '2'] as const],
  }
  const { stage, watcher, client } = await setUp({ properties: { sessionExpiryInterval: 100 } }, { properties })
  client.drop()

  await stage.advance(10_200)

  expect(await watcher.upToNow()).toEqual([
    'PUBLISH w \'gone\' {"messageExpiryInterval":30,"contentType":"text/plain","userProperties":[["b","1"],["a","2"]]}',
  ])
})

test('the memory of a CONNECT may be used again while its Will waits', async () => {
  const { stage, watcher } = await setUp({})
  const client = await stage.open()
  const chunk = Buffer.from(client.encode([connectPacket({ clientId: 'x', will: willOf('w', 'mine') })]))
  client.wire.server.push(chunk)
  await stage.settle()

  chunk.fill(0x58)
  client.send(pingreq)
  client.drop()
  await stage.settle()

  expect(await watcher.upToNow()).toEqual(["PUBLISH w 'mine'"])
})

test('a Will larger than what a subscriber takes is dropped for that one', async () => {
  const { stage, watcher, client } = await setUp({ protocolVersion: v5.version }, { payload: Buffer.alloc(1_000) })
  const small = await stage.connect({ clientId: 'small', properties: { maximumPacketSize: 100 } })
  small.send(subscribePacket(1, ['#']))
  await small.next()

  client.drop()
  await stage.settle()

  expect(await watcher.upToNow()).toEqual(['PUBLISH w <1000 bytes>'])
  expect(await small.upToNow()).toEqual([])
})
