import { startTestBroker } from '@curlew/testing'
import { expect, test } from 'vitest'

for (const protocolVersion of [4, 5] as const) {
  test(`packets are logged with client and direction (version ${protocolVersion})`, async () => {
    await using broker = await startTestBroker()
    const client = await broker.client({ clientId: 'kettle', protocolVersion })
    const subscription = await client.subscribe('state', { qos: 1 })

    await client.publish('state', 'on', { qos: 1 })
    await subscription.next()
    await subscription.unsubscribe()
    await client.close()
    await broker.waitForDisconnect('kettle')

    expect(broker.packets.lines('kettle').filter(line => !/PUBACK|UNSUB/.test(line))).toEqual([
      `> CONNECT ${protocolVersion} kettle clean-start`,
      '< CONNACK Success',
      expect.stringMatching(/^> SUBSCRIBE \d+ state qos 1$/),
      expect.stringMatching(/^< SUBACK \d+ Granted QoS 1$/),
      '> PUBLISH state "on" qos 1 id 1',
      '< PUBLISH state "on" qos 1 id 1',
      '> DISCONNECT Success',
    ])
  })
}

test('topics are told where an alias stands for them', async () => {
  await using broker = await startTestBroker({ limits: { topicAliasMaximum: 10 } })
  const client = await broker.client()

  for (const text of ['1', '2']) await client.publish('a/long/topic', text, { qos: 1 })

  expect(await broker.waitForMessage('a/#')).toMatchObject({ topic: 'a/long/topic', text: '1' })
  expect(await broker.waitForMessage('a/#')).toMatchObject({ topic: 'a/long/topic', text: '2' })
})

test('the log is bounded', async () => {
  await using broker = await startTestBroker({ packetsMax: 10 })
  const client = await broker.client()

  for (let count = 0; count < 20; count++) await client.publish('a', String(count), { qos: 1 })

  expect(broker.packets.size).toBe(10)
  expect(broker.packets.dropped).toBe(32)
  expect(broker.packets.lines().at(-1)).toMatch(/^< PUBACK 20/)
})
