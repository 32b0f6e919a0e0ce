import { MessageChannel } from 'node:worker_threads'
import { startTestBroker } from '@curlew/testing'
import { expect, test } from 'vitest'
import { Waits } from '../src/waits.ts'

test('a message is waited for, before or after it comes, and given once', async () => {
  await using broker = await startTestBroker()
  const client = await broker.client({ clientId: 'kettle' })

  const early = broker.waitForMessage('kettle/+')
  await client.publish('other', 'x')
  await client.publish('kettle/state', 'on')
  await client.publish('kettle/state', 'off', { qos: 1, retain: true })

  expect(await early).toMatchObject({ clientId: 'kettle', topic: 'kettle/state', text: 'on', qos: 0 })
  expect(await broker.waitForMessage('kettle/+')).toMatchObject({ text: 'off', qos: 1, retain: true })
})

test('a delivery is waited for, such as that of a Will', async () => {
  await using broker = await startTestBroker()
  const watcher = await broker.client({ clientId: 'watcher' })
  await watcher.subscribe('state')
  const mortal = await broker.client({ will: { topic: 'state', payload: 'gone' } })

  await broker.drop(mortal)

  expect(await broker.waitForDelivery(watcher, 'state')).toMatchObject({ text: 'gone' })
})

test('clients and Subscriptions are waited for', async () => {
  await using broker = await startTestBroker()

  const arrival = broker.waitForClient('late')
  const subscribed = broker.waitForSubscription('a/+', 'late')
  const client = await broker.client({ clientId: 'late', protocolVersion: 4 })
  await client.subscribe(['b', 'a/+'])

  expect(await arrival).toMatchObject({ clientId: 'late', protocolVersion: 4 })
  await subscribed
  await broker.waitForSubscription('b')
})

const explanations: [what: string, wait: string, explanation: string][] = [
  ['a message', 'waitForMessage', 'a message on nothing/here; there were some on a'],
  ['a client', 'waitForClient', 'the client nothing/here to connect; connected: only'],
  ['a Subscription', 'waitForSubscription', 'a client to subscribe to nothing/here'],
]
for (const [what, wait, explanation] of explanations) {
  test(`waiting in vain for ${what} ends with an explanation`, async () => {
    await using broker = await startTestBroker({ waitMs: 20 })
    const client = await broker.client({ clientId: 'only' })
    await client.publish('a', '', { qos: 1 })

    const waiting = (broker as unknown as Record<string, (name: string) => Promise<void>>)[wait]!('nothing/here')

    await expect(waiting).rejects.toThrow(`after 20 ms still waiting for ${explanation}`)
  })
}

test('what came while the process stood still is found, though the time is up', async () => {
  const waits = new Waits(20)
  const { port1, port2 } = new MessageChannel()
  let news: string | undefined
  port2.once('message', text => {
    news = text
    waits.notify()
  })

  const waiting = waits.until(
    () => news,
    () => 'news',
  )
  port1.postMessage('late')
  const untilMs = performance.now() + 40
  while (performance.now() < untilMs);

  expect(await waiting).toBe('late')
  port1.close()
})

test('waits end with the broker', async () => {
  const broker = await startTestBroker()
  const waiting = broker.waitForMessage()
  const told = expect(waiting).rejects.toThrow('the test broker is closed')

  await broker.close()

  await told
})
