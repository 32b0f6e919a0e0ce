import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import type { ReceivedMessage } from '../src/index.ts'
import { connected, failure } from './support/connected.ts'
import { accept, ScriptedServer } from './support/scripted-server.ts'
import { grant, publish, subscribed } from './support/subscribed.ts'
import { settle } from './support/virtual-runtime.ts'

test('SUBSCRIBE carries the options and an identifier', async () => {
  const { client, server } = await connected()

  void client.subscribe(['a/+', 'b'], { qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 1 })

  const options = { qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 1 }
  expect(await server.link.packets()).toMatchObject([
    {
      subscriptions: [
        { filter: 'a/+', ...options },
        { filter: 'b', ...options },
      ],
      properties: { subscriptionIdentifiers: [1] },
    },
  ])
})

test('a Subscription is an async iterable, and leaving the loop unsubscribes', async () => {
  const setting = await connected()
  const subscription = await subscribed(setting, 'home/+')
  const texts: string[] = []

  const loop = (async () => {
    for await (const message of subscription) {
      texts.push(`${message.topic} ${message.text()}`)
      if (texts.length === 2) break
    }
  })()
  setting.server.link.send(publish('home/a', '1'), publish('away', 'x'), publish('home/b', '2'), publish('home/c', '3'))
  await settle()
  expect(await grant(setting.server.link)).toMatchObject([{ type: PacketType.Unsubscribe, filters: ['home/+'] }])
  await loop

  expect(texts).toEqual(['home/a 1', 'home/b 2'])
})

test('a message is acknowledged when the loop asks for the next one', async () => {
  const setting = await connected()
  const { link } = setting.server
  const subscription = await subscribed(setting)

  link.send(publish('a', '1', 1, { packetId: 10 }), publish('a', '2', 1, { packetId: 11 }))
  await subscription.next()
  expect(await link.take()).toEqual([])
  await subscription.next()
  expect(await link.take()).toEqual(['PUBACK 10'])
  void subscription.next()

  expect(await link.take()).toEqual(['PUBACK 11'])
})

test('[MQTT-4.6.0-2] acknowledgements given in any order leave in the order of the messages', async () => {
  const setting = await connected()
  const { link } = setting.server
  const messages: ReceivedMessage[] = []
  await subscribed(setting, 'a', { ack: 'manual', handler: message => messages.push(message) })
  link.send(...[1, 2, 3].map(packetId => publish('a', '', 1, { packetId })))
  link.send(...[4, 5].map(packetId => publish('a', '', 2, { packetId })))
  await settle()

  messages[2]!.ack()
  messages[1]!.ack()
  messages[4]!.ack()
  expect(await link.take()).toEqual([])
  messages[0]!.ack()
  messages[0]!.ack()
  expect(await link.take()).toEqual(['PUBACK 1', 'PUBACK 2', 'PUBACK 3'])
  messages[3]!.ack()

  expect(await link.take()).toEqual(['PUBREC 4', 'PUBREC 5'])
})

test('a message for several Subscriptions is acknowledged when all have it', async () => {
  const setting = await connected()
  const { link } = setting.server
  const messages: ReceivedMessage[] = []
  await subscribed(setting, 'a', { ack: 'manual', handler: message => messages.push(message) })
  await subscribed(setting, '+', { ack: 'manual', handler: message => messages.push(message) })
  link.send(publish('a', '', 1, { packetId: 7 }))
  await settle()

  messages[0]!.ack()
  expect(await link.take()).toEqual([])
  messages[1]!.ack()

  expect(await link.take()).toEqual(['PUBACK 7'])
})

test('Subscription Identifiers tell copies of overlapping Subscriptions apart', async () => {
  const setting = await connected()
  const got: string[] = []
  await subscribed(setting, 'a', message => got.push(`exact ${message.text()}`))
  await subscribed(setting, '#', message => got.push(`all ${message.text()}`))

  setting.server.link.send(
    publish('a', '1', 0, { properties: { subscriptionIdentifiers: [1] } }),
    publish('a', '2', 0, { properties: { subscriptionIdentifiers: [2] } }),
    publish('a', '3', 0, { properties: { subscriptionIdentifiers: [2, 1] } }),
    publish('a', '4', 0, { properties: { subscriptionIdentifiers: [77] } }),
  )
  await settle()

  expect(got.sort()).toEqual(['all 2', 'all 3', 'all 4', 'exact 1', 'exact 3', 'exact 4'])
})

