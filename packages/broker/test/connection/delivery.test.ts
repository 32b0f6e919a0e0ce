import type { QoS } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { puback, pubcomp, publishPacket, pubrec, subscribePacket } from '../support/packets.ts'
import type { RawClient } from '../support/raw-client.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { type Version, v5, versions } from '../support/versions.ts'

/** A subscriber of the version under test to `#` whose Session outlives its connections, and a publisher. */
async function setUp(version: Version, options: StageOptions = {}, properties: object = {}) {
  const stage = new Stage(options)
  const fields = persistent(version.version, 'client')
  const merged = version === v5 ? { ...fields, properties: { sessionExpiryInterval: 3600, ...properties } } : fields
  const connect = async () => {
    const client = await stage.dial(merged)
    await client.next()
    return client
  }
  const client = await connect()
  client.send(subscribePacket(1, [{ filter: '#', qos: 2 }]))
  await client.next()
  const publisher = await stage.connect({ clientId: 'publisher' })
  return { stage, client, publisher, connect }
}

/** Publishes messages `m1`, `m2`, … and takes the publisher's acknowledgements. */
async function publish(publisher: RawClient, ...messages: [qos: QoS, payload: string][]): Promise<void> {
  for (const [qos, payload] of messages) {
    publisher.send(publishPacket('t', payload, { qos, packetId: qos === 0 ? 0 : 99 }), qos === 2 ? '62 02 0063' : '')
  }
  await publisher.upToNow()
}

const lower: [published: QoS, granted: QoS, delivered: QoS][] = [0, 1, 2].flatMap(published =>
  [0, 1, 2].map(granted => [published, granted, Math.min(published, granted)] as [QoS, QoS, QoS]),
)

