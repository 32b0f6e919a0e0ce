import { expect, test } from 'vitest'
import { heapBytes } from '../../broker/test/support/heap.ts'
import { connect } from '../src/index.ts'
import { connected, failure } from './support/connected.ts'
import { accept, ScriptedServer } from './support/scripted-server.ts'
import { publish, subscribed } from './support/subscribed.ts'
import { settle, VirtualRuntime } from './support/virtual-runtime.ts'

/** What a Server sends after its CONNACK, and the Reason Code that ends the connection. */
const faults: [name: string, bytes: string, reasonCode: number][] = [
  ['a packet larger than was announced', '30 ff ff ff 7f', 0x95],
  ['a Remaining Length without end', '30 ff ff ff ff 01', 0x81],
  ['a PUBLISH of QoS 3', `36 06 0001 'a' 0001 00`, 0x81],
  ['a packet type that is reserved', '00 00', 0x82],
  ['a SUBSCRIBE', `82 07 0001 00 0001 'a' 00`, 0x82],
  ['a second CONNACK', '20 03 00 00 00', 0x82],
  ['a topic that is not UTF-8', '30 05 0002 c3 28 00', 0x81],
  ['a topic with a wildcard', `30 04 0001 '#' 00`, 0x81],
  ['an alias above what was announced', `30 07 0001 'a' 03 23 0011`, 0x94],
  ['an alias that nobody has set', '30 06 0000 03 23 0001', 0x82],
  ['an alias of 0', `30 07 0001 'a' 03 23 0000`, 0x94],
  ['a Packet Identifier of 0', `32 06 0001 'a' 0000 00`, 0x82],
  [
    'endless User Properties',
    `30 f106 0001 'a' ec06 ${`26 0002 'ab' 0004 'abcd' `.repeat(79)} 26 0001 'a' 0001 'b'`,
    0x97,
  ],
  ['AUTH that nobody asked for', `f0 08 18 06 15 0003 'abc'`, 0x82],
  ['a PUBACK for a QoS 2 message', '40 02 0002', 0x82],
  ['a PUBREC for a QoS 1 message', '50 02 0001', 0x82],
  ['a PUBCOMP before PUBREC', '70 02 0002', 0x82],
  ['a SUBACK with too few Reason Codes', '90 04 0003 00 00', 0x82],
  ['an acknowledgement with a Reason Code that does not exist', '40 03 0001 ff', 0x82],
]

for (const [name, bytes, reasonCode] of faults) {
  test(`${name} is answered with ${reasonCode.toString(16)}, told, and survived`, async () => {
    const { client, server, runtime } = await connected()
    const told: unknown[] = []
    client.on('disconnected', error => told.push(error))
    void client.publish('a', '', { qos: 1 })
    void client.publish('a', '', { qos: 2 })
    void client.subscribe(['a', 'b'])
    await server.link.take()

    server.link.sendBytes(bytes)

    const lines = await server.link.take()
    expect(lines).toEqual([`DISCONNECT ${reasonCode.toString(16)}`])
    expect(told).toMatchObject([{ code: 'ERR_PROTOCOL', retryable: true, reasonCode }])
    await runtime.pass(2_000)
    expect(client.state).toBe('connected')
    expect(server.links).toHaveLength(2)
  })
}

test('more messages than Receive Maximum end the connection with 0x93', async () => {
  const { client, server } = await connected({ receiveMaximum: 3 })
  const asked = client.subscribe('a', { ack: 'manual' })
  await server.link.take()
  server.link.sendBytes('90 04 0001 00 01')
  const subscription = await asked
  const { link } = server

  for (let packetId = 1; packetId <= 4; packetId++) link.sendBytes(`32 06 0001 'a' 000${packetId} 00`)

  expect(await link.take()).toEqual(['DISCONNECT 93'])
  expect(subscription.buffered).toBe(3)
})

test('QoS 2 exchanges that are never finished are bounded by Receive Maximum', async () => {
  const { server } = await connected({ receiveMaximum: 3 })
  const { link } = server

  for (let packetId = 1; packetId <= 4; packetId++) link.sendBytes(`34 06 0001 'a' 000${packetId} 00`)

  expect(await link.take()).toEqual(['PUBREC 1', 'PUBREC 2', 'PUBREC 3', 'DISCONNECT 93'])
})

test('one Packet Identifier again and again does not grow anything', async () => {
  const { client, server } = await connected()
  const asked = client.subscribe('a', { ack: 'manual' })
  await server.link.take()
  server.link.sendBytes('90 04 0001 00 01')
  const subscription = await asked

  for (let count = 0; count < 100; count++) server.link.sendBytes(`32 06 0001 'a' 0001 00`)
  await settle()

  expect(subscription.buffered).toBe(1)
})

const greetings: [name: string, bytes: string, code: string][] = [
  ['garbage', `'HTTP/1.1 400 Bad Request' 0d0a`, 'ERR_PROTOCOL'],
  ['a PUBLISH first', `30 04 0001 'a' 00`, 'ERR_PROTOCOL'],
  ['a CONNACK with a Reason Code that does not exist', '20 03 00 77 00', 'ERR_PROTOCOL'],
  ['a refusal with Session Present', '20 03 01 87 00', 'ERR_PROTOCOL'],
  ['AUTH without a method', '20 03 00 18 00', 'ERR_PROTOCOL'],
  ['a DISCONNECT first', 'e0 00', 'ERR_PROTOCOL'],
]
for (const [name, bytes, code] of greetings) {
  test(`${name} in place of CONNACK fails the attempt`, async () => {
    const server = new ScriptedServer(link => link.sendBytes(bytes))

    const error = await failure(connect([], { transport: server, runtime: new VirtualRuntime() }))

    expect(error).toMatchObject({ name: 'ClientError', code })
    expect(server.link.isEnded).toBe(true)
  })
}

test('a CONNACK that comes byte by byte and never ends is given up', async () => {
  const server = new ScriptedServer(link => link.sendBytes('20 7f 00 00'))
  const runtime = new VirtualRuntime()

  const failed = failure(connect([], { transport: server, runtime, connectTimeoutMs: 1_000 }))
  await runtime.pass(1_000)

  expect(await failed).toMatchObject({ code: 'ERR_CONNECT_TIMEOUT' })
})

test('random bytes never do more than end the connection', async () => {
  let state = 12_345
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 24
  }

  for (let round = 0; round < 300; round++) {
    const { client, server } = await connected({ reconnect: false })
    void client.publish('a', '', { qos: 2 })
    void client.subscribe('a').catch(() => {})
    await settle()
    server.link.sendRaw(Uint8Array.from({ length: 40 }, random))
    await settle()
    expect(['connected', 'closed']).toContain(client.state)
    await client.close()
  }
})

test('a Server that takes packets of one byte only is told nothing and harms nothing', async () => {
  const { client, server } = await connected({ reconnect: false }, new ScriptedServer(accept({ maximumPacketSize: 1 })))

  expect(await failure(client.publish('a', 'x', { qos: 1 }))).toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
  expect(await failure(client.subscribe('a'))).toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
  await client.close()

  expect(await server.link.take()).toEqual([])
})

test('long topics, each another one, do not stay in memory', async () => {
  const setting = await connected()
  let received = 0
  await subscribed(setting, '#', () => received++)
  const before = heapBytes()

  for (let count = 0; count < 1_000; count++) {
    setting.server.link.send(publish(`${count}/${'x'.repeat(60_000)}`, ''))
    await settle()
  }

  expect(received).toBe(1_000)
  expect(heapBytes() - before).toBeLessThan(20_000_000)
})
