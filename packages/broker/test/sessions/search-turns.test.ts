import { PacketType, type Publish } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { NODES_PER_TURN, SearchTurns } from '../../src/sessions/search-turns.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { puback, publishPacket, subscribePacket, unsubscribePacket } from '../support/packets.ts'
import type { RawClient } from '../support/raw-client.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { versions } from '../support/versions.ts'
import { hostTurn, VirtualRuntime } from '../support/virtual-runtime.ts'

const count = 5 * NODES_PER_TURN

/** A broker with many retained messages `r/0`, `r/1`, … */
async function setUp(options: StageOptions = {}) {
  const stage = new Stage(options)
  const publisher = await stage.connect({ clientId: 'publisher' })
  for (let first = 0; first < count; first += 500) {
    const packets = Array.from({ length: 500 }, (_, index) => {
      return publishPacket(`r/${first + index}`, 'x', { qos: 1, packetId: 1, retain: true })
    })
    publisher.send(...packets)
    await stage.settle()
  }
  publisher.takeAll()
  return { stage, publisher }
}

/** Ends one turn after the other until nothing goes on; says what each has brought. */
async function turnsOf(stage: Stage, take: () => number): Promise<number[]> {
  const counts: number[] = []
  for (;;) {
    await hostTurn()
    if (!stage.runtime.endTurn()) return counts
    await hostTurn()
    counts.push(take())
  }
}

/** Acknowledges whatever comes until nothing more does. */
async function takeAll(stage: Stage, client: RawClient): Promise<Publish[]> {
  const received: Publish[] = []
  for (;;) {
    await stage.settle()
    const packets = client.takePackets()
    if (packets.length === 0) return received
    const publishes = packets.filter(packet => packet.type === PacketType.Publish)
    received.push(...publishes)
    const acknowledged = publishes.filter(({ qos }) => qos > 0)
    client.wire.write(client.encode(acknowledged.map(({ packetId }) => puback(packetId))))
  }
}

const payloadOf = ({ payload }: Publish): string => Buffer.from(payload).toString()

/** Something happens to the topic that a search comes to last. */
const change = (payload: string, retain: boolean): Publish =>
  publishPacket(`r/${count - 1}`, payload, { qos: 1, packetId: 1, retain })