describe.each(versions)('in %s', version => {
  test.each(lower)(
    '[MQTT-3.8.4-8] [MQTT3-3.8.4-6] published at QoS %d and granted %d is delivered at %d',
    async (published, granted, delivered) => {
      const stage = new Stage()
      const client = await stage.connect({ protocolVersion: version.version })
      client.send(subscribePacket(1, [{ filter: 'a', qos: granted }]))
      await client.next()
      const publisher = await stage.connect({ clientId: 'publisher' })

      publisher.send(publishPacket('a', 'x', { qos: published, packetId: 1 }))

      const qos = delivered === 0 ? '' : ` qos ${delivered} id 1`
      expect(await client.upToNow()).toEqual([`PUBLISH a 'x'${qos}`])
    },
  )

  test('[MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT3-2.3.1-4] each message has a Packet Identifier that is not in use, and DUP 0', async () => {
    const { client, publisher } = await setUp(version)

    await publish(publisher, [1, 'm1'], [2, 'm2'], [1, 'm3'])
    client.send(puback(1))
    await publish(publisher, [1, 'm4'])

    expect(await client.upToNow()).toEqual([
      "PUBLISH t 'm1' qos 1 id 1",
      "PUBLISH t 'm2' qos 2 id 2",
      "PUBLISH t 'm3' qos 1 id 3",
      "PUBLISH t 'm4' qos 1 id 4",
    ])
  })

  test('[MQTT-4.3.3-4] [MQTT3-4.3.3-1] PUBREC is answered with PUBREL, each time, and PUBCOMP ends it', async () => {
    const { client, publisher } = await setUp(version)
    await publish(publisher, [2, 'm1'])

    client.send(pubrec(1), pubrec(1), pubcomp(1), pubcomp(1))

    expect(await client.upToNow()).toEqual(["PUBLISH t 'm1' qos 2 id 1", 'PUBREL 1', 'PUBREL 1'])
  })

  test('[MQTT-4.4.0-1] [MQTT3-4.4.0-1] on one connection nothing is sent twice', async () => {
    const { stage, client, publisher } = await setUp(version)
    await publish(publisher, [1, 'm1'], [2, 'm2'])
    await client.take(2)

    await stage.advance(600_000)

    expect(await client.upToNow()).toEqual([])
  })

  test('an acknowledgement of the wrong kind ends the connection', async () => {
    const { client, publisher } = await setUp(version)
    await publish(publisher, [2, 'm1'])
    await client.next()

    client.send(puback(1))

    expect(await client.closing()).toEqual(version === v5 ? ['DISCONNECT 82'] : [])
  })

  test('acknowledgements of nothing change nothing', async () => {
    const { client, publisher } = await setUp(version, { limits: { inFlightMessagesMax: 2 } })
    await publish(publisher, [1, 'm1'], [1, 'm2'], [1, 'm3'], [1, 'm4'])

    client.send(puback(9), pubcomp(9), puback(3), puback(4))

    expect(await client.upToNow()).toEqual(["PUBLISH t 'm1' qos 1 id 1", "PUBLISH t 'm2' qos 1 id 2"])
    client.send(puback(2), puback(2), puback(2))
    expect(await client.upToNow()).toEqual(["PUBLISH t 'm3' qos 1 id 3"])
  })

  test('at inFlightMessagesMax the others wait, in order, for acknowledgements', async () => {
    const { client, publisher } = await setUp(version, { limits: { inFlightMessagesMax: 2 } })

    await publish(publisher, [1, 'm1'], [2, 'm2'], [1, 'm3'], [1, 'm4'])
    expect(await client.upToNow()).toEqual(["PUBLISH t 'm1' qos 1 id 1", "PUBLISH t 'm2' qos 2 id 2"])
    client.send(puback(1), pubrec(2))
    expect(await client.upToNow()).toEqual(["PUBLISH t 'm3' qos 1 id 3", 'PUBREL 2'])
    client.send(pubcomp(2))

    expect(await client.upToNow()).toEqual(["PUBLISH t 'm4' qos 1 id 4"])
  })

  test('QoS 0 does not wait for acknowledgements of others', async () => {
    const { client, publisher } = await setUp(version, { limits: { inFlightMessagesMax: 1 } })

    await publish(publisher, [1, 'm1'], [1, 'm2'], [0, 'm3'])

    expect(await client.upToNow()).toEqual(["PUBLISH t 'm1' qos 1 id 1", "PUBLISH t 'm3'"])
  })

  test('beyond inFlightBytesMax the others wait, but one message is always sent', async () => {
    const { client, publisher } = await setUp(version, { limits: { inFlightBytesMax: 1_000 } })

    await publish(publisher, [1, 'x'.repeat(5_000)], [1, 'm2'])
    expect(await client.upToNow()).toEqual(['PUBLISH t <5000 bytes> qos 1 id 1'])
    client.send(puback(1))

    expect(await client.upToNow()).toEqual(["PUBLISH t 'm2' qos 1 id 2"])
  })
})

test('[MQTT-3.3.4-9] [MQTT-4.9.0-2] no more than the Receive Maximum of the Client is under way', async () => {
  const { client, publisher } = await setUp(v5, {}, { receiveMaximum: 2 })

  await publish(publisher, [2, 'm1'], [1, 'm2'], [1, 'm3'])
  expect(await client.upToNow()).toEqual(["PUBLISH t 'm1' qos 2 id 1", "PUBLISH t 'm2' qos 1 id 2"])
  client.send(pubrec(1))

  expect(await client.upToNow()).toEqual(['PUBREL 1'])
  client.send(pubcomp(1))
  expect(await client.upToNow()).toEqual(["PUBLISH t 'm3' qos 1 id 3"])
})

test('[MQTT-3.3.4-10] [MQTT-4.9.0-3] with the quota used up everything but PUBLISH goes on', async () => {
  const { client, publisher } = await setUp(v5, {}, { receiveMaximum: 1 })
  await publish(publisher, [2, 'm1'], [2, 'm2'])
  await client.next()

  client.send(pubrec(1), publishPacket('$x', '', { qos: 1, packetId: 5 }), subscribePacket(2, ['b']), 'c0 00')

  expect(await client.take(4)).toEqual(['PUBREL 1', 'PUBACK 5 10', 'SUBACK 2 00', 'PINGRESP'])
})