test('two Subscriptions with one filter both get each message, and the last one to go unsubscribes', async () => {
  const setting = await connected()
  const { link } = setting.server
  const got: string[] = []
  const one = await subscribed(setting, 'a', () => got.push('one'))
  const two = await subscribed(setting, 'a', () => got.push('two'))

  link.send(publish('a', '', 0, { properties: { subscriptionIdentifiers: [2] } }))
  await settle()
  expect(got).toEqual(['one', 'two'])
  await one.unsubscribe()
  expect(await link.take()).toEqual([])
  void two.unsubscribe()

  expect(await link.take()).toEqual(['UNSUBSCRIBE 3 a'])
})

test('a Shared Subscription gets what its filter matches', async () => {
  const setting = await connected()
  const got: string[] = []
  await subscribed(setting, '$share/group/a/#', message => got.push(message.topic))

  setting.server.link.send(publish('a', ''), publish('a/b', ''), publish('b', ''))
  await settle()

  expect(got).toEqual(['a', 'a/b'])
})

test('a slow loop withholds acknowledgements; QoS 0 beyond the buffer is dropped and counted', async () => {
  const setting = await connected()
  const { link } = setting.server
  const subscription = await subscribed(setting, 'a', { bufferMax: 2 })

  for (let packetId = 1; packetId <= 5; packetId++) link.send(publish('a', `${packetId}`, 1, { packetId }))
  for (let count = 0; count < 3; count++) link.send(publish('a', 'zero'))
  expect(await link.take()).toEqual([])

  expect(subscription.buffered).toBe(5)
  expect(subscription.dropped).toBe(3)
})

test('drop-newest and drop-oldest keep the buffer, acknowledge at once and count', async () => {
  const setting = await connected()
  const { link } = setting.server
  const newest = await subscribed(setting, 'a', { bufferMax: 2, overflow: 'drop-newest' })
  const oldest = await subscribed(setting, 'b', { bufferMax: 2, overflow: 'drop-oldest' })

  for (let packetId = 1; packetId <= 4; packetId++) link.send(publish('a', `${packetId}`, 1, { packetId }))
  for (let packetId = 5; packetId <= 8; packetId++) link.send(publish('b', `${packetId}`, 1, { packetId }))
  expect(await link.take()).toHaveLength(8)

  expect([newest.dropped, oldest.dropped]).toEqual([2, 2])
  expect((await newest.next()).value?.text()).toBe('1')
  expect((await oldest.next()).value?.text()).toBe('7')
})

test('the buffer is bounded by bytes as well, though a single message may be larger', async () => {
  const setting = await connected()
  const { link } = setting.server
  const newest = await subscribed(setting, 'a', { bufferBytesMax: 10, overflow: 'drop-newest' })
  const oldest = await subscribed(setting, 'b', { bufferBytesMax: 10, overflow: 'drop-oldest' })

  for (const topic of ['a', 'b'])
    for (const text of ['x'.repeat(20), '1234', '567890', '!']) link.send(publish(topic, text))
  await settle()

  expect([newest.buffered, newest.dropped]).toEqual([1, 3])
  expect([oldest.buffered, oldest.dropped]).toEqual([2, 2])
  expect((await oldest.next()).value?.text()).toBe('567890')
})

test('the policy error ends the Subscription', async () => {
  const setting = await connected()
  const { link } = setting.server
  const subscription = await subscribed(setting, 'a', { bufferMax: 1, overflow: 'error' })

  link.send(publish('a', '1'), publish('a', '2'))

  expect(await link.take()).toEqual(['UNSUBSCRIBE 2 a'])
  expect(await failure(subscription.next())).toMatchObject({ code: 'ERR_OVERFLOW' })
  expect(await subscription.next()).toEqual({ value: undefined, done: true })
})

test('an asynchronous handler gets one message at a time, acknowledged when it is done', async () => {
  const setting = await connected()
  const { link } = setting.server
  const running: (() => void)[] = []
  await subscribed(setting, 'a', () => new Promise<void>(resolve => running.push(resolve)))

  link.send(publish('a', '1', 1, { packetId: 1 }), publish('a', '2', 1, { packetId: 2 }))
  expect(await link.take()).toEqual([])
  expect(running).toHaveLength(1)
  running[0]!()
  expect(await link.take()).toEqual(['PUBACK 1'])
  expect(running).toHaveLength(2)
  running[1]!()

  expect(await link.take()).toEqual(['PUBACK 2'])
})

test('a handler that throws or rejects refuses its message, is told of, and goes on', async () => {
  const setting = await connected()
  const { link } = setting.server
  const errors: unknown[] = []
  setting.client.on('error', error => errors.push(error))
  await subscribed(setting, 'a', message => {
    if (message.text() === 'throw') throw new Error('thrown')
    return message.text() === 'reject' ? Promise.reject(new Error('rejected')) : undefined
  })

  link.send(publish('a', 'throw', 1, { packetId: 1 }), publish('a', 'reject', 2, { packetId: 2 }))
  link.send(publish('a', 'fine', 1, { packetId: 3 }))

  expect(await link.take()).toEqual(['PUBACK 1 80', 'PUBREC 2 80', 'PUBACK 3'])
  expect(errors).toMatchObject([
    { code: 'ERR_HANDLER', cause: new Error('thrown') },
    { code: 'ERR_HANDLER', cause: new Error('rejected') },
  ])
})

