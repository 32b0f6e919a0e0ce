import type { QoS } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory-store.ts'
import {
  disconnectPacket,
  puback,
  publishPacket,
  pubrec,
  subscribePacket,
  unsubscribePacket,
} from '../support/packets.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { v5, versions } from '../support/versions.ts'

const FILTER = '$share/g/a'

/** A broker whose members take turns, and a publisher. */
async function setUp(options: StageOptions = {}) {
  const stage = new Stage({ routing: { sharedStrategy: 'round-robin' }, ...options })
  const publisher = await stage.connect({ clientId: 'publisher' })
  let packetId = 0
  const publish = async (qos: QoS, ...payloads: string[]) => {
    for (const payload of payloads) publisher.send(publishPacket('a', payload, { qos, packetId: qos && ++packetId }))
    await stage.settle()
    return publisher.takeAll()
  }
  return { stage, publish }
}

describe.each(versions)('in %s', version => {
  const join = async (stage: Stage, clientId: string, qos: QoS = 1) => {
    const client = await stage.connect(persistent(version.version, clientId))
    client.send(subscribePacket(1, [{ filter: FILTER, qos }]))
    await client.next()
    return client
  }

  test('messages wait while all members are away, and go to whoever comes', async () => {
    const { stage, publish } = await setUp()
    for (const clientId of ['one', 'two']) (await join(stage, clientId)).drop()
    await stage.settle()

    expect(await publish(1, '1', '2', '3', '4')).toEqual(['PUBACK 1', 'PUBACK 2', 'PUBACK 3', 'PUBACK 4'])

    const two = await stage.connect(persistent(version.version, 'two'))
    const payloads = (await two.upToNow()).map(text => text.slice(11, 12)).toSorted()
    expect(payloads).toEqual(['1', '2', '3', '4'])
    const one = await stage.connect(persistent(version.version, 'one'))
    expect(await one.upToNow()).toEqual([])
  })

  test('what waits with members that are away goes to a new member', async () => {
    const { stage, publish } = await setUp()
    const one = await join(stage, 'one')
    one.drop()
    await stage.settle()
    await publish(1, '1', '2')

    const other = await join(stage, 'other')

    expect(await other.upToNow()).toEqual(["PUBLISH a '1' qos 1 id 1", "PUBLISH a '2' qos 1 id 2"])
  })

  test('a QoS 0 message has nowhere to wait', async () => {
    const { stage, publish } = await setUp()
    const one = await join(stage, 'one')
    one.drop()
    await stage.settle()

    await publish(0, '1')

    const back = await stage.connect(persistent(version.version, 'one'))
    expect(await back.upToNow()).toEqual([])
  })

  test('QoS 1 messages that a member had not acknowledged go to others when its connection is lost', async () => {
    const { stage, publish } = await setUp()
    const one = await join(stage, 'one')
    await publish(1, '1', '2', '3')
    one.send(puback(2))
    const two = await join(stage, 'two')

    one.drop()
    await stage.settle()

    expect(await two.upToNow()).toEqual(["PUBLISH a '1' qos 1 id 1", "PUBLISH a '3' qos 1 id 2"])
    const back = await stage.connect(persistent(version.version, 'one'))
    expect(await back.upToNow()).toEqual([])
  })

  test('messages that wait behind a full window go to others when the connection is lost', async () => {
    const { stage, publish } = await setUp({ limits: { inFlightMessagesMax: 1 } })
    const one = await join(stage, 'one', 2)
    await publish(2, '1', '2', '3')
    const two = await join(stage, 'two', 2)

    one.drop()
    await stage.settle()
    two.send(pubrec(1), '70 02 0001', pubrec(2), '70 02 0002')

    const came = await two.upToNow()
    expect(came.filter(text => text.startsWith('PUBLISH'))).toEqual([
      "PUBLISH a '2' qos 2 id 1",
      "PUBLISH a '3' qos 2 id 2",
    ])
    const back = await stage.connect(persistent(version.version, 'one'))
    expect(await back.upToNow()).toEqual(["PUBLISH a '1' qos 2 id 1 dup"])
  })

  test('without another member they wait for the Client itself', async () => {
    const { stage, publish } = await setUp()
    const one = await join(stage, 'one')
    await publish(1, '1')
    one.drop()
    await stage.settle()

    const back = await stage.connect(persistent(version.version, 'one'))

    expect(await back.upToNow()).toEqual(["PUBLISH a '1' qos 1 id 1 dup"])
  })

  test('what a Session had that ends goes to members that are away, if no other is there', async () => {
    const { stage, publish } = await setUp()
    const one = await join(stage, 'one')
    await publish(1, '1')
    const two = await join(stage, 'two')
    two.drop()
    one.drop()
    await stage.settle()

    const anew = await stage.connect({ clientId: 'one', cleanStart: true, protocolVersion: version.version })

    expect(await anew.upToNow()).toEqual([])
    const back = await stage.connect(persistent(version.version, 'two'))
    expect(await back.upToNow()).toEqual(["PUBLISH a '1' qos 1 id 1"])
  })

  test('[MQTT-4.8.2-3] each member has its own QoS', async () => {
    const { stage, publish } = await setUp()
    const low = await join(stage, 'low', 0)
    const high = await join(stage, 'high', 2)

    await publish(1, '1', '2')

    const came = [...(await low.upToNow()), ...(await high.upToNow())]
    expect(came.map(text => text.replace(/'.'/, ''))).toEqual(['PUBLISH a ', 'PUBLISH a  qos 1 id 1'])
  })

  test('a new member gets no retained messages', async () => {
    const { stage, publish } = await setUp()
    const publisher = await stage.connect({ clientId: 'retainer' })
    publisher.send(publishPacket('a', 'kept', { retain: true }))
    await stage.settle()

    const one = await join(stage, 'one')

    expect(await one.upToNow()).toEqual([])
    await publish(0, 'x')
    expect(await one.upToNow()).toEqual(["PUBLISH a 'x'"])
  })

  test('after UNSUBSCRIBE messages go to the others, and to nobody when it was the last', async () => {
    const { stage, publish } = await setUp()
    const one = await join(stage, 'one')
    const two = await join(stage, 'two')

    one.send(unsubscribePacket(2, [FILTER]))
    await stage.settle()
    await publish(1, '1', '2')
    expect(two.takeAll()).toEqual(["PUBLISH a '1' qos 1 id 1", "PUBLISH a '2' qos 1 id 2"])
    two.send(unsubscribePacket(2, [FILTER]))
    await stage.settle()

    expect(await publish(1, '3')).toEqual(['PUBACK 3 10'])
    expect(stage.broker.stats().subscriptions).toBe(0)
    expect(one.takeAll()).toEqual([version === v5 ? 'UNSUBACK 2 00' : 'UNSUBACK 2'])
  })

  test('a Client with a shared and a plain Subscription gets a message for each', async () => {
    const { stage, publish } = await setUp()
    const one = await join(stage, 'one')
    one.send(subscribePacket(2, ['a', '$share/h/+']))
    await one.next()

    await publish(1, '1')

    expect((await one.upToNow()).toSorted()).toEqual(["PUBLISH a '1'", "PUBLISH a '1'", "PUBLISH a '1' qos 1 id 1"])
    expect(stage.broker.stats().subscriptions).toBe(3)
  })

  test('groups outlive the broker with their members', async () => {
    const store = new MemoryStore()
    const { stage, publish } = await setUp({ store })
    for (const clientId of ['one', 'two']) (await join(stage, clientId)).drop()
    await stage.settle()
    await publish(1, '1', '2')
    const stopped = stage.broker.close()
    await stage.advance(5_000)
    await stopped

    const next = new Stage({ store, runtime: stage.runtime })
    const one = await next.connect(persistent(version.version, 'one'))

    const two = await next.connect(persistent(version.version, 'two'))

    expect(next.broker.stats().subscriptions).toBe(2)
    const came = [...(await one.upToNow()), ...(await two.upToNow())]
    // The first one to come takes what waits with the other as well.
    expect(came.toSorted()).toEqual(["PUBLISH a '1' qos 1 id 2", "PUBLISH a '2' qos 1 id 1 dup"])
  })
})

