import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { fullOutbox } from './outbox.suite.ts'
import { connected, failure } from './support/connected.ts'
import { accept, ScriptedServer } from './support/scripted-server.ts'
import { settle, VirtualRuntime } from './support/virtual-runtime.ts'

const versions = [4, 5] as const

for (const protocolVersion of versions) {
  const options = { protocolVersion }

  test(`QoS 0 is complete when it is handed on (version ${protocolVersion})`, async () => {
    const { client, server } = await connected(options)

    const result = await client.publish('a/b', 'hello')

    expect(result).toEqual({ reasonCode: 0, isMatched: undefined, reasonString: undefined })
    expect(await server.link.take()).toEqual([`PUBLISH a/b 'hello'`])
  })

  test(`QoS 1 is complete at PUBACK (version ${protocolVersion})`, async () => {
    const { client, server } = await connected(options)
    let isComplete = false

    const published = client.publish('a', 'x', { qos: 1, retain: true }).then(() => {
      isComplete = true
    })
    expect(await server.link.take()).toEqual([`PUBLISH a 'x' qos 1 id 1 retain`])
    expect(isComplete).toBe(false)
    server.link.sendBytes('40 02 0001')
    await published

    expect(client.outbox.count).toBe(0)
    expect(client.outbox.bytes).toBe(0)
  })

  test(`QoS 2 is complete at PUBCOMP (version ${protocolVersion})`, async () => {
    const { client, server } = await connected(options)

    const published = client.publish('a', 'x', { qos: 2 })
    expect(await server.link.take()).toEqual([`PUBLISH a 'x' qos 2 id 1`])
    server.link.sendBytes('50 02 0001')
    expect(await server.link.take()).toEqual(['PUBREL 1'])
    server.link.sendBytes('70 02 0001')

    expect(await published).toMatchObject({ reasonCode: 0 })
  })
}

test('the acknowledgement tells whether a Subscription matched', async () => {
  const { client, server } = await connected()

  const matched = client.publish('a', 'x', { qos: 1 })
  const unmatched = client.publish('b', 'x', { qos: 1 })
  const explained = client.publish('c', 'x', { qos: 1 })
  server.link.sendBytes(`40 02 0001  40 04 0002 10 00  40 09 0003 10 05 1f 0002 'no'`)

  expect(await matched).toEqual({ reasonCode: 0, isMatched: true, reasonString: undefined })
  expect(await unmatched).toEqual({ reasonCode: 0x10, isMatched: false, reasonString: undefined })
  expect(await explained).toEqual({ reasonCode: 0x10, isMatched: false, reasonString: 'no' })
})

test('a refused message rejects with its Reason Code', async () => {
  const { client, server } = await connected()

  const one = failure(client.publish('a', 'x', { qos: 1 }))
  const two = failure(client.publish('a', 'x', { qos: 2 }))
  server.link.sendBytes('40 03 0001 87  50 03 0002 97')

  expect(await one).toMatchObject({ code: 'ERR_PUBLISH_REFUSED', reasonCode: 0x87, retryable: false })
  expect(await two).toMatchObject({ code: 'ERR_PUBLISH_REFUSED', reasonCode: 0x97, retryable: true })
  expect(client.outbox.count).toBe(0)
})

test('all that is published in one turn leaves in one write', async () => {
  const { client, server } = await connected()
  server.link.writes = 0

  for (let count = 0; count < 100; count++) void client.publish('a', `${count}`, { qos: count % 2 === 0 ? 0 : 1 })
  await settle()

  expect(server.link.writes).toBe(1)
  expect(await server.link.take()).toHaveLength(100)
})

