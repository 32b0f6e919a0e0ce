import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, createBroker } from '../../src/index.ts'
import { connectPacket, publishPacket, subscribePacket, willOf } from '../support/packets.ts'
import { RawClient } from '../support/raw-client.ts'
import { TcpWire } from '../support/tcp-wire.ts'
import { versions } from '../support/versions.ts'

const brokers: Broker[] = []
const clients: RawClient<TcpWire>[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.drop()
  await Promise.all(brokers.splice(0).map(broker => broker.close()))
})

async function start(options: BrokerOptions = {}) {
  const broker = createBroker(options)
  brokers.push(broker)
  const { port } = await broker.listen({ protocol: 'mqtt' })
  const open = (version: 3 | 4 | 5 = 5) => {
    const client = new RawClient(new TcpWire(port), version)
    clients.push(client)
    return client
  }
  const dial = async (fields: Parameters<typeof connectPacket>[0] = {}) => {
    const client = open(fields.protocolVersion)
    client.send(connectPacket(fields))
    await client.next()
    return client
  }
  return { broker, port, open, dial }
}

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-4.2-1] [MQTT3-7.1.1-1] messages pass over TCP at every QoS', async () => {
    const { dial } = await start()
    const client = await dial({ protocolVersion: version })

    client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]), publishPacket('a', '0'))
    client.send(publishPacket('a', '1', { qos: 1, packetId: 1 }), publishPacket('a', '2', { qos: 2, packetId: 2 }))

    expect(await client.take(6)).toEqual([
      'SUBACK 1 02',
      "PUBLISH a '0'",
      "PUBLISH a '1' qos 1 id 1",
      'PUBACK 1',
      "PUBLISH a '2' qos 2 id 2",
      'PUBREC 2',
    ])
  })

  test('a large message passes in pieces, whole', async () => {
    const { dial } = await start()
    const client = await dial({ protocolVersion: version })
    const payload = Buffer.alloc(2_000_000, 'çurlew')

    client.send(subscribePacket(1, ['a']), publishPacket('a', payload))

    expect(await client.next()).toBe('SUBACK 1 00')
    const packet = await client.receive()
    expect('payload' in packet && Buffer.from(packet.payload).equals(payload)).toBe(true)
  })

  test('a client that half-closes gets its answers, and then the end', async () => {
    const { open } = await start()
    const client = open(version)

    client.send(connectPacket({ protocolVersion: version }), subscribePacket(1, ['a']), publishPacket('a', 'x'))
    client.end()

    expect(await client.closing()).toEqual(['CONNACK 00', 'SUBACK 1 00', "PUBLISH a 'x'"])
  })

  test('the broker half-closes after an error, so that the reason can be read', async () => {
    const { dial } = await start()
    const client = await dial({ protocolVersion: version })

    client.send('00 00')

    expect(await client.closing()).toEqual(version === 5 ? ['DISCONNECT 82'] : [])
    expect(client.state).toBe('ended')
  })

  test('[MQTT-3.1.2-8] [MQTT3-3.1.2-8] a reset publishes the Will', async () => {
    const { dial } = await start()
    const watcher = await dial({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['#']))
    await watcher.next()
    const client = await dial({ protocolVersion: version, will: willOf('w', 'gone') })

    client.wire.reset()

    expect(await watcher.next()).toBe("PUBLISH w 'gone'")
  })
})

test('a broker may have several listeners, and Clients of all meet', async () => {
  const { broker, dial } = await start()
  const second = await broker.listen({ protocol: 'mqtt', host: 'localhost' })
  const subscriber = await dial({ clientId: 'subscriber' })
  subscriber.send(subscribePacket(1, ['a']))
  await subscriber.next()

  const publisher = new RawClient(new TcpWire(second.port, 'localhost'), 5)
  clients.push(publisher)
  publisher.send(connectPacket({ clientId: 'publisher' }), publishPacket('a', 'x'))

  expect(await subscriber.next()).toBe("PUBLISH a 'x'")
})

test('a port that is taken is an error that says so, and the broker goes on', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const { broker, dial } = await start()

  await expect(broker.listen({ protocol: 'mqtt', port })).rejects.toMatchObject({ code: 'ERR_LISTEN_ADDRESS_IN_USE' })
  await expect(broker.listen({ protocol: 'ws', port })).rejects.toMatchObject({ code: 'ERR_LISTEN_ADDRESS_IN_USE' })

  expect(await (await dial()).upToNow()).toEqual([])
  taken.close()
})

test('an address that the machine does not have is an error that says so', async () => {
  const { broker } = await start()

  const refused = expect(broker.listen({ protocol: 'mqtt', host: '192.0.2.1', insecure: true })).rejects
  await refused.toMatchObject({ code: 'ERR_LISTEN_FAILED', message: /no address 192\.0\.2\.1/ })
})

test('an address that others can reach is refused unless it is asked for', async () => {
  const { broker } = await start()

  await expect(broker.listen({ protocol: 'mqtt', host: '0.0.0.0' })).rejects.toMatchObject({
    code: 'ERR_LISTEN_INSECURE',
  })
  await expect(broker.listen({ protocol: 'mqtt', host: '0.0.0.0', insecure: true })).resolves.toMatchObject({
    host: '0.0.0.0',
  })
})

test('close() ends connections and listeners, and the port is free again', async () => {
  const { broker, port, dial, open } = await start({ limits: { lingerMs: 200 } })
  const client = await dial()
  const silent = open()
  await once(silent.wire.socket, 'connect')

  await broker.close()

  expect(await client.closing()).toEqual(['DISCONNECT 8b'])
  expect(await silent.closing()).toEqual([])
  const [error] = await once(
    connect(port, '127.0.0.1').on('connect', () => {}),
    'error',
  )
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
})
