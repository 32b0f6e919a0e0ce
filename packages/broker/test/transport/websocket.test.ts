import { once } from 'node:events'
import { get } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, createBroker } from '../../src/index.ts'
import { connectPacket, publishPacket, subscribePacket, willOf } from '../support/packets.ts'
import { RawClient } from '../support/raw-client.ts'
import { versions } from '../support/versions.ts'
import { WebSocketWire } from '../support/websocket-wire.ts'

const brokers: Broker[] = []
const clients: RawClient<WebSocketWire>[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.drop()
  await Promise.all(brokers.splice(0).map(broker => broker.close()))
})

async function start(options: BrokerOptions = {}) {
  const broker = createBroker(options)
  brokers.push(broker)
  const { port, url } = await broker.listen({ protocol: 'ws' })
  const open = (version: 3 | 4 | 5 = 5, path = '/mqtt', protocols?: string[]) => {
    const client = new RawClient(new WebSocketWire(`${url}${path}`, protocols), version)
    clients.push(client)
    return client
  }
  const dial = async (fields: Parameters<typeof connectPacket>[0] = {}) => {
    const client = open(fields.protocolVersion)
    client.send(connectPacket(fields))
    await client.next()
    return client
  }
  return { broker, port, url, open, dial }
}

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-6.0.0-1] [MQTT3-6.0.0-1] packets go as binary frames, those of a turn as one', async () => {
    const { dial } = await start()
    const client = await dial({ protocolVersion: version })
    const before = client.wire.frames.length

    client.send(subscribePacket(1, ['a']), publishPacket('a', 'x'), publishPacket('a', 'x'.repeat(100_000)), 'c0 00')

    expect(await client.take(4)).toEqual(['SUBACK 1 00', "PUBLISH a 'x'", 'PUBLISH a <100000 bytes>', 'PINGRESP'])
    expect(client.wire.frames.every(({ isBinary }) => isBinary)).toBe(true)
    expect(client.wire.frames.length - before).toBe(1)
  })

  test('[MQTT-6.0.0-2] [MQTT3-6.0.0-2] packets may span frames and share them', async () => {
    const { open } = await start()
    const client = open(version)
    const bytes = client.encode([connectPacket({ protocolVersion: version }), subscribePacket(1, ['a'])])
    await client.wire.opened()

    for (const byte of bytes) client.wire.sendFrame(Uint8Array.of(byte))
    client.send(publishPacket('a', '1'), publishPacket('a', '2'), '30')
    client.send(client.version === 5 ? "05 0001 'a' 00 '3'" : "04 0001 'a' '3'")

    expect(await client.take(5)).toEqual([
      'CONNACK 00',
      'SUBACK 1 00',
      "PUBLISH a '1'",
      "PUBLISH a '2'",
      "PUBLISH a '3'",
    ])
  })

  test('[MQTT-6.0.0-1] [MQTT3-6.0.0-1] a text frame closes with 1003, nothing behind it is looked at, and the Will is published', async () => {
    const { dial } = await start()
    const watcher = await dial({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['#']))
    await watcher.next()
    const client = await dial({ protocolVersion: version, will: willOf('w', 'gone') })

    client.wire.sendFrame('hello')
    client.send(publishPacket('late', 'x'))
    await client.gone()

    expect(client.wire.closeCode).toBe(1003)
    expect(await watcher.upToNow()).toEqual(["PUBLISH w 'gone'"])
  })

  test('a Client that does not answer a close is gone after lingerMs', async () => {
    const { broker, dial } = await start({ limits: { lingerMs: 100 } })
    const gone = new Promise<void>(resolve => broker.on('disconnected', () => resolve()))
    const client = await dial({ protocolVersion: version })

    client.wire.sendFrame('hello')
    client.wire.socket.pause()
    await gone
    client.wire.socket.resume()
    await client.gone()

    // 1003 if the close frame was read before the end of the connection, 1006 if not.
    expect([1003, 1006]).toContain(client.wire.closeCode)
  })

  test('a closed WebSocket without DISCONNECT publishes the Will', async () => {
    const { dial } = await start()
    const watcher = await dial({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['#']))
    await watcher.next()
    const client = await dial({ protocolVersion: version, will: willOf('w', 'gone') })

    client.end()

    expect(await watcher.next()).toBe("PUBLISH w 'gone'")
  })

  test('a refused CONNECT and an error close the WebSocket after their packet', async () => {
    const { open, dial } = await start()
    const refused = open(version)
    refused.send(
      connectPacket({
        protocolVersion: version,
        clientId: '',
        cleanStart: false,
        properties: { authenticationMethod: 'x' },
      }),
    )
    const faulty = await dial({ protocolVersion: version })
    faulty.send('00 00')

    expect(await refused.closing()).toEqual([version === 5 ? 'CONNACK 8c' : 'CONNACK 02'])
    expect(await faulty.closing()).toEqual(version === 5 ? ['DISCONNECT 82'] : [])
  })
})