test('[MQTT-4.9.0-2] no more than Receive Maximum are in flight, and order is kept', async () => {
  const { client, server } = await connected({}, new ScriptedServer(accept({ receiveMaximum: 2 })))

  for (const name of ['a', 'b', 'c', 'd']) void client.publish(name, '', { qos: 1 })
  expect(await server.link.take()).toEqual([`PUBLISH a '' qos 1 id 1`, `PUBLISH b '' qos 1 id 2`])
  server.link.sendBytes('40 02 0002')
  expect(await server.link.take()).toEqual([`PUBLISH c '' qos 1 id 3`])
  void client.publish('e', '')
  expect(await server.link.take()).toEqual([])
  server.link.sendBytes('40 02 0001  40 02 0003')

  expect(await server.link.take()).toEqual([`PUBLISH d '' qos 1 id 4`, `PUBLISH e ''`])
})

test('publishNow() sends at once or says that it did not', async () => {
  const { client, server, runtime } = await connected()

  expect(client.publishNow('a', 'x')).toBe(true)
  expect(await server.link.take()).toEqual([`PUBLISH a 'x'`])
  server.link.isFrozen = true
  let sent = 0
  while (client.publishNow('a', new Uint8Array(10_000))) sent++

  expect(sent).toBeLessThan(200)
  server.link.drop()
  await runtime.pass(0)
  expect(client.publishNow('a', 'x')).toBe(false)
})

test('messages wait while the host takes no bytes, and go when it does', async () => {
  const { client, server } = await connected({ outputHighWaterBytes: 1_000 })
  server.link.isFrozen = true

  void client.publish('a', new Uint8Array(2_000))
  await settle()
  void client.publish('b', 'x')
  void client.publish('c', 'x', { qos: 1 })
  expect(await server.link.take()).toHaveLength(1)
  expect(client.outbox.count).toBe(2)
  server.link.thaw()

  expect(await server.link.take()).toEqual([`PUBLISH b 'x'`, `PUBLISH c 'x' qos 1 id 1`])
})

test('a full outbox rejects by count and by bytes, and takes messages again', async () => {
  const { client, server } = await connected({ outboxMessagesMax: 2, outboxBytesMax: 1_000 })

  void client.publish('a', '', { qos: 1 })
  const big = failure(client.publish('a', new Uint8Array(2_000), { qos: 1 }))
  void client.publish('a', '', { qos: 1 })
  const third = failure(client.publish('a', '', { qos: 1 }))

  expect(await big).toMatchObject({ code: 'ERR_OUTBOX_FULL', retryable: true })
  expect(await third).toMatchObject({ code: 'ERR_OUTBOX_FULL' })
  server.link.sendBytes('40 02 0001')
  await settle()
  void client.publish('b', '', { qos: 1 })
  expect((await server.link.take()).at(-1)).toBe(`PUBLISH b '' qos 1 id 3`)
})

test('a full outbox drops the oldest that waits, if it is to', async () => {
  const { client, server, runtime } = await connected({ outboxMessagesMax: 2, outboxOverflow: 'drop-oldest' })
  server.link.drop()
  await settle()

  const dropped = failure(client.publish('a', ''))
  void client.publish('b', '')
  void client.publish('c', '')
  await runtime.pass(1_000)

  expect(await dropped).toMatchObject({ code: 'ERR_OUTBOX_FULL' })
  expect(await server.link.take()).toEqual(['CONNECT 5', `PUBLISH b ''`, `PUBLISH c ''`])
})

test('without a connection a message waits, or is rejected where it is to be', async () => {
  const { client, server } = await connected({ offline: 'reject' })
  server.link.drop()
  await settle()

  const error = await failure(client.publish('a', '', { qos: 1 }))

  expect(error).toMatchObject({ code: 'ERR_OFFLINE', retryable: true })
})

test('a message that expires while it waits is not sent; another says how long it has left', async () => {
  const { client, server, runtime } = await connected({ reconnect: { delayMs: 8_000, delayMaxMs: 8_000 } })
  server.link.drop()
  await settle()

  const expired = failure(client.publish('a', '', { qos: 1, properties: { messageExpiryInterval: 3 } }))
  void client.publish('b', '', { properties: { messageExpiryInterval: 10 } })
  await runtime.pass(4_000)

  expect(await expired).toMatchObject({ code: 'ERR_EXPIRED' })
  expect(await server.link.take()).toEqual(['CONNECT 5', `PUBLISH b '' {"messageExpiryInterval":6}`])
})

