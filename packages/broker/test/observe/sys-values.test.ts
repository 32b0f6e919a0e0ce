import { describe, expect, test } from 'vitest'
import { DeferredStore } from '../support/deferred-store.ts'
import { puback, publishPacket, subscribePacket } from '../support/packets.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { type Version, versions } from '../support/versions.ts'
import { sysValues } from './sys-watcher.ts'

const stageWith = ({ limits, ...options }: StageOptions = {}): Stage =>
  new Stage({ ...options, limits: { sysIntervalMs: 10_000, ...limits } })

/** The values as of the last update: whoever asks for them now is not in them. */
async function valuesAfter(stage: Stage, durationMs = 10_000): Promise<Record<string, string>> {
  await stage.advance(durationMs)
  return sysValues(stage)
}

describe.each(versions)('of Clients of %s', ({ version }: Version) => {
  /** One Client that is there and one that has been, each with a Subscription at QoS 1. */
  async function setUp(options: StageOptions = {}) {
    const stage = stageWith(options)
    const here = await stage.connect({ protocolVersion: version, clientId: 'here' })
    const away = await stage.connect(persistent(version, 'away'))
    here.send(subscribePacket(1, [{ filter: 'here', qos: 1 }]))
    away.send(subscribePacket(1, [{ filter: 'away', qos: 1 }]))
    await stage.settle()
    away.drop()
    await stage.settle()
    return { stage, here }
  }

  test('packets and messages are counted', async () => {
    const { stage, here } = await setUp()
    here.send(
      publishPacket('here', 'hello', { qos: 1, packetId: 1 }),
      publishPacket('away', 'xyz', { qos: 1, packetId: 2 }),
      publishPacket('kept', 'keep', { retain: true }),
    )
    await stage.settle()
    here.send(puback(1))

    const values = await valuesAfter(stage)

    expect(values).toMatchObject({
      'messages/received': '8', // 2 CONNECT, 2 SUBSCRIBE, 3 PUBLISH, PUBACK
      'messages/sent': '7', // 2 CONNACK, 2 SUBACK, 2 PUBACK, PUBLISH
      'publish/messages/received': '3',
      'publish/messages/sent': '1',
      'publish/messages/dropped': '0',
      'publish/bytes/received': '12',
      'publish/bytes/sent': '5',
      'messages/stored': '2',
      'store/messages/count': '2',
      'retained messages/count': '1',
      'packet/out/bytes': '0',
    })
    expect(Number(values['bytes/received'])).toBeGreaterThan(60)
    expect(Number(values['bytes/sent'])).toBeGreaterThan(20)
    // One message each waits and is retained: 4 and 4 of the topic, 3 and 4 of payload, 64 beside for the one that waits.
    expect(values['store/messages/bytes']).toBe('79')
  })

  test('Clients and Subscriptions are counted', async () => {
    const { stage, here } = await setUp()
    here.send(subscribePacket(2, ['$share/g/a', '$share/h/a', 'b']))

    const values = await valuesAfter(stage)

    expect(values).toMatchObject({
      'clients/total': '2',
      'clients/active': '1',
      'clients/connected': '1',
      'clients/inactive': '1',
      'clients/disconnected': '1',
      'clients/maximum': '2',
      'clients/expired': '0',
      'connections/socket/count': '1',
      'subscriptions/count': '5',
      'shared_subscriptions/count': '2',
    })
  })

  test('rates are per minute', async () => {
    const { stage } = await setUp()

    const values = await valuesAfter(stage)

    expect(values).toMatchObject({
      'load/sockets/1min': '1.84',
      'load/sockets/5min': '0.39',
      'load/sockets/15min': '0.13',
      'load/connections/1min': '1.84',
      'load/messages/received/1min': '3.68',
      'load/messages/sent/1min': '3.68',
      'load/publish/received/1min': '0.00',
      'load/publish/sent/1min': '0.00',
      'load/publish/dropped/1min': '0.00',
    })
    expect(Number(values['load/bytes/received/15min'])).toBeGreaterThan(2)
    expect(Number(values['load/bytes/sent/15min'])).toBeGreaterThan(0.5)
  })

  test('messages that were dropped are counted by reason', async () => {
    const { stage, here } = await setUp({ limits: { queuedMessagesMax: 1 } })
    here.send(...[1, 2, 3].map(packetId => publishPacket('away', 'x', { qos: 1, packetId })))

    const values = await valuesAfter(stage)

    expect(values).toMatchObject({
      'dropped/queueFull': '2',
      'dropped/congested': '0',
      'publish/messages/dropped': '2',
      'load/publish/dropped/1min': '1.84',
      'store/messages/count': '1',
    })
  })

  test('when a Session expires, what waits for it is not counted any more', async () => {
    const { stage, here } = await setUp({ limits: { sessionExpiryIntervalMax: 5 } })
    here.send(publishPacket('away', 'xyz', { qos: 1, packetId: 2 }))

    const values = await valuesAfter(stage)

    expect(values).toMatchObject({
      'clients/total': '1',
      'clients/expired': '1',
      'clients/maximum': '2',
      'store/messages/count': '0',
      'store/messages/bytes': '0',
      'subscriptions/count': '1',
    })
  })

  test('a connection that is taken over is one connected Client, not two', async () => {
    const { stage } = await setUp()
    await stage.connect(persistent(version, 'away'))
    await stage.connect(persistent(version, 'away'))
    await stage.connect(persistent(version, 'away'))

    const values = await valuesAfter(stage)

    expect(values).toMatchObject({ 'clients/connected': '2', 'clients/maximum': '2', 'clients/total': '2' })
  })

  test('answers that have waited for the store are counted when they are sent', async () => {
    const store = new DeferredStore()
    const stage = stageWith({ store })
    const client = await stage.dial({ protocolVersion: version, clientId: 'client' })
    client.send(...[1, 2, 3].map(packetId => publishPacket('a', 'x', { qos: 1, packetId, retain: true })))
    await stage.advance(10_000)
    const before = stage.broker.stats().traffic.sentPackets

    store.settle()
    await stage.settle()

    expect([before, stage.broker.stats().traffic.sentPackets]).toEqual([1, 4])
  })

  test('output that a Client does not take is shown', async () => {
    const { stage, here } = await setUp()
    here.wire.freeze()
    here.send(publishPacket('here', 'x'.repeat(1_000), { qos: 1, packetId: 1 }))

    const values = await valuesAfter(stage)

    expect(Number(values['packet/out/bytes'])).toBeGreaterThan(1_000)
  })
})

test('the maximum of the heap is the most that has been seen', async () => {
  const stage = stageWith()
  await stage.open()
  stage.runtime.heapSizeBytes = 3_000_000
  await stage.advance(10_000)
  stage.runtime.heapSizeBytes = 2_000_000

  const values = await valuesAfter(stage)

  expect(values).toMatchObject({ 'heap/current': '2000000', 'heap/maximum': '3000000' })
})
