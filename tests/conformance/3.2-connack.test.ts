import { type Connect, PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { connectPacket, publishPacket, subscribePacket, willOf } from '../../packages/broker/test/support/packets.ts'
import { persistent, Stage } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { recordBytes } from './support/bytes.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

/** Connects and closes with DISCONNECT. */
async function visit(fields: Partial<Connect>): Promise<void> {
  const client = await server.connect(fields)
  client.send('e0 00')
  await client.closing()
}

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-3.2.0-1] [MQTT3-3.2.0-1] CONNACK comes before the messages that wait for the Session', async () => {
    const fields = persistent(version, `waiting-${version}`)
    const first = await server.connect(fields)
    first.send(subscribePacket(1, [{ filter: `waiting/${version}`, qos: 1 }]))
    await first.next()
    first.drop()
    const publisher = await server.connect({ clientId: 'publisher' })
    publisher.send(publishPacket(`waiting/${version}`, 'x', { qos: 1, packetId: 1 }))
    await publisher.next()

    const second = server.dial(fields)

    expect(await second.take(2)).toEqual([
      'CONNACK 00 session-present',
      expect.stringContaining(`PUBLISH waiting/${version} 'x' qos 1 id 1`),
    ])
  })

  test('[MQTT-3.2.0-1] [MQTT3-3.2.0-1] nothing is sent before CONNECT has come', async () => {
    const client = server.open(version)

    client.send('10')
    client.end()

    expect(await client.closing()).toEqual([])
  })

  test('[MQTT-3.2.0-2] there is one CONNACK, whatever follows', async () => {
    const client = await server.connect({ protocolVersion: version })

    client.send(subscribePacket(1, ['a']), publishPacket('a', 'x'))
    client.send(version === 5 ? "10 0e 0004 'MQTT' 05 02 0000 00 0001 'c'" : "10 0d 0004 'MQTT' 04 02 0000 0001 'c'")

    const came = await client.closing()
    expect(came.filter(text => text.startsWith('CONNACK'))).toEqual([])
  })

  test('[MQTT-3.2.2-1] bits 7 to 1 of the Connect Acknowledge Flags are 0', async () => {
    const fields = persistent(version, `flags-${version}`)
    const first = server.dial(fields)
    const firstBytes = recordBytes(first)
    await first.next()
    first.send('e0 00')
    await first.closing()

    const second = server.dial(fields)
    const secondBytes = recordBytes(second)
    await second.next()

    expect(firstBytes()).toMatch(/^20..0000/)
    expect(secondBytes()).toMatch(/^20..0100/)
  })

  test('[MQTT-3.2.2-2] [MQTT3-3.2.2-1] with Clean Start 1 Session Present is 0, although there was a Session', async () => {
    const fields = persistent(version, `clean-${version}`)
    await visit(fields)

    const client = server.dial({ ...fields, cleanStart: true })

    expect(await client.next()).toBe('CONNACK 00')
  })

  test('[MQTT-3.2.2-3] [MQTT3-3.2.2-2] with Clean Start 0 and a stored Session it is 1', async () => {
    const fields = persistent(version, `stored-${version}`)
    await visit(fields)

    const client = server.dial(fields)

    expect(await client.next()).toBe('CONNACK 00 session-present')
  })

  test('[MQTT-3.2.2-3] [MQTT3-3.2.2-3] with Clean Start 0 and no stored Session it is 0', async () => {
    const client = server.dial(persistent(version, `none-${version}`))

    expect(await client.next()).toBe('CONNACK 00')
  })

  test('[MQTT-3.2.2-3] [MQTT3-3.2.2-3] nor is a Session stored that ended with its connection', async () => {
    await visit({ protocolVersion: version, clientId: `ended-${version}`, cleanStart: true })

    const client = server.dial(persistent(version, `ended-${version}`))

    expect(await client.next()).toBe('CONNACK 00')
  })
})

test('[MQTT3-3.2.2-4] [MQTT3-3.2.2-5] in 3.1.1 a refusal has Session Present 0 although there is a Session, and closes', async () => {
  await visit(persistent(4, 'refused'))
  const client = server.open(4)
  const takeBytes = recordBytes(client)

  client.send("10 13 0004 'MQTT' 84 00 0000 0007 'refused'")

  expect(await client.closing()).toEqual(['CONNACK 01'])
  expect(takeBytes()).toBe('20020001')
})

