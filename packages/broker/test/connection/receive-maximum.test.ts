import { describe, expect, test } from 'vitest'
import { DeferredStore } from '../support/deferred-store.ts'
import { publishPacket, pubrel, subscribePacket } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { v5, v311, versions } from '../support/versions.ts'

const exactlyOnce = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => publishPacket('a', 'x', { qos: 2, packetId: from + index }))

test('[MQTT-3.3.4-7] more QoS 2 messages under way than the Receive Maximum end the connection with 0x93', async () => {
  const stage = new Stage({ limits: { receiveMaximum: 3 } })
  const client = await stage.connect()

  client.send(...exactlyOnce(4))

  expect(await client.closing()).toEqual(['PUBREC 1 10', 'PUBREC 2 10', 'PUBREC 3 10', 'DISCONNECT 93'])
})

test('[MQTT-3.3.4-7] what PUBREL has released, and QoS 1 that has been answered, does not count', async () => {
  const stage = new Stage({ limits: { receiveMaximum: 3 } })
  const client = await stage.connect()

  client.send(...exactlyOnce(3), pubrel(2), ...exactlyOnce(1, 4))
  for (let packetId = 10; packetId < 20; packetId++) client.send(publishPacket('a', 'x', { qos: 1, packetId }))

  expect(await client.upToNow()).toHaveLength(15)
})

test('[MQTT-3.3.4-7] QoS 1 messages whose PUBACK waits for the store count, together with those of QoS 2', async () => {
  const store = new DeferredStore()
  const stage = new Stage({ limits: { receiveMaximum: 3 }, store })
  const client = await stage.connect()
  const retained = (packetId: number) => publishPacket('a', 'x', { qos: 1, packetId, retain: true })
  client.send(retained(1), ...exactlyOnce(1, 2), retained(3))
  await stage.settle()
  store.settle()
  expect(await client.upToNow()).toEqual(['PUBACK 1 10', 'PUBREC 2 10', 'PUBACK 3 10'])

  client.send(retained(4), retained(5), retained(6))

  expect(await client.closing()).toEqual(['DISCONNECT 93'])
})

test('[MQTT-3.3.4-7] a QoS 2 message that goes beyond it has not been taken on: when it is sent again, it is delivered', async () => {
  const store = new DeferredStore()
  const stage = new Stage({ limits: { receiveMaximum: 3 }, store })
  const client = await stage.connect()
  const retained = (packetId: number) => publishPacket('b', 'x', { qos: 1, packetId, retain: true })
  const kept = { ...persistent(5, 'kept') }
  const first = await stage.dial(kept)
  store.settle()
  await first.upToNow()
  first.send(retained(1), retained(2), retained(3), publishPacket('a', 'late', { qos: 2, packetId: 9 }))
  expect(await first.closing()).toEqual(['DISCONNECT 93'])
  client.send(subscribePacket(1, ['a']))
  store.settle()
  await client.upToNow()

  const again = await stage.dial(kept)
  store.settle()
  await again.upToNow()
  again.send(publishPacket('a', 'late', { qos: 2, packetId: 9, dup: true }))
  await stage.settle()

  expect(await client.upToNow()).toEqual(["PUBLISH a 'late'"])
})

test('[MQTT-4.3.3-9] a refused QoS 2 message is not under way, and its identifier is free', async () => {
  const stage = new Stage({ limits: { receiveMaximum: 1, retainedCountMax: 1 } })
  const client = await stage.connect()
  const refused = publishPacket('b', 'x', { qos: 2, packetId: 2, retain: true })

  client.send(
    publishPacket('a', 'x', { retain: true }),
    refused,
    refused,
    publishPacket('a', 'x', { qos: 2, packetId: 2 }),
  )

  expect(await client.upToNow()).toEqual(['PUBREC 2 97', 'PUBREC 2 97', 'PUBREC 2 10'])
})

test('the Receive Maximum counts what came on the present connection: earlier identifiers cannot lock a Client out', async () => {
  const stage = new Stage({ limits: { receiveMaximum: 3 } })
  const client = await stage.connect(persistent(5, 'client'))
  client.send(...exactlyOnce(3))
  await stage.settle()
  client.drop()

  const again = await stage.connect(persistent(5, 'client'))
  again.send(...exactlyOnce(3, 11))

  expect(await again.upToNow()).toEqual(['PUBREC 11 10', 'PUBREC 12 10', 'PUBREC 13 10'])
})

test('a Client of 3.1.1 knows no Receive Maximum and may have all 65 535 identifiers under way', async () => {
  const stage = new Stage({ limits: { receiveMaximum: 3 } })
  const client = await stage.connect({ protocolVersion: v311.version })

  client.send(...exactlyOnce(65_535))

  expect(await client.upToNow()).toHaveLength(65_535)
})

describe.each(versions)('in %s', ({ version }) => {
  test('the same QoS 2 identifier a hundred thousand times is one that is under way', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version })
    const chunk = client.encode(Array.from({ length: 10_000 }, () => exactlyOnce(1)[0]!))

    for (let round = 0; round < 10; round++) {
      client.wire.write(chunk)
      await stage.settle()
      expect(client.takeAll()).toHaveLength(10_000)
    }
    client.send(pubrel(1))

    expect(await client.upToNow()).toEqual(['PUBCOMP 1'])
  })

  test('a PUBREL of an identifier nobody knows is answered each time, and changes nothing', async () => {
    const stage = new Stage({ limits: { receiveMaximum: 2 } })
    const client = await stage.connect({ protocolVersion: version })

    client.send(pubrel(9), pubrel(9), ...exactlyOnce(2))

    const nobody = version === v5.version ? ' 10' : ''
    expect(await client.upToNow()).toEqual(['PUBCOMP 9', 'PUBCOMP 9', `PUBREC 1${nobody}`, `PUBREC 2${nobody}`])
  })
})
