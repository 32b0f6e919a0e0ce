import { startTestBroker } from '@curlew/testing'
import { expect, test } from 'vitest'

test('a kettle that is gone is reported', async () => {
  await using broker = await startTestBroker({ time: 'virtual' })
  const kettle = await broker.client({ clientId: 'kettle', will: { topic: 'kettle', payload: 'gone' } })
  const phone = await broker.client({ clientId: 'phone' })
  await phone.subscribe('kettle')

  broker.freeze(kettle) // nothing is read, nothing is sent: what a device without power does
  await broker.advance(91_000) // Keep Alive is 60 seconds, and the broker waits half as long again

  const will = await broker.waitForDelivery(phone, 'kettle')
  expect(will.text).toBe('gone')
})
