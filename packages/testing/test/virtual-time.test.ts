import { startTestBroker, VirtualTime } from '@curlew/testing'
import { expect, test } from 'vitest'

test('a message expires when virtual time has passed', async () => {
  await using broker = await startTestBroker({ time: 'virtual' })
  const publisher = await broker.client()
  const retained = { qos: 1, retain: true, properties: { messageExpiryInterval: 60 } } as const
  await publisher.publish('offer', 'half price', retained)

  await broker.advance(59_000)
  const inTime = await (await broker.client()).subscribe('offer')
  const offer = (await inTime.next()).value
  await broker.advance(2_000)
  await (await broker.client({ clientId: 'late' })).subscribe('offer')
  await broker.time?.settle()

  expect(offer?.properties.messageExpiryInterval).toBe(1)
  expect(broker.packets.find(({ clientId, message }) => clientId === 'late' && message !== undefined)).toEqual([])
})

test('a client pings in virtual time', async () => {
  await using broker = await startTestBroker({ time: 'virtual' })
  await broker.client({ clientId: 'quiet', keepAlive: 60 })

  await broker.advance(3_600_000)
  const pings = broker.packets.find(({ text }) => text === 'PINGREQ')

  expect(broker.clientIds).toEqual(['quiet'])
  expect(pings.length).toBeGreaterThanOrEqual(60)
  expect(pings[0]?.atMs).toBe(30_000)
})

test('timers run in the order of their moments, and those that were cancelled do not', async () => {
  const time = new VirtualTime(1_000_000)
  const calls: string[] = []
  const call = (name: string) => () => calls.push(`${name} at ${time.nowMs}`)
  time.clientRuntime.setTimer(20, call('late'))
  time.brokerRuntime.startTimer(10, call('early'))
  const cancel = time.clientRuntime.setTimer(15, call('never'))
  time.clientRuntime.setTimer(10, call('early too'))
  cancel()

  await time.advance(30)

  expect(calls).toEqual(['early at 10', 'early too at 10', 'late at 20'])
  expect([time.nowMs, time.brokerRuntime.wallClockMs()]).toEqual([30, 1_000_030])
})

test('real time cannot be advanced', async () => {
  await using broker = await startTestBroker()

  await expect(broker.advance(1)).rejects.toThrow('only virtual time can be advanced')
})
