import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import { connected, failure } from './support/connected.ts'
import { accept } from './support/scripted-server.ts'
import { grant, subscribed } from './support/subscribed.ts'
import { settle } from './support/virtual-runtime.ts'

test('after a lost Session everything is subscribed again; after a kept one nothing is', async () => {
  const setting = await connected()
  const { server, runtime } = setting
  await subscribed(setting, 'a')
  await subscribed(setting, 'b', { qos: 2 })

  server.greeting = accept({}, true)
  server.link.drop()
  await runtime.pass(1_000)
  expect(await server.link.take()).toEqual(['CONNECT 5'])
  server.greeting = accept()
  server.link.drop()
  await runtime.pass(2_000)

  expect(await server.link.take()).toEqual(['CONNECT 5', 'SUBSCRIBE 3 a:1', 'SUBSCRIBE 4 b:2'])
})

test('a SUBSCRIBE that was not answered is sent again, also when the Session is kept', async () => {
  const { client, server, runtime } = await connected()
  const asked = client.subscribe('a')
  await settle()

  server.greeting = accept({}, true)
  server.link.drop()
  await runtime.pass(1_000)
  const packets = await grant(server.link)
  await asked

  expect(packets).toMatchObject([{ type: PacketType.Connect }, { type: PacketType.Subscribe }])
})

test('a Subscription made and one ended without a connection are told to the Server on the next one', async () => {
  const setting = await connected()
  const { client, server, runtime } = setting
  const old = await subscribed(setting, 'old')
  server.greeting = accept({}, true)
  server.link.drop()
  await settle()

  await old.unsubscribe()
  void client.subscribe('new')
  await runtime.pass(1_000)

  expect(await server.link.take()).toEqual(['CONNECT 5', 'UNSUBSCRIBE 2 old', 'SUBSCRIBE 3 new:1'])
})

test('a Subscription that is refused when it is renewed ends, and is told of', async () => {
  const setting = await connected()
  const { client, server, runtime } = setting
  const errors: unknown[] = []
  client.on('error', error => errors.push(error))
  const subscription = await subscribed(setting, 'a')
  const next = failure(subscription.next())

  server.link.drop()
  await runtime.pass(1_000)
  server.link.sendBytes('90 04 0002 00 87')

  expect(await next).toMatchObject({ code: 'ERR_SUBSCRIBE_REFUSED', reasonCode: 0x87 })
  expect(errors).toMatchObject([{ code: 'ERR_SUBSCRIBE_REFUSED' }])
})

/** A Client whose Server keeps its Session, and cannot be reached. */
async function cutOff() {
  const setting = await connected()
  setting.server.greeting = accept({}, true)
  setting.server.unreachable = new Error('down')
  setting.server.link.drop()
  await settle()
  return setting
}

test('a filter that is taken back over and over without a connection is told to the Server once', async () => {
  const { client, server, runtime } = await cutOff()

  for (let round = 0; round < 50_000; round++) await client.unsubscribe(['b', 'a'])
  server.unreachable = undefined
  await runtime.pass(1_000)

  expect(await server.link.take()).toEqual(['CONNECT 5', 'UNSUBSCRIBE 1 b', 'UNSUBSCRIBE 2 a'])
})

test('a Subscription that comes and goes without a connection leaves nothing to tell', async () => {
  const { client, server, runtime } = await cutOff()

  for (let round = 0; round < 20_000; round++) {
    const controller = new AbortController()
    const failed = failure(client.subscribe(`a/${round}`, { signal: controller.signal }))
    controller.abort()
    await failed
  }
  server.unreachable = undefined
  await runtime.pass(1_000)

  expect(await server.link.take()).toEqual(['CONNECT 5'])
})

test('10 000 filters to be taken back wait for a connection, and no more', async () => {
  const { client, server, runtime } = await cutOff()
  for (let index = 0; index < 10_000; index++) await client.unsubscribe(`a/${index}`)

  expect(await failure(client.unsubscribe('one/more'))).toMatchObject({ code: 'ERR_OFFLINE', retryable: true })
  server.unreachable = undefined
  await runtime.pass(1_000)

  expect(await server.link.take()).toHaveLength(1_001) // CONNECT, and as many requests as may be unanswered
})

test('an UNSUBSCRIBE that was not answered is sent again, once, when the Session is kept', async () => {
  const { client, server, runtime } = await connected()
  const both = [client.unsubscribe('a'), client.unsubscribe('a')]
  expect(await server.link.take()).toEqual(['UNSUBSCRIBE 1 a', 'UNSUBSCRIBE 2 a'])

  server.greeting = accept({}, true)
  server.link.drop()
  expect(await Promise.all(both)).toEqual([[], []])
  await runtime.pass(1_000)

  expect(await server.link.take()).toEqual(['CONNECT 5', 'UNSUBSCRIBE 3 a'])
})

test('a filter that two wanted, one of them only without a connection, is taken back when both have gone', async () => {
  const setting = await connected()
  const granted = await subscribed(setting, 'a')
  const { client, server, runtime } = setting
  server.greeting = accept({}, true)
  server.link.drop()
  await settle()
  const controller = new AbortController()
  const failed = failure(client.subscribe('a', { signal: controller.signal }))
  await settle()

  await granted.unsubscribe()
  controller.abort()
  await failed
  await runtime.pass(1_000)

  expect(await server.link.take()).toEqual(['CONNECT 5', 'UNSUBSCRIBE 2 a'])
})