test('a signal takes back what waits; what is sent goes on', async () => {
  const { client, server, runtime } = await connected({}, new ScriptedServer(accept({ receiveMaximum: 1 })))
  const controller = new AbortController()
  const { signal } = controller

  const sent = failure(client.publish('a', '', { qos: 1, signal }))
  const waiting = failure(client.publish('b', '', { qos: 1, signal }))
  void client.publish('c', '', { qos: 1 })
  controller.abort(new Error('stop'))

  expect(await sent).toMatchObject({ code: 'ERR_ABORTED', cause: new Error('stop') })
  expect(await waiting).toMatchObject({ code: 'ERR_ABORTED' })
  expect(await failure(client.publish('d', '', { signal }))).toMatchObject({ code: 'ERR_ABORTED' })
  expect(await server.link.take()).toEqual([`PUBLISH a '' qos 1 id 1`])
  server.link.sendBytes('40 02 0001')
  expect(await server.link.take()).toEqual([`PUBLISH c '' qos 1 id 3`])
  server.link.sendBytes('40 02 0003')
  await runtime.pass(0)
  expect(client.outbox).toMatchObject({ count: 0, bytes: 0 })
})

test('[MQTT-3.2.2-11] what the Server does not offer is not sent', async () => {
  const offer = { maximumQoS: 1 as const, retainAvailable: false, maximumPacketSize: 40 }
  const { client, server } = await connected({}, new ScriptedServer(accept(offer)))

  expect(await failure(client.publish('a', '', { qos: 2 }))).toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    reasonCode: 0x9b,
  })
  expect(await failure(client.publish('a', '', { retain: true }))).toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    reasonCode: 0x9a,
  })
  expect(await failure(client.publish('a', 'x'.repeat(40)))).toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    reasonCode: 0x95,
  })
  await client.publish('a', 'x'.repeat(30))
  expect(await server.link.take()).toEqual([`PUBLISH a '${'x'.repeat(30)}'`])
})