test('a refused Subscription rejects with its Reason Code, and what was granted with it is taken back', async () => {
  const { client, server } = await connected()

  const one = failure(client.subscribe('a'))
  const two = failure(client.subscribe(['b', 'c']))
  await server.link.take()
  server.link.sendBytes('90 04 0001 00 87  90 05 0002 00 01 8f')

  expect(await one).toMatchObject({ code: 'ERR_SUBSCRIBE_REFUSED', reasonCode: 0x87 })
  expect(await two).toMatchObject({ code: 'ERR_SUBSCRIBE_REFUSED', reasonCode: 0x8f })
  expect(await server.link.take()).toEqual(['UNSUBSCRIBE 3 b c'])
})

for (const filter of ['', 'a/#/b', 'a+', '$share/g', []]) {
  test(`${JSON.stringify(filter)} is no Topic Filter`, async () => {
    const { client } = await connected()

    expect(await failure(client.subscribe(filter))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
}

test('what the Server does not offer is not asked for', async () => {
  const offer = {
    wildcardSubscriptionAvailable: false,
    sharedSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: false,
  }
  const { client, server } = await connected({}, new ScriptedServer(accept(offer)))

  expect(await failure(client.subscribe('a/+'))).toMatchObject({ code: 'ERR_NOT_SUPPORTED', reasonCode: 0xa2 })
  expect(await failure(client.subscribe('$share/g/a'))).toMatchObject({ code: 'ERR_NOT_SUPPORTED', reasonCode: 0x9e })
  void client.subscribe('a')

  const [packet] = await server.link.packets()
  expect(packet).toMatchObject({ type: PacketType.Subscribe })
  expect((packet as { properties: object }).properties).not.toHaveProperty('subscriptionIdentifiers', [3])
})

test('a message that nobody wants is acknowledged and told', async () => {
  const { client, server } = await connected()
  const topics: string[] = []
  client.on('unhandled', message => topics.push(message.topic))

  server.link.send(publish('x', '', 1, { packetId: 9 }), publish('y', ''))

  expect(await server.link.take()).toEqual(['PUBACK 9'])
  expect(topics).toEqual(['x', 'y'])
})

test('a signal ends a Subscription', async () => {
  const setting = await connected()
  const controller = new AbortController()
  const subscription = await subscribed(setting, 'a', { signal: controller.signal })
  const next = subscription.next()

  controller.abort()

  expect(await next).toEqual({ value: undefined, done: true })
  expect(await setting.server.link.take()).toEqual(['UNSUBSCRIBE 2 a'])
  expect(await failure(setting.client.subscribe('b', { signal: controller.signal }))).toMatchObject({
    code: 'ERR_ABORTED',
  })
})

test('closing the Client ends loops; what cannot heal ends them with its error', async () => {
  const one = await connected()
  const two = await connected()
  const ended = (await subscribed(one)).next()
  const failed = failure((await subscribed(two)).next())

  void one.client.close()
  two.server.link.sendBytes('e0 01 8e')

  expect(await ended).toEqual({ value: undefined, done: true })
  expect(await failed).toMatchObject({ code: 'ERR_DISCONNECTED', reasonCode: 0x8e })
})

test('unsubscribe() takes back what an earlier run subscribed to', async () => {
  const { client, server } = await connected()

  const asked = client.unsubscribe(['a', 'b'])
  expect(await server.link.take()).toEqual(['UNSUBSCRIBE 1 a b'])
  server.link.sendBytes('b0 05 0001 00 00 11')

  expect(await asked).toEqual([0, 0x11])
})

test('a payload that waits does not keep the read alive that it came in', async () => {
  const setting = await connected()
  const subscription = await subscribed(setting)

  setting.server.link.send(publish('a', 'small'), publish('a', 'x'.repeat(60_000)))
  await settle()

  const small = await subscription.next()
  expect(small.value?.payload.buffer.byteLength).toBeLessThan(100)
  expect(small.value?.text()).toBe('small')
})

test('two calls of next() that wait at once: each message is acknowledged when it is done with', async () => {
  const setting = await connected()
  const { link } = setting.server
  const subscription = await subscribed(setting)

  const both = Promise.all([subscription.next(), subscription.next()])
  link.send(publish('a', '', 1, { packetId: 7 }), publish('a', '', 1, { packetId: 8 }))
  await both
  void subscription.next()

  expect(await link.take()).toEqual(['PUBACK 7', 'PUBACK 8'])
})
