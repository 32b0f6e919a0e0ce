import { describe, expect, test } from 'vitest'
import { puback, pubcomp, publishPacket, pubrec } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { VirtualRuntime } from '../../packages/broker/test/support/virtual-runtime.ts'
import { farewell, lose, publisherOf, subscriberOf } from './support/publishing.ts'
import { type Server, serverFor } from './support/rules.ts'

const resumed = 'CONNACK 00 session-present'

/** A Client that has been sent four messages: QoS 1 with the identifiers 1 and 3, QoS 2 with 2 and 4. */
async function setUp(server: Server, fields: ReturnType<typeof persistent>) {
  const publisher = await publisherOf(server)
  const subscriber = await subscriberOf(server, fields, [{ filter: 'again', qos: 2 }])
  publisher.send(
    publishPacket('again', '1', { qos: 1, packetId: 1 }),
    publishPacket('again', '2', { qos: 2, packetId: 2 }),
    publishPacket('again', '3', { qos: 1, packetId: 3 }),
    publishPacket('again', '4', { qos: 2, packetId: 4 }),
  )
  await subscriber.take(4)
  return { publisher, subscriber }
}

describe.each(versions)('in %s', ({ version }) => {
  const runtime = new VirtualRuntime({ turns: 'real' })
  const server = serverFor({ runtime })

  test('[MQTT-4.4.0-1] [MQTT3-4.4.0-1] [MQTT-3.3.1-1] [MQTT3-3.3.1-1] all unacknowledged PUBLISHes come again, in order, with DUP and their identifiers', async () => {
    const fields = persistent(version, 'publishes')
    const { subscriber } = await setUp(server, fields)
    subscriber.drop()

    const back = server.dial(fields)

    expect(await back.upToNow()).toEqual([
      resumed,
      "PUBLISH again '1' qos 1 id 1 dup",
      "PUBLISH again '2' qos 2 id 2 dup",
      "PUBLISH again '3' qos 1 id 3 dup",
      "PUBLISH again '4' qos 2 id 4 dup",
    ])
  })

  test('[MQTT-4.4.0-1] [MQTT3-4.4.0-1] what has been acknowledged does not, and a PUBREL comes in place of its PUBLISH', async () => {
    const fields = persistent(version, 'pubrels')
    const { subscriber } = await setUp(server, fields)
    subscriber.send(pubrec(2), puback(1), pubrec(4), pubcomp(4))
    expect(await subscriber.upToNow()).toEqual(['PUBREL 2', 'PUBREL 4'])
    subscriber.drop()

    const back = server.dial(fields)

    const [connack, ...texts] = await back.upToNow()
    expect(connack).toBe(resumed)
    expect(texts.sort()).toEqual(["PUBLISH again '3' qos 1 id 3 dup", 'PUBREL 2'])
  })

  test('[MQTT-4.4.0-1] [MQTT3-4.4.0-1] as often as the Client comes back', async () => {
    const fields = persistent(version, 'often')
    const { subscriber } = await setUp(server, fields)
    subscriber.send(puback(1), pubrec(2), pubrec(4))
    await subscriber.take(2)
    subscriber.drop()
    const expected = [resumed, 'PUBREL 2', 'PUBREL 4', "PUBLISH again '3' qos 1 id 3 dup"]

    for (let count = 0; count < 3; count++) {
      const back = server.dial(fields)
      expect(await back.upToNow()).toEqual(expected)
      back.drop()
    }
  })

  test('[MQTT-4.4.0-1] [MQTT3-4.4.0-1] also when a new connection takes the Session over from a live one', async () => {
    const fields = persistent(version, 'taken')
    const { subscriber } = await setUp(server, fields)
    subscriber.send(puback(1), puback(3), pubrec(4), pubcomp(4))
    await subscriber.upToNow()

    const other = server.dial(fields)

    expect(await other.upToNow()).toEqual([resumed, "PUBLISH again '2' qos 2 id 2 dup"])
    expect(await subscriber.closing()).toEqual(farewell(version, '8e'))
  })

  test('[MQTT-4.4.0-1] [MQTT3-4.4.0-1] with Clean Start nothing comes again', async () => {
    const fields = persistent(version, 'clean')
    const { subscriber } = await setUp(server, fields)
    subscriber.drop()

    const back = server.dial({ ...fields, cleanStart: true })

    expect(await back.upToNow()).toEqual(['CONNACK 00'])
  })

  test('[MQTT-4.4.0-1] while the connection lasts nothing is sent again, however long it takes', async () => {
    const { subscriber } = await setUp(server, { ...persistent(version, 'patient'), keepAlive: 0 })
    subscriber.send(pubrec(2))
    expect(await subscriber.next()).toBe('PUBREL 2')

    for (let minute = 0; minute < 90; minute++) {
      await runtime.advance(60_000)
      expect(await subscriber.upToNow()).toEqual([])
    }
  })

  test('[MQTT-3.3.1-1] [MQTT3-3.3.1-1] what has only waited comes without DUP', async () => {
    const fields = persistent(version, 'waited')
    const { publisher, subscriber } = await setUp(server, fields)
    subscriber.send(puback(1), pubrec(2), puback(3), pubrec(4), pubcomp(2), pubcomp(4))
    await subscriber.upToNow()
    await lose(subscriber)
    publisher.send(publishPacket('again', 'new', { qos: 1, packetId: 5, dup: true }))
    await publisher.upToNow()

    expect(await server.dial(fields).upToNow()).toEqual([resumed, "PUBLISH again 'new' qos 1 id 5"])
  })

  test('[MQTT-4.4.0-1] [MQTT3-4.4.0-1] an identifier whose PUBREL waits is given to no new message', async () => {
    const fields = persistent(version, 'reserved')
    const { publisher, subscriber } = await setUp(server, fields)
    subscriber.send(puback(1), puback(3), pubrec(4), pubcomp(4), pubrec(2))
    await subscriber.upToNow()
    subscriber.drop()

    const back = server.dial(fields)
    await back.take(2)
    publisher.send(...[5, 6, 7].map(packetId => publishPacket('again', 'new', { qos: 1, packetId })))

    const texts = await back.take(3)
    expect(texts).not.toContain("PUBLISH again 'new' qos 1 id 2")
    expect(new Set(texts).size).toBe(3)
  })

  test('[MQTT-4.4.0-1] [MQTT3-4.4.0-1] a Client that re-sends PUBLISH and PUBREL is answered, and nobody gets a message twice', async () => {
    const fields = persistent(version, 'resender')
    const watcher = await subscriberOf(server, { protocolVersion: version, clientId: 'watcher' }, ['from'])
    const client = await server.connect(fields)
    client.send(
      publishPacket('from', 'x', { qos: 2, packetId: 1 }),
      publishPacket('from', 'y', { qos: 2, packetId: 2 }),
    )
    client.send('62 02 0002')
    await client.take(3)
    client.drop()

    const back = server.dial(fields)
    back.send(publishPacket('from', 'x', { qos: 2, packetId: 1, dup: true }), '62 02 0002', '62 02 0001')

    expect(await back.take(4)).toEqual([resumed, 'PUBREC 1', 'PUBCOMP 2', 'PUBCOMP 1'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH from 'x'", "PUBLISH from 'y'"])
  })
})

describe('in 5.0', () => {
  const server = serverFor()

  test('[MQTT-4.4.0-2] PUBACK or PUBREC of 0x80 or above ends a message: it never comes again', async () => {
    const fields = persistent(5, 'refusing')
    const { subscriber } = await setUp(server, fields)
    subscriber.send(puback(1, 0x80), pubrec(2, 0x97), puback(3, 0x87))
    expect(await subscriber.upToNow()).toEqual([])
    subscriber.drop()

    expect(await server.dial(fields).upToNow()).toEqual([resumed, "PUBLISH again '4' qos 2 id 4 dup"])
  })

  test('[MQTT-4.4.0-2] acknowledgements of the next connection count for messages of the last one', async () => {
    const fields = persistent(5, 'later')
    const { subscriber } = await setUp(server, fields)
    subscriber.drop()
    const back = server.dial(fields)
    await back.take(5)

    back.send(puback(1, 0x80), pubrec(2, 0x80), puback(3), pubrec(4))

    expect(await back.upToNow()).toEqual(['PUBREL 4'])
    back.drop()
    expect(await server.dial(fields).upToNow()).toEqual([resumed, 'PUBREL 4'])
  })

  test('[MQTT-4.4.0-1] re-sent messages keep to the Receive Maximum of the new connection; PUBRELs do not wait', async () => {
    const fields = persistent(5, 'narrow')
    const { subscriber } = await setUp(server, fields)
    subscriber.send(pubrec(4))
    await subscriber.next()
    subscriber.drop()
    const back = server.dial({ ...fields, properties: { sessionExpiryInterval: 60, receiveMaximum: 1 } })

    expect(await back.upToNow()).toEqual([resumed, 'PUBREL 4', "PUBLISH again '1' qos 1 id 1 dup"])
    back.send(puback(1))
    expect(await back.upToNow()).toEqual(["PUBLISH again '2' qos 2 id 2 dup"])
    back.send(pubrec(2))
    expect(await back.upToNow()).toEqual(['PUBREL 2'])
    back.send(pubcomp(2))
    expect(await back.upToNow()).toEqual(["PUBLISH again '3' qos 1 id 3 dup"])
  })
})