describe.each(versions)('in %s', ({ version }) => {
  test('no turn looks at more nodes than it may, and all retained messages come', async () => {
    const { stage } = await setUp()
    const clients = [
      await stage.connect({ protocolVersion: version, clientId: 'one' }),
      await stage.connect({ protocolVersion: version, clientId: 'two' }),
    ]

    for (const client of clients) client.send(subscribePacket(1, ['r/+', 'r/none/#']))
    const counts = await turnsOf(stage, () => clients.flatMap(client => client.takePackets()).length)

    expect(Math.max(...counts)).toBeLessThanOrEqual(NODES_PER_TURN + 2)
    expect(counts.reduce((sum, each) => sum + each)).toBe(2 * count + 2)
  })

  test('others are served between the turns of a search that finds nothing', async () => {
    const { stage, publisher } = await setUp()
    const client = await stage.connect({ protocolVersion: version, clientId: 'searching' })

    client.send(subscribePacket(1, ['r/+/none']))
    await hostTurn()
    stage.runtime.endTurn()
    publisher.send('c0 00')
    await hostTurn()
    stage.runtime.endTurn()
    await hostTurn()

    expect(publisher.takeAll()).toEqual(['PINGRESP'])
    expect((await turnsOf(stage, () => 0)).length).toBeGreaterThanOrEqual(3)
  })

  const changes: [what: string, packet: Publish, payloads: string[]][] = [
    ['[MQTT-4.6.0-5] is not overtaken by a newer message', change('newer', false), ['x', 'newer']],
    ['[MQTT-3.3.1-5] and that is replaced comes once, as it is now', change('newer', true), ['newer']],
    ['[MQTT-3.3.1-6] and that is cleared does not come', change('', true), ['']],
  ]
  test.each(changes)('a retained message that the search has not come to %s', async (_, packet, payloads) => {
    const { stage, publisher } = await setUp()
    const client = await stage.connect({ protocolVersion: version, clientId: 'searching' })

    client.send(subscribePacket(1, [{ filter: 'r/+', qos: 1 }]))
    await hostTurn()
    publisher.send(packet)
    await hostTurn()

    const received = await takeAll(stage, client)
    expect(received.filter(({ topic }) => topic === packet.topic).map(payloadOf)).toEqual(payloads)
  })

  test('[MQTT-4.6.0-5] a retained message of QoS 0 that replaces one which the search has not come to comes once, in its place', async () => {
    const { stage, publisher } = await setUp()
    const client = await stage.connect({ protocolVersion: version, clientId: 'searching' })
    const topic = `r/${count - 1}`

    client.send(subscribePacket(1, [{ filter: 'r/+', qos: 0 }]))
    await hostTurn()
    publisher.send(publishPacket(topic, 'newer', { retain: true }), publishPacket(topic, 'newest'))
    await hostTurn()

    const received = await takeAll(stage, client)
    expect(received.filter(packet => packet.topic === topic).map(payloadOf)).toEqual(['newer', 'newest'])
  })

  test('a search goes on for a Session whose Client has gone, as far as its queue has room', async () => {
    const { stage } = await setUp({ limits: { queuedMessagesMax: 3 * NODES_PER_TURN, inFlightMessagesMax: 10 } })
    const client = await stage.connect(persistent(version, 'client'))
    client.send(subscribePacket(1, [{ filter: 'r/+', qos: 1 }]))
    await hostTurn()
    client.drop()
    await stage.settle()

    const back = await stage.connect(persistent(version, 'client'))
    const topics = new Set((await takeAll(stage, back)).map(({ topic }) => topic))

    expect(topics.size).toBe(count)
    expect(stage.broker.stats().drops.queueFull).toBe(0)
  })

  test('a search for a Session whose Client has gone is at its end when a broker that stops closes the store', async () => {
    const store = new MemoryStore()
    const queuedAtEnd: number[] = []
    store.close = async () => {
      for (const { backlog } of (await store.load()).sessions) queuedAtEnd.push(backlog.count)
    }
    const { stage, publisher } = await setUp({ store })
    const client = await stage.connect(persistent(version, 'client'))
    publisher.drop()
    client.send(subscribePacket(1, [{ filter: 'r/+', qos: 1 }]))
    await hostTurn()
    client.drop()
    await hostTurn()

    await stage.broker.close()

    expect(queuedAtEnd).toEqual([count])
  })

  test('after UNSUBSCRIBE, or the end of the Session, a search does not go on', async () => {
    const { stage } = await setUp()
    const client = await stage.connect(persistent(version, 'client'))
    client.send(subscribePacket(1, [{ filter: 'r/+', qos: 0 }]), unsubscribePacket(2, ['r/+']))
    client.send(subscribePacket(3, [{ filter: 'r/+/none', qos: 1 }]))
    await hostTurn()
    client.drop()
    await hostTurn()

    const again = await stage.dial({ ...persistent(version, 'client'), cleanStart: true })

    expect(await again.upToNow()).toEqual(['CONNACK 00'])
    expect(stage.broker.stats().sessions).toBe(2)
  })
})

const newTurns = (runtime: VirtualRuntime, errors: unknown[] = []): SearchTurns =>
  new SearchTurns(
    runtime,
    () => {},
    error => errors.push(error),
  )

test('a search that fails keeps no other from going on', () => {
  const runtime = new VirtualRuntime()
  const errors: unknown[] = []
  const turns = newTurns(runtime, errors)
  const calls: string[] = []
  const error = new Error('broken')
  turns.whenMore(() => {
    throw error
  })
  turns.whenMore(() => calls.push('other'))

  while (runtime.endTurn());

  expect(calls).toEqual(['other'])
  expect(errors).toEqual([error])
})

test('whoever waits longest goes on first', () => {
  const runtime = new VirtualRuntime()
  const turns = newTurns(runtime)
  const order: string[] = []
  const searching = (name: string) => {
    const go = (): void => {
      order.push(name)
      for (let count = 0; count < NODES_PER_TURN; count++) if (!turns.take()) break
      if (order.length < 6) turns.whenMore(go)
    }
    return go
  }

  for (const name of ['one', 'two', 'three']) turns.whenMore(searching(name))
  while (runtime.endTurn());

  expect(order.slice(0, 6)).toEqual(['one', 'two', 'three', 'one', 'two', 'three'])
})