test('[MQTT-3.2.2-6] [MQTT-3.2.2-7] in 5.0 a refusal has Session Present 0 although there is a Session, and closes', async () => {
  const fields = persistent(5, 'refused')
  await visit(fields)
  const client = server.open()
  const takeBytes = recordBytes(client)

  client.send({ ...connectPacket(fields), properties: { authenticationMethod: 'none' } })

  expect(await client.closing()).toEqual(['CONNACK 8c'])
  expect(takeBytes()).toMatch(/^20..008c/)
})

const withoutReturnCode: [what: string, fields: Partial<Connect>][] = [
  ['a Will Topic of the Server', { will: willOf('$SYS/x', 'x') }],
  ['a Will Topic of too many levels', { will: willOf('/'.repeat(200), 'x') }],
]
test.each(withoutReturnCode)('[MQTT3-3.2.2-6] in 3.1.1 %s closes the connection without CONNACK', async (_, fields) => {
  const client = server.dial({ protocolVersion: 4, ...fields })

  expect(await client.closing()).toEqual([])
})

/** Table 3-1 of section 3.2.2.2. */
const connectReasonCodes = '00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f'.split(' ')

const refusals: [what: string, fields: Partial<Connect>][] = [
  ...withoutReturnCode,
  ['an unknown Authentication Method', { properties: { authenticationMethod: 'x' } }],
  ['nothing that is wrong', {}],
]
test.each(refusals)('[MQTT-3.2.2-8] the answer to %s is a Connect Reason Code', async (_, fields) => {
  const client = server.dial(fields)

  const { reasonCode } = await client.receiveA(PacketType.Connack)

  expect(connectReasonCodes).toContain(reasonCode.toString(16).padStart(2, '0'))
})

describe.each([0, 1] as const)('at a Server that takes QoS %i at most', maximumQoS => {
  const limited = serverFor({ capabilities: { maximumQoS } })

  test('[MQTT-3.2.2-9] CONNACK says so', async () => {
    const client = limited.dial()

    expect((await client.receiveA(PacketType.Connack)).properties.maximumQoS).toBe(maximumQoS)
  })
})

describe('at a Server that takes QoS 1 at most', () => {
  const limited = serverFor({ capabilities: { maximumQoS: 1 } })

  test.each(versions)('[MQTT-3.2.2-10] SUBSCRIBE with QoS 0, 1 and 2 is taken in %s', async ({ version }) => {
    const client = await limited.connect({ protocolVersion: version })

    client.send(
      subscribePacket(1, [
        { filter: 'a', qos: 0 },
        { filter: 'b', qos: 1 },
        { filter: 'c', qos: 2 },
      ]),
    )

    expect(await client.upToNow()).toEqual(['SUBACK 1 00 01 01'])
  })

  test.each(versions)('[MQTT-3.2.2-11] a PUBLISH at QoS 2 ends the connection in %s', async ({ version }) => {
    const client = await limited.connect({ protocolVersion: version })

    client.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }), publishPacket('a', 'x', { qos: 2, packetId: 2 }))

    const puback = version === 5 ? 'PUBACK 1 10' : 'PUBACK 1'
    expect(await client.closing()).toEqual(version === 5 ? [puback, 'DISCONNECT 9b'] : [puback])
  })

  test.each(versions)('[MQTT-3.2.2-12] a Will at QoS 2 is refused in %s', async ({ version }) => {
    const client = limited.dial({ protocolVersion: version, will: willOf('a', 'x', { qos: 2 }) })

    expect(await client.closing()).toEqual(version === 5 ? ['CONNACK 9b'] : [])
  })

  test('[MQTT-3.2.2-12] a Will at QoS 1 is accepted', async () => {
    const client = limited.dial({ will: willOf('a', 'x', { qos: 1 }) })

    expect(await client.next()).toBe('CONNACK 00')
  })
})

test('[MQTT-3.2.2-9] a Server that takes all QoS says nothing of a Maximum QoS', async () => {
  const client = server.dial()

  expect((await client.receiveA(PacketType.Connack)).properties.maximumQoS).toBeUndefined()
})

