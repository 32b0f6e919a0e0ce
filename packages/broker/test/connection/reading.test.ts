import { noProperties, PacketType, ReasonCode } from '@curlew/codec'
import { expect, test } from 'vitest'
import type { MemoryWire } from '../support/memory-stream.ts'
import { publishPacket, subscribePacket, willOf } from '../support/packets.ts'
import type { RawClient } from '../support/raw-client.ts'
import { persistent, Stage } from '../support/stage.ts'

/** One message is in flight, and more than five of ten that may wait make the receiver count as behind. */
const limits = { inFlightMessagesMax: 1, queuedMessagesMax: 10 }

const behind = 7

async function subscriber(stage: Stage): Promise<RawClient<MemoryWire>> {
  const client = await stage.connect(persistent(5, 'subscriber'))
  client.send(subscribePacket(1, [{ filter: 'a', qos: 1 }]))
  await client.receiveA(PacketType.Suback)
  return client
}

async function publish(stage: Stage, client: RawClient<MemoryWire>, count: number): Promise<void> {
  for (let packetId = 1; packetId <= count; packetId++) client.send(publishPacket('a', '', { qos: 1, packetId }))
  await stage.settle()
}

async function acknowledge(stage: Stage, client: RawClient<MemoryWire>, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { packetId } = await client.receiveA(PacketType.Publish)
    client.send({ type: PacketType.Puback, packetId, reasonCode: ReasonCode.Success, properties: noProperties })
  }
  await stage.settle()
}

test('a publisher is not read while a receiver that goes on acknowledging is behind', async () => {
  const stage = new Stage({ limits })
  const receiver = await subscriber(stage)
  const publisher = await stage.connect({ clientId: 'publisher' })

  await publish(stage, publisher, behind)
  const wasPaused = publisher.wire.server.isPaused()
  await acknowledge(stage, receiver, behind)

  expect(wasPaused).toBe(true)
  expect(publisher.wire.server.isPaused()).toBe(false)
  expect(stage.broker.stats().drops.queueFull).toBe(0)
})

const pings = (client: RawClient<MemoryWire>, count: number): void => {
  client.wire.write(Buffer.from('c000'.repeat(count), 'hex'))
}

test('a Client that asks for answers and does not take them is not read until it does', async () => {
  const stage = new Stage({ limits: { outputHighWaterBytes: 1_000 } })
  const client = await stage.connect({ keepAlive: 60 })
  client.wire.freeze()
  pings(client, 900)
  await stage.settle()
  const wasRead = !client.wire.server.isPaused()

  pings(client, 200)
  await stage.settle()
  const isPaused = client.wire.server.isPaused()
  for (let round = 0; round < 100; round++) pings(client, 1_000)
  await stage.settle()
  const { sentPackets } = stage.broker.stats().traffic
  client.wire.thaw()
  await stage.settle()

  expect([wasRead, isPaused, client.wire.server.isPaused()]).toEqual([true, true, false])
  expect(sentPackets).toBeLessThan(3_000)
  expect(client.takeAll()).toHaveLength(101_100)
})

test('one that is sent more messages than it takes is read all the same, large ones too', async () => {
  const stage = new Stage({ limits: { outputHighWaterBytes: 1_000 } })
  const client = await stage.connect({ keepAlive: 60 })
  client.send(subscribePacket(1, ['a']))
  await client.receiveA(PacketType.Suback)
  client.wire.freeze()
  const publisher = await stage.connect({ clientId: 'publisher' })

  publisher.send(publishPacket('a', 'x'.repeat(100_000)), ...Array(100).fill(publishPacket('a', 'x')))
  await stage.settle()
  pings(client, 900)
  await stage.settle()

  expect(client.wire.server.isPaused()).toBe(false)
})

test('a receiver that does not go on acknowledging is waited for once, and then its queue overflows', async () => {
  const stage = new Stage({ limits })
  await subscriber(stage)
  const publisher = await stage.connect({ clientId: 'publisher' })
  await publish(stage, publisher, behind)

  await stage.advance(1_100)
  const wasRead = !publisher.wire.server.isPaused()
  await publish(stage, publisher, 10)

  expect(wasRead).toBe(true)
  expect(publisher.wire.server.isPaused()).toBe(false)
  expect(stage.broker.stats().drops.queueFull).toBe(6)
})

test('a receiver that goes away while a publisher waits for it lets the publisher go on', async () => {
  const stage = new Stage({ limits })
  const receiver = await subscriber(stage)
  const publisher = await stage.connect({ clientId: 'publisher' })
  await publish(stage, publisher, behind)

  receiver.drop()
  await stage.settle()

  expect(publisher.wire.server.isPaused()).toBe(false)
})

test('nobody waits for a Client that is away', async () => {
  const stage = new Stage({ limits })
  const receiver = await subscriber(stage)
  receiver.drop()
  await stage.settle()
  const publisher = await stage.connect({ clientId: 'publisher' })

  await publish(stage, publisher, behind)

  expect(publisher.wire.server.isPaused()).toBe(false)
})

test('a publisher that has messages to acknowledge itself goes on being read', async () => {
  const stage = new Stage({ limits })
  const client = await subscriber(stage)

  await publish(stage, client, behind)

  expect(client.wire.server.isPaused()).toBe(false)
})

test('a publisher is not made to wait for a receiver that fell behind through the Wills of others', async () => {
  const stage = new Stage({ limits })
  await subscriber(stage)
  for (let index = 0; index < behind; index++) {
    const client = await stage.connect({ clientId: `gone ${index}`, will: willOf('a', 'x', { qos: 1 }) })
    client.drop()
    await stage.settle()
  }
  const publisher = await stage.connect({ clientId: 'publisher' })

  publisher.send(publishPacket('unrelated', 'x'))
  await stage.settle()

  expect(publisher.wire.server.isPaused()).toBe(false)
})

test('a publisher that is not read is not taken to be silent', async () => {
  const stage = new Stage({ limits: { ...limits, packetTimeoutMs: 100 } })
  await subscriber(stage)
  const publisher = await stage.connect({ clientId: 'publisher', keepAlive: 1 })
  await stage.advance(1_000)
  await publish(stage, publisher, behind)

  publisher.send('c0')
  await stage.advance(900)
  const wasPaused = publisher.wire.server.isPaused()
  await stage.advance(300)
  publisher.send('00')

  expect(wasPaused).toBe(true)
  expect(await publisher.upToNow()).toHaveLength(behind)
})