test('a group has members of both versions', async () => {
  const { stage, publish } = await setUp()
  const clients = [
    await stage.connect({ clientId: 'old', protocolVersion: 4 }),
    await stage.connect({ clientId: 'new', protocolVersion: 5 }),
  ]
  for (const client of clients) client.send(subscribePacket(1, [FILTER]))
  await stage.settle()

  await publish(0, '1', '2', '3', '4')

  const came = clients.map(client => client.takeAll().length)
  expect(came).toEqual([3, 3])
})

test('a publisher that is a member may get its own message', async () => {
  const { stage } = await setUp()
  const client = await stage.connect()
  client.send(subscribePacket(1, [FILTER]), publishPacket('a', 'x'))

  expect(await client.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'x'"])
})

test('a member has its Subscription Identifier and Retain As Published', async () => {
  const { stage } = await setUp()
  const client = await stage.connect()
  const publisher = await stage.connect({ clientId: 'retainer' })
  client.send(subscribePacket(1, [{ filter: FILTER, retainAsPublished: true }], 7))
  await client.next()

  publisher.send(publishPacket('a', 'x', { retain: true }))

  expect(await client.upToNow()).toEqual([`PUBLISH a 'x' retain {"subscriptionIdentifiers":[7]}`])
})

test('subscribing again changes the options of a member, not their number', async () => {
  const { stage, publish } = await setUp()
  const client = await stage.connect()
  client.send(subscribePacket(1, [FILTER]), subscribePacket(2, [{ filter: FILTER, qos: 1 }]))
  await stage.settle()
  client.takeAll()

  await publish(1, '1')

  expect(client.takeAll()).toEqual(["PUBLISH a '1' qos 1 id 1"])
  expect(stage.broker.stats().subscriptions).toBe(1)
})

test('a member that leaves with DISCONNECT hands on what it had not acknowledged', async () => {
  const { stage, publish } = await setUp()
  const one = await stage.connect({ clientId: 'one' })
  one.send(subscribePacket(1, [{ filter: FILTER, qos: 1 }]))
  await publish(1, '1')
  const two = await stage.connect({ clientId: 'two' })
  two.send(subscribePacket(1, [{ filter: FILTER, qos: 1 }]))
  await stage.settle()

  one.send(disconnectPacket())

  expect(await two.upToNow()).toEqual(['SUBACK 1 01', "PUBLISH a '1' qos 1 id 1"])
})