describe('at a Server that retains nothing', () => {
  const forgetful = serverFor({ capabilities: { retainAvailable: false } })

  test.each(versions)('[MQTT-3.2.2-13] a Will that is to be retained is refused in %s', async ({ version }) => {
    const client = forgetful.dial({ protocolVersion: version, will: willOf('a', 'x', { retain: true }) })

    expect(await client.closing()).toEqual(version === 5 ? ['CONNACK 9a'] : [])
  })

  test('[MQTT-3.2.2-14] CONNACK says so, and a PUBLISH that is to be retained ends the connection', async () => {
    const client = forgetful.dial()
    expect((await client.receiveA(PacketType.Connack)).properties.retainAvailable).toBe(false)

    client.send(publishPacket('a', 'x', { retain: true }))

    expect(await client.closing()).toEqual(['DISCONNECT 9a'])
  })
})

describe('at a Server of small limits', () => {
  const small = serverFor({ limits: { packetBytesMax: 100, topicAliasMaximum: 2 } })
  const aliasless = serverFor({ limits: { topicAliasMaximum: 0 } })

  test('[MQTT-3.2.2-15] a packet above the Maximum Packet Size ends the connection', async () => {
    const client = small.dial()
    expect((await client.receiveA(PacketType.Connack)).properties.maximumPacketSize).toBe(100)

    client.send(publishPacket('a', 'x'.repeat(94)))
    expect(await client.upToNow()).toEqual([])
    client.send(publishPacket('a', 'x'.repeat(95)))

    expect(await client.closing()).toEqual(['DISCONNECT 95'])
  })

  test.each([0, 3, 65_535])(
    '[MQTT-3.2.2-17] Topic Alias %i, not within the maximum of 2, ends the connection',
    async alias => {
      const client = small.dial()
      expect((await client.receiveA(PacketType.Connack)).properties.topicAliasMaximum).toBe(2)

      client.send(`30 07 0001 'a' 03 23 ${alias.toString(16).padStart(4, '0')}`)

      expect(await client.closing()).toEqual(['DISCONNECT 94'])
    },
  )

  test('[MQTT-3.2.2-18] any Topic Alias ends the connection where there is no Topic Alias Maximum', async () => {
    const client = aliasless.dial()
    expect((await client.receiveA(PacketType.Connack)).properties.topicAliasMaximum ?? 0).toBe(0)

    client.send("30 07 0001 'a' 03 23 0001")

    expect(await client.closing()).toEqual(['DISCONNECT 94'])
  })
})

test('[MQTT-3.2.2-16] each assigned Client Identifier is a new one', async () => {
  const stage = new Stage()
  const identifiers: string[] = []
  for (let count = 0; count < 50; count++) {
    const client = await stage.dial({ clientId: '', properties: { sessionExpiryInterval: 600 } })
    identifiers.push((await client.receiveA(PacketType.Connack)).properties.assignedClientIdentifier!)
  }

  expect(new Set(identifiers).size).toBe(50)
  expect(stage.broker.stats().sessions).toBe(50)
})

test('[MQTT-3.2.2-16] a Client with an identifier of its own is assigned none', async () => {
  const client = server.dial({ clientId: 'own' })

  expect((await client.receiveA(PacketType.Connack)).properties.assignedClientIdentifier).toBeUndefined()
})

const sizes: [maximumPacketSize: number, bytes: RegExp][] = [
  [1_000, /^20..008c..1f/],
  [5, /^2003008c00$/],
]
test.each(sizes)(
  '[MQTT-3.2.2-19] [MQTT-3.2.2-20] in %i bytes a refusal has what fits and no more',
  async (size, bytes) => {
    const client = server.dial({ properties: { maximumPacketSize: size, authenticationMethod: 'x' } })
    const takeBytes = recordBytes(client)

    await client.closing()

    expect(takeBytes()).toMatch(bytes)
  },
)

test('[MQTT-3.2.2-22] without Server Keep Alive the Keep Alive of the Client counts', async () => {
  const stage = new Stage()
  const client = await stage.dial({ keepAlive: 10 })
  expect((await client.receiveA(PacketType.Connack)).properties.serverKeepAlive).toBeUndefined()

  await stage.advance(14_999)
  expect(client.state).toBe('open')
  await stage.advance(201)

  expect(await client.closing()).toEqual(['DISCONNECT 8d'])
})