test('[MQTT-4.4.0-2] a PUBACK with a failure code ends the delivery, and a PUBREC too', async () => {
  const { client, publisher, connect } = await setUp(v5, {}, { receiveMaximum: 2 })
  await publish(publisher, [1, 'm1'], [2, 'm2'], [1, 'm3'])
  await client.take(2)

  client.send(puback(1, 0x97), pubrec(2, 0x80))
  expect(await client.upToNow()).toEqual(["PUBLISH t 'm3' qos 1 id 3"])
  client.drop()

  expect(await (await connect()).upToNow()).toEqual(["PUBLISH t 'm3' qos 1 id 3 dup"])
})

test('[MQTT-4.3.3-4] a PUBREC with a failure code for an exchange that nobody knows is not answered', async () => {
  const { client } = await setUp(v5)

  client.send(pubrec(9, 0x80))

  expect(await client.upToNow()).toEqual([])
})

test('[MQTT-3.1.2-24] [MQTT-3.1.2-25] a message larger than the Client’s Maximum Packet Size is dropped as if it had been sent', async () => {
  const { stage, client, publisher, connect } = await setUp(v5, {}, { maximumPacketSize: 100, receiveMaximum: 1 })
  const fits = 'x'.repeat(100 - 2 - 3 - 2 - 1)

  await publish(publisher, [1, `${fits}x`], [2, `${fits}x`], [0, `${fits}xxx`], [1, fits], [0, `${fits}xx`])
  expect(await client.upToNow()).toEqual(['PUBLISH t <92 bytes> qos 1 id 3', 'PUBLISH t <94 bytes>'])
  client.drop()

  expect(await (await connect()).upToNow()).toEqual(['PUBLISH t <92 bytes> qos 1 id 3 dup'])
  expect(stage.broker.stats().drops.tooLarge).toBe(3)
})

test('[MQTT-3.1.2-25] what was under way and is too large on the next connection is dropped, and the others follow', async () => {
  const { stage, client, publisher } = await setUp(v5)
  await publish(publisher, [1, 'x'.repeat(200)], [2, 'x'.repeat(200)], [1, 'm3'])
  client.drop()
  await stage.settle()

  const again = await stage.dial({
    ...persistent(5, 'client'),
    properties: { sessionExpiryInterval: 60, maximumPacketSize: 60 },
  })

  // The Client may have accepted the QoS 2 message before: PUBREL makes it forget the identifier.
  const [connack, ...others] = await again.upToNow()
  expect(connack).toBe('CONNACK 00 session-present')
  expect(others.filter(text => text !== 'PUBREL 2')).toEqual(["PUBLISH t 'm3' qos 1 id 3 dup"])
})

test('[MQTT-3.1.2-24] [MQTT-3.9.2-1] a SUBACK that would be too large ends the connection with 0x95, and is no internal error', async () => {
  const { stage, client, publisher } = await setUp(v5, {}, { maximumPacketSize: 60 })
  publisher.send(publishPacket('f1', 'x', { retain: true }))
  await stage.settle()
  client.takeAll()

  client.send(
    subscribePacket(
      2,
      Array.from({ length: 100 }, (_, index) => `f${index}`),
    ),
  )

  expect(await client.closing()).toEqual(['DISCONNECT 95'])
  expect(stage.log.lines('error')).toEqual([])
})

test('[MQTT-3.14.2-3] a DISCONNECT has no Reason String that would make it too large', async () => {
  const { client } = await setUp(v5, {}, { maximumPacketSize: 80 })

  client.send("82 43 0001 00 003d '字'*20 '#' 00")

  expect(await client.closing()).toEqual(['DISCONNECT 81'])
})
