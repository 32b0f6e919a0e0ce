// What a user of node:test writes. It is run by ../node-test.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestBroker } from '@curlew/testing'

let broker

before(async () => {
  broker = await startTestBroker({ time: 'virtual' })
})
after(() => broker.close())

test('the kettle says that it boils', async () => {
  const kettle = await broker.client({ clientId: 'kettle' })

  await kettle.publish('kettle/state', 'boiling', { qos: 1 })

  const { clientId, text } = await broker.waitForMessage('kettle/+')
  assert.deepEqual([clientId, text], ['kettle', 'boiling'])
})

test('the kettle comes back', async () => {
  await broker.drop('kettle')
  await broker.advance(60_000)

  await broker.waitForClient('kettle')
})
