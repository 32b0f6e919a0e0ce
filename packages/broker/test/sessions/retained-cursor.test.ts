import { type Packet, PacketType, type Publish, type QoS } from '@curlew/codec'
import { beforeAll, describe, expect, test } from 'vitest'
import { puback, pubcomp, publishPacket, pubrec, subscribePacket } from '../support/packets.ts'
import type { RawClient } from '../support/raw-client.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { type Version, v5, v311, versions } from '../support/versions.ts'

/** A broker with so many retained messages `r/0`, `r/1`, … of one QoS. */
async function setUp(count: number, qos: QoS, options: StageOptions = {}) {
  const stage = new Stage(options)
  const publisher = await stage.connect({ clientId: 'publisher', keepAlive: 600 })
  const retain = (index: number, payload = 'x') =>
    publishPacket(`r/${index}`, payload, { qos, packetId: qos === 0 ? 0 : 1, retain: true })
  for (let first = 0; first < count; first += 1_000) {
    const size = Math.min(1_000, count - first)
    const packets = Array.from({ length: size }, (_, index) => [retain(first + index), qos === 2 ? '62 02 0001' : ''])
    publisher.send(...packets.flat())
    await stage.settle()
  }
  publisher.takeAll()
  return { stage, publisher, retain }
}

const answerTo = (packet: Packet): Packet[] => {
  if (packet.type === PacketType.Pubrel) return [pubcomp(packet.packetId)]
  if (packet.type !== PacketType.Publish || packet.qos === 0) return []
  return [packet.qos === 1 ? puback(packet.packetId) : pubrec(packet.packetId)]
}

/** Reads and acknowledges until nothing more comes; returns what was published. */
async function readAll(stage: Stage, client: RawClient): Promise<Publish[]> {
  const received: Publish[] = []
  for (;;) {
    await stage.settle()
    const packets = client.takePackets()
    if (packets.length === 0) return received
    for (const packet of packets) if (packet.type === PacketType.Publish) received.push(packet)
    client.wire.write(client.encode(packets.flatMap(answerTo)))
  }
}

describe('a hundred thousand retained messages', () => {
  let world: Awaited<ReturnType<typeof setUp>>
  beforeAll(async () => {
    world = await setUp(100_000, 2, { limits: { outputHighWaterBytes: 65_536 } })
  })

  const subscribers: [version: Version, qos: QoS][] = [
    [v311, 0],
    [v5, 1],
    [v311, 2],
  ]
  test.each(subscribers)(
    'reach a slow subscriber of %s whole, at QoS %d, while others go on',
    async ({ version }, qos) => {
      const { stage, publisher } = world
      const other = await stage.connect({ clientId: 'other', keepAlive: 600 })
      other.send(subscribePacket(1, ['live']))
      await other.next()
      const client = await stage.connect({ protocolVersion: version, keepAlive: 600 })
      client.wire.freeze()
      client.send(subscribePacket(1, [{ filter: 'r/+', qos }]))
      await stage.settle()

      publisher.send(publishPacket('live', 'x'))
      await publisher.upToNow()
      expect(other.takeAll()).toEqual(["PUBLISH live 'x'"])
      client.wire.thaw()
      const received = await readAll(stage, client)

      expect(new Set(received.map(({ topic }) => topic)).size).toBe(100_000)
      expect(received).toHaveLength(100_000)
      expect(received.every(packet => packet.retain && packet.qos === qos && !packet.dup)).toBe(true)
      expect(stage.broker.stats().drops).toMatchObject({ congested: 0, queueFull: 0 })
    },
  )
})

describe.each([0, 1, 2] as const)('at QoS %d', qos => {
  test('of a topic that is published or cleared while it is on its way, the last word is the newest', async () => {
    const { stage, publisher, retain } = await setUp(2_000, qos, { limits: { outputHighWaterBytes: 2_000 } })
    const client = await stage.connect({ keepAlive: 600 })
    client.wire.freeze()
    client.send(subscribePacket(1, [{ filter: 'r/+', qos }]))
    await stage.settle()

    for (const packet of [retain(1, 'new'), retain(500, 'new'), retain(1_999, 'new'), retain(600, '')]) {
      publisher.send(packet, qos === 2 ? '62 02 0001' : '')
    }
    await stage.settle()
    client.wire.thaw()
    const received = await readAll(stage, client)

    const last = new Map(received.map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]))
    expect([last.get('r/500'), last.get('r/1999')]).toEqual(['new', 'new'])
    expect(['', undefined]).toContain(last.get('r/600'))
    expect(last.size).toBeGreaterThanOrEqual(1_999)
  })
})

test('[MQTT-3.8.3-3] a retained message that the Client itself has replaced on the way is kept from it by No Local', async () => {
  const { stage, retain } = await setUp(2_000, 0, { limits: { outputHighWaterBytes: 2_000 } })
  const client = await stage.connect({ keepAlive: 600 })
  client.wire.freeze()
  client.send(subscribePacket(1, [{ filter: 'r/+', noLocal: true }]))
  await stage.settle()

  client.send(retain(500, 'own'))
  await stage.settle()
  client.wire.thaw()
  const received = await readAll(stage, client)

  expect(received.some(({ topic }) => topic === 'r/500')).toBe(false)
  expect(received).toHaveLength(1_999)
})

