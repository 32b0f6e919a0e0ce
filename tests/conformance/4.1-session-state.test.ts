import type { ProtocolVersion } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { puback, publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { VirtualRuntime } from '../../packages/broker/test/support/virtual-runtime.ts'
import { serverFor } from './support/rules.ts'

const runtime = new VirtualRuntime({ turns: 'real' })
const server = serverFor({ runtime })

/** Time in which nothing else but the end of a Session falls due. */
const HOUR_MS = 3_600_000

/** A Client with a Subscription and an unacknowledged message, away since its connection was lost. */
async function leaveBehind(version: ProtocolVersion, clientId: string): Promise<void> {
  const client = await server.connect(persistent(version, clientId))
  client.send(subscribePacket(1, [{ filter: clientId, qos: 1 }]))
  client.send(publishPacket(clientId, '1', { qos: 1, packetId: 1 }))
  await client.take(3)
  client.drop()
  await server.connect({ clientId: 'witness' })
}

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-4.1.0-1] [MQTT3-4.1.0-1] [MQTT3-4.1.0-2] Session State is kept while the Network Connection is open', async () => {
    const properties = version === 5 ? { sessionExpiryInterval: 10 } : {}
    const client = await server.connect({ protocolVersion: version, properties })
    client.send(subscribePacket(1, [{ filter: 'open', qos: 1 }]))
    await client.next()

    await runtime.advance(1_000_000)

    client.send(publishPacket('open', 'x', { qos: 1, packetId: 1 }))
    expect((await client.upToNow()).toSorted()).toEqual(['PUBACK 1', "PUBLISH open 'x' qos 1 id 1"])
  })

  test('[MQTT3-4.1.0-1] Session State outlives the connection: Subscriptions, what is unfinished, and what came meanwhile', async () => {
    const clientId = `kept-${version}`
    await leaveBehind(version, clientId)
    const publisher = await server.connect({ clientId: 'publisher' })
    publisher.send(publishPacket(clientId, '2', { qos: 1, packetId: 1 }), publishPacket(clientId, '0'))
    await publisher.upToNow()

    const client = await server.dial(persistent(version, clientId))

    expect(await client.take(3)).toEqual([
      'CONNACK 00 session-present',
      `PUBLISH ${clientId} '1' qos 1 id 1 dup`,
      `PUBLISH ${clientId} '2' qos 1 id 2`,
    ])
    client.send(puback(1), puback(2))
    expect(await client.upToNow()).toEqual([])
  })

  test('[MQTT3-4.1.0-1] QoS 2 messages whose PUBREL has not come are part of it', async () => {
    const clientId = `incoming-${version}`
    const before = await server.connect(persistent(version, clientId))
    before.send(publishPacket('twice', 'x', { qos: 2, packetId: 7 }))
    await before.next()
    before.drop()
    const other = await server.connect({ clientId: 'other' })
    other.send(subscribePacket(1, ['twice']))
    await other.next()

    const after = await server.connect(persistent(version, clientId))
    after.send(publishPacket('twice', 'x', { qos: 2, packetId: 7, dup: true }), '62 02 0007')

    expect(await after.take(2)).toEqual(['PUBREC 7', 'PUBCOMP 7'])
    expect(await other.upToNow()).toEqual([])
  })
})

const intervals: [name: string, afterMs: number, connack: string][] = [
  [
    '[MQTT-4.1.0-2] is there a second before the Session Expiry Interval has passed',
    HOUR_MS - 1000,
    'CONNACK 00 session-present',
  ],
  ['[MQTT-4.1.0-2] is discarded when the Session Expiry Interval has passed', HOUR_MS + 1000, 'CONNACK 00'],
]
test.each(intervals)('Session State %s', async (_, afterMs, connack) => {
  await leaveBehind(5, `expiring-${afterMs}`)

  await runtime.advance(afterMs)

  const client = await server.dial(persistent(5, `expiring-${afterMs}`))
  expect(await client.next()).toBe(connack)
})

test('[MQTT-4.1.0-2] without a Session Expiry Interval it is discarded with the connection', async () => {
  const before = await server.connect({ clientId: 'brief', cleanStart: false })
  before.send(subscribePacket(1, ['brief']))
  await before.next()
  before.send('e0 00')
  await before.closing()

  const after = await server.dial({ clientId: 'brief', cleanStart: false })

  expect(await after.next()).toBe('CONNACK 00')
})

test('[MQTT-4.1.0-2] the Session Expiry Interval of DISCONNECT replaces that of CONNECT', async () => {
  const before = await server.connect(persistent(5, 'shortened'))
  before.send('e0 07 00 05 11 00000000')
  await before.closing()

  const after = await server.dial(persistent(5, 'shortened'))

  expect(await after.next()).toBe('CONNACK 00')
})