const unpublishable: [topic: string, options: object][] = [
  ['', {}],
  ['a/+', {}],
  ['a/#', {}],
  ['a\0', {}],
  ['\ud800', {}],
  ['x'.repeat(70_000), {}],
  ['a', { qos: 3 }],
  ['a', { properties: { messageExpiryInterval: -1 } }],
  ['a', { properties: { contentType: '\0' } }],
  ['a', { properties: { responseTopic: '#' } }],
]
for (const [topic, options] of unpublishable) {
  test(`${JSON.stringify(topic).slice(0, 20)} with ${JSON.stringify(options)} cannot be published`, async () => {
    const { client, server } = await connected()

    expect(await failure(client.publish(topic, 'x', options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(await failure(client.publish(topic, 'x', { qos: 1, ...options }))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
    expect(await server.link.take()).toEqual([])
    expect(client.outbox.count).toBe(0)
  })
}

test('topics that come again get an alias, within what both sides allow [MQTT-3.2.2-17]', async () => {
  const { client, server } = await connected({}, new ScriptedServer(accept({ topicAliasMaximum: 5 })))

  for (const topic of ['a/long/topic', 'a/long/topic', 'a/long/topic']) void client.publish(topic, '')

  const packets = await server.link.packets()
  expect(packets).toMatchObject([
    { type: PacketType.Publish, topic: 'a/long/topic', properties: {} },
    { topic: 'a/long/topic', properties: { topicAlias: 1 } },
    { topic: '', properties: { topicAlias: 1 } },
  ])
})

test('aliases begin anew with each connection', async () => {
  const { client, server, runtime } = await connected({}, new ScriptedServer(accept({ topicAliasMaximum: 5 })))
  for (let count = 0; count < 3; count++) void client.publish('a', '')
  await settle()

  server.link.drop()
  await runtime.pass(1_000)
  void client.publish('a', '')

  expect(await server.link.take()).toEqual(['CONNECT 5', `PUBLISH a ''`])
})

test('Packet Identifiers go round past one that is still in use', async () => {
  const { client, server } = await connected()
  void client.publish('first', '', { qos: 1 })

  for (let round = 0; round < 10; round++) {
    for (let count = 0; count < 6_553; count++) void client.publish('a', '', { qos: 1 })
    const packets = await server.link.packets()
    for (const packet of packets) {
      if (packet.type !== PacketType.Publish || packet.topic === 'first') continue
      server.link.send({ type: PacketType.Puback, packetId: packet.packetId, reasonCode: 0, properties: {} })
    }
    await settle()
  }

  // 65 531 messages have had identifiers up to 65 531; four more take the last ones, then the first is due and in use.
  for (let count = 0; count < 6; count++) void client.publish('b', '', { qos: 1 })
  expect(await server.link.take()).toHaveLength(4)
  server.link.sendBytes('40 02 0001')
  expect(await server.link.take()).toEqual([`PUBLISH b '' qos 1 id 1`, `PUBLISH b '' qos 1 id 2`])
})

test('drain() waits until everything is delivered', async () => {
  const { client, server } = await connected()
  let isDrained = false
  void client.publish('a', '', { qos: 1 })

  const drained = client.drain().then(() => {
    isDrained = true
  })
  await settle()
  expect(isDrained).toBe(false)
  server.link.sendBytes('40 02 0001')

  await drained
})

test('close({ drain: true }) delivers first', async () => {
  const { client, server } = await connected()
  void client.publish('a', '', { qos: 1 })

  const closed = client.close({ drain: true })
  expect(await server.link.take()).toEqual([`PUBLISH a '' qos 1 id 1`])
  server.link.sendBytes('40 02 0001')
  await closed

  expect(await server.link.take()).toEqual(['DISCONNECT 00'])
})

test('an outbox with more messages than there are Packet Identifiers is delivered in order', async () => {
  const payload = new Uint8Array(0)
  const stored = Array.from({ length: 65_540 }, (_, sequence) => {
    return {
      sequence,
      topic: `${sequence}`,
      payload,
      qos: 1 as const,
      retain: false,
      properties: {},
      isReleased: false,
    }
  })
  const options = { clientId: 'me', outbox: fullOutbox(stored), outboxMessagesMax: 100_000 }
  const server = new ScriptedServer(accept({ receiveMaximum: 65_535 }, true))
  await connected(options, server)

  server.link.sendBytes('40 02 0001  40 02 0002')

  expect(await server.link.take()).toEqual([`PUBLISH 65535 '' qos 1 id 1`, `PUBLISH 65536 '' qos 1 id 2`])
})

test('a message whose Packet Identifier a request has goes out when that is answered', async () => {
  const server = new ScriptedServer()
  const client = await connect([], { transport: server, runtime: new VirtualRuntime(), startsOffline: true })
  const subscribing = client.subscribe('a')
  const publishing = client.publish('a', 'x', { qos: 1 })
  await settle()

  const beforeSuback = (await server.link.take()).slice(1)
  server.link.send({ type: PacketType.Suback, packetId: 1, reasonCodes: [1], properties: {} })
  const afterSuback = await server.link.take()
  server.link.send({ type: PacketType.Puback, packetId: 1, reasonCode: 0, properties: {} })
  await Promise.all([subscribing, publishing])

  expect(beforeSuback).toEqual(['SUBSCRIBE 1 a:1'])
  expect(afterSuback).toEqual(["PUBLISH a 'x' qos 1 id 1"])
})

test('send() calls back once, and takes a message back without a word', async () => {
  const { client, server } = await connected()
  const told: unknown[] = []
  const tell = (error: unknown, result: unknown): void => void told.push(error ?? result)

  client.send('a', 'now', {}, tell)
  client.send('a', 'later', { qos: 1 }, tell)
  await server.link.take()
  server.link.sendBytes('40 02 0001')
  await settle()
  server.link.drop()
  await settle()
  const takeBack = client.send('a', 'never', { qos: 1 }, tell)
  takeBack()

  expect(told).toMatchObject([{ isMatched: undefined }, { isMatched: true }])
  expect(client.outbox.count).toBe(0)
})
