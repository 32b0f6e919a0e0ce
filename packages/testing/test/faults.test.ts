import { startTestBroker } from '@curlew/testing'
import { expect, test } from 'vitest'

test('a dropped client comes back by itself, and its Will is published', async () => {
  await using broker = await startTestBroker()
  const watcher = await broker.client()
  const wills = await watcher.subscribe('kettle/state')
  const kettle = await broker.client({
    clientId: 'kettle',
    will: { topic: 'kettle/state', payload: 'gone' },
    reconnect: { delayMs: 1 },
  })

  await broker.drop(kettle)
  const will = (await wills.next()).value
  await broker.waitForClient('kettle')

  expect(will?.text()).toBe('gone')
})

test('what is published while the broker cannot be reached is delivered afterwards', async () => {
  await using broker = await startTestBroker({ time: 'virtual' })
  const client = await broker.client({ clientId: 'meter' })

  broker.isReachable = false
  await broker.drop(client)
  const published = client.publish('reading', '7', { qos: 1 })
  await broker.advance(60_000)
  const stateWhileAway = client.state
  broker.isReachable = true
  await broker.advance(60_000)

  expect(stateWhileAway).toBe('waiting')
  expect(await published).toMatchObject({ isMatched: false })
  expect(await broker.waitForMessage('reading')).toMatchObject({ text: '7' })
})

test('a frozen client is found out by Keep Alive, and notices when it thaws', async () => {
  await using broker = await startTestBroker({ time: 'virtual' })
  const client = await broker.client({ clientId: 'sleepy', keepAlive: 60, reconnect: false })

  broker.freeze(client)
  await broker.advance(89_000)
  const idsBefore = broker.clientIds
  await broker.advance(2_000)
  const [idsAfter, stateWhileFrozen] = [broker.clientIds, client.state]
  broker.thaw(client)
  await client.closed

  expect([idsBefore, idsAfter, stateWhileFrozen]).toEqual([['sleepy'], [], 'connected'])
})

test('a frozen client holds up its messages and gets them when it thaws', async () => {
  await using broker = await startTestBroker()
  const [publisher, frozen] = [await broker.client(), await broker.client({ clientId: 'frozen' })]
  const received: string[] = []
  await frozen.subscribe('a', { qos: 1, handler: message => void received.push(message.text()) })

  broker.freeze('frozen')
  await publisher.publish('a', '1', { qos: 1 })
  await publisher.publish('a', '2', { qos: 1 })
  const receivedWhileFrozen = [...received]
  broker.thaw('frozen')
  await broker.waitForPacket(({ clientId, text }) => clientId === 'frozen' && text === 'PUBACK 2')

  expect(receivedWhileFrozen).toEqual([])
  expect(received).toEqual(['1', '2'])
})

test('who has no connection cannot be frozen', async () => {
  await using broker = await startTestBroker()

  expect(() => broker.freeze('nobody')).toThrow('the client nobody has no connection')
})
