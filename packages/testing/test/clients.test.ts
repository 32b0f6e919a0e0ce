import { connect } from '@curlew/client'
import { startTestBroker } from '@curlew/testing'
import { expect, test } from 'vitest'

test('clients talk to each other without a socket', async () => {
  await using broker = await startTestBroker()
  const [kettle, phone] = [await broker.client({ clientId: 'kettle' }), await broker.client({ clientId: 'phone' })]
  const subscription = await phone.subscribe('kettle/+', { qos: 2 })

  const { isMatched } = await kettle.publish('kettle/state', 'boiling', { qos: 2 })
  const { value } = await subscription.next()

  expect(isMatched).toBe(true)
  expect(value?.text()).toBe('boiling')
  expect(broker.clientIds).toEqual(['kettle', 'phone'])
  expect(broker.stats()).toMatchObject({ connections: 2, subscriptions: 1 })
})

test('clients of other makes come by a port, and are seen like the others', async () => {
  await using broker = await startTestBroker()
  const url = await broker.listen()

  const client = await connect(url, { clientId: 'socket', protocolVersion: 4, reconnect: false })
  await client.publish('a', 'by TCP', { qos: 1 })
  const message = await broker.waitForMessage('a')
  await broker.drop('socket')

  expect(message).toMatchObject({ clientId: 'socket', text: 'by TCP', qos: 1 })
  expect(await client.closed).toMatchObject({ code: 'ERR_TRANSPORT' })
})

test('closing the broker closes its clients, frozen ones too', async () => {
  const broker = await startTestBroker()
  const [client, frozen] = [await broker.client(), await broker.client()]
  broker.freeze(frozen)

  await broker.close()

  expect([client.state, frozen.state]).toEqual(['closed', 'closed'])
  await expect(broker.client()).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
})

test('options of the broker are passed on', async () => {
  await using broker = await startTestBroker({ capabilities: { maximumQoS: 1 } })
  const client = await broker.client()

  await expect(client.publish('a', '', { qos: 2 })).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
})