const offers: [offered: string[], selected: string][] = [
  [['mqtt'], 'mqtt'],
  [['foo', 'mqtt'], 'mqtt'],
  [['mqttv3.1'], 'mqttv3.1'],
  [['mqttv3.1', 'mqtt'], 'mqtt'],
  [[], ''],
]
test.each(offers)(
  '[MQTT-6.0.0-4] [MQTT3-6.0.0-4] of the sub-protocols %j the broker selects %j',
  async (offered, selected) => {
    const { open } = await start()
    const client = open(5, '/', offered)
    await client.wire.opened()

    expect(client.wire.socket.protocol).toBe(selected)
    client.send(connectPacket())
    expect(await client.next()).toBe('CONNACK 00')
  },
)

test.each(['/', '/mqtt', '/ws/any/where?x=y'])('the path %s is as good as any', async path => {
  const { open } = await start()
  const client = open(5, path)

  client.send(connectPacket())

  expect(await client.next()).toBe('CONNACK 00')
})

test('a browser that asks for a page is told what this is', async () => {
  const { port } = await start()

  const [response] = await once(get({ port, host: '127.0.0.1', path: '/', agent: false }), 'response')
  const body = await response.setEncoding('utf8').toArray()

  expect([response.statusCode, response.headers.upgrade]).toEqual([426, 'websocket'])
  expect(body.join('')).toContain('MQTT broker')
})

test('a frame larger than packetBytesMax ends the connection before it has been read', async () => {
  const { dial } = await start({ limits: { packetBytesMax: 10_000 } })
  const client = await dial()

  client.wire.sendFrame(client.encode([publishPacket('a', 'x'.repeat(20_000))]))
  await client.gone()

  expect(client.wire.closeCode).toBe(1009)
})

test('connections over the limit are closed when they are made', async () => {
  const { open, dial } = await start({ limits: { connectionsMax: 1 } })
  await dial()

  const second = open()
  await second.gone()

  expect(second.wire.closeCode).toBe(1006)
})

test('close() does not wait for connections that have not become WebSockets', async () => {
  const { broker, port } = await start()
  const silent = connect(port, '127.0.0.1')
  const slow = connect(port, '127.0.0.1')
  await Promise.all([once(silent, 'connect'), once(slow, 'connect')])
  slow.write('GET / HTTP/1.1\r\nHost: x\r\n')
  const closed = [silent, slow].map(socket => new Promise(resolve => socket.on('close', resolve)))
  for (const socket of [silent, slow]) socket.on('error', () => {}).resume() // a reset will do as well

  await broker.close()

  await Promise.all(closed)
})

test('close() ends WebSockets with DISCONNECT 0x8B and frees the port', async () => {
  const { broker, port, dial } = await start()
  const client = await dial()

  await broker.close()

  expect(await client.closing()).toEqual(['DISCONNECT 8b'])
  const [error] = await once(connect(port, '127.0.0.1'), 'error')
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
})