test.each([
  [1, { qos: 0, identifier: 7 }, { qos: 1, identifier: 9 }],
  [2, { qos: 1, identifier: 7 }, { qos: 0, identifier: undefined }],
] as const)(
  '[MQTT-3.8.4-3] [MQTT-3.8.4-4] a Subscription that is replaced with Retain Handling %d loses no retained message on its way, and the rest come in the terms of the new one',
  async (retainHandling, before, after) => {
    const { stage } = await setUp(300, 1, { limits: { outputHighWaterBytes: 1_000, inFlightMessagesMax: 10 } })
    const client = await stage.connect({ keepAlive: 600 })
    client.wire.freeze()
    client.send(subscribePacket(1, [{ filter: 'r/+', qos: before.qos }], before.identifier))
    await stage.settle()

    client.send(subscribePacket(2, [{ filter: 'r/+', qos: after.qos, retainHandling }], after.identifier))
    await stage.settle()
    client.wire.thaw()
    const received = await readAll(stage, client)

    const terms = received.map(({ qos, properties }) => ({ qos, identifier: properties.subscriptionIdentifiers?.[0] }))
    const first = terms.findIndex(({ qos }) => qos === after.qos)
    expect(new Set(received.map(({ topic }) => topic)).size).toBe(300)
    expect(received).toHaveLength(300)
    expect(first).toBeLessThan(100)
    expect(terms).toEqual([...Array(first).fill(before), ...Array(300 - first).fill(after)])
  },
)

test('[MQTT-3.8.3-3] of a Subscription that is replaced by one with No Local the own messages on their way stay behind', async () => {
  const stage = new Stage({ limits: { outputHighWaterBytes: 1_000 } })
  const client = await stage.connect({ keepAlive: 600 })
  for (let index = 0; index < 300; index++) client.send(publishPacket(`r/${index}`, 'own', { retain: true }))
  await stage.settle()
  client.wire.freeze()
  client.send(subscribePacket(1, ['r/+']))
  await stage.settle()

  client.send(subscribePacket(2, [{ filter: 'r/+', noLocal: true, retainHandling: 2 }]))
  await stage.settle()
  client.wire.thaw()

  expect((await readAll(stage, client)).length).toBeLessThan(100)
})

describe.each(versions)('in %s', ({ version }) => {
  test('retained messages that were on their way when the connection was lost come on the next one, more than the queue holds', async () => {
    const limits = { inFlightMessagesMax: 10, queuedMessagesMax: 50 }
    const { stage, publisher } = await setUp(200, 1, { limits })
    const client = await stage.connect(persistent(version, 'client'))
    client.send(
      subscribePacket(1, [
        { filter: 'r/+', qos: 1 },
        { filter: 'live', qos: 1 },
      ]),
    )
    await stage.settle()
    client.drop()
    await stage.settle()
    publisher.send(publishPacket('live', 'x', { qos: 1, packetId: 1 }))
    await publisher.upToNow()

    const back = await stage.connect(persistent(version, 'client'))
    const received = await readAll(stage, back)

    const topics = received.map(({ topic }) => topic)
    expect(new Set(topics.filter(topic => topic.startsWith('r/'))).size).toBeGreaterThanOrEqual(199)
    expect(topics).toContain('live')
  })

  test('a Session that ends takes its retained messages along', async () => {
    const { stage } = await setUp(200, 1, { limits: { inFlightMessagesMax: 10 } })
    const client = await stage.connect({ protocolVersion: version })
    client.send(subscribePacket(1, [{ filter: 'r/+', qos: 1 }]))
    await stage.settle()
    client.drop()
    await stage.settle()

    const back = await stage.dial({ ...persistent(version, 'client') })

    expect(await back.upToNow()).toEqual(['CONNACK 00'])
  })

  test('subscribing again while retained messages are on their way begins anew, and does not pile up', async () => {
    const { stage } = await setUp(500, 0, { limits: { outputHighWaterBytes: 1_000 } })
    const client = await stage.connect({ protocolVersion: version })
    client.wire.freeze()
    for (let round = 1; round <= 20; round++) client.send(subscribePacket(round, ['r/+']))
    await stage.settle()
    client.wire.thaw()

    const received = await readAll(stage, client)

    expect(new Set(received.map(({ topic }) => topic)).size).toBe(500)
    expect(received.length).toBeLessThan(700)
  })
})

test('[MQTT-3.3.2-5] a retained message that expires on its way is dropped and counted', async () => {
  const { stage, publisher } = await setUp(100, 0, { limits: { outputHighWaterBytes: 500 } })
  const brief = { messageExpiryInterval: 5 }
  for (let index = 0; index < 100; index++)
    publisher.send(publishPacket(`r/b${index}`, 'x', { retain: true, properties: brief }))
  await publisher.upToNow()
  const client = await stage.connect({ keepAlive: 600 })
  client.wire.freeze()
  client.send(subscribePacket(1, ['r/+']))
  await stage.advance(10_000)

  client.wire.thaw()
  const received = await readAll(stage, client)

  const expired = stage.broker.stats().drops.expired
  expect(expired).toBeGreaterThan(50)
  expect(received.length + expired).toBe(200)
})
