import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { json, request, serve, topic } from '../src/index.ts'
import { connected, failure } from './support/connected.ts'
import { grant, subscribed } from './support/subscribed.ts'
import { settle } from './support/virtual-runtime.ts'

test('close() gives up delivering when its signal fires', async () => {
  const { client, server } = await connected()
  const controller = new AbortController()
  const published = failure(client.publish('a', '', { qos: 1 }))
  const closing = client.close({ drain: true, signal: controller.signal })
  await settle()
  expect(client.state).toBe('connected')

  controller.abort()
  await closing

  expect(await published).toMatchObject({ code: 'ERR_CLOSED' })
  expect(await server.link.take()).toEqual(["PUBLISH a '' qos 1 id 1", 'DISCONNECT 00'])
})

test('a signal is let go of by what has ended', async () => {
  const { signal } = new AbortController()
  const setting = await connected({ signal })
  const subscription = await subscribed(setting, 'a', { signal })
  await setting.client.publish('a', '', { signal })
  const unsubscribed = subscription.unsubscribe()
  await grant(setting.server.link)
  await unsubscribed
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)

  await setting.client.close()

  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

test('what is not waited for and fails does not end the process', async () => {
  const { client } = await connected({ protocolVersion: 4 })
  const typed = topic('a/{b}', json())
  const rejections: unknown[] = []
  const listener = (reason: unknown) => rejections.push(reason)
  process.on('unhandledRejection', listener)

  void request(client, 'a', '')
  void serve(client, '#/a', () => '')
  void serve(client, 'a', () => '', { concurrency: 0 })
  void typed.publish(client, { b: '' }, 1)
  void typed.publish(client, { b: 'c' }, undefined)
  void typed.subscribe(client, () => {}, { parameters: { b: '+' } })
  void client.reauthenticate()
  void client.drain({ signal: AbortSignal.abort() })
  await client.close()
  void client.unsubscribe('a')
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  process.off('unhandledRejection', listener)

  expect(rejections).toEqual([])
})

test('one signal takes 10 000 messages back, and the others go on in order', async () => {
  const { client, server, runtime } = await connected({ outboxMessagesMax: 100_000, reconnect: { delayMs: 1 } })
  server.link.drop()
  await settle()
  const controller = new AbortController()
  const rejected: unknown[] = []
  for (let index = 0; index < 10_000; index++) {
    const isKept = index % 2_000 === 0
    const publishing = client.publish(`a/${index}`, '', isKept ? { qos: 1 } : { qos: 1, signal: controller.signal })
    if (!isKept) publishing.catch(error => rejected.push(error))
  }

  controller.abort()
  await settle()
  expect(client.outbox.count).toBe(5)
  await runtime.pass(10)

  expect(rejected).toHaveLength(9_995)
  expect(await server.link.take()).toEqual([
    'CONNECT 5',
    ...[0, 1, 2, 3, 4].map(index => `PUBLISH a/${index * 2_000} '' qos 1 id ${index * 2_000 + 1}`),
  ])
})
