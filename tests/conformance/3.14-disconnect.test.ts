import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import {
  connectPacket,
  disconnectPacket,
  publishPacket,
  subscribePacket,
  willOf,
} from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { farewell } from './support/closing.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

/** Bytes that end a connection before it has been accepted, behind which there must be no DISCONNECT. */
const refused: [name: string, bytes: string, answer: string[]][] = [
  ['[MQTT-3.14.0-1] before CONNECT', 'c0 00', []],
  [
    '[MQTT-3.14.0-1] after an unknown Authentication Method',
    "10 14 0004 'MQTT' 05 02 0000 06 15 0003 'abc' 0001 'c'",
    ['CONNACK 8c'],
  ],
  [
    '[MQTT-3.14.0-1] after a Will Topic with a wildcard',
    "10 14 0004 'MQTT' 05 06 0000 00 0001 'c' 00 0001 '#' 0001 'x'",
    ['CONNACK 81'],
  ],
]
test.each(refused)('%s the Server sends no DISCONNECT', async (_, bytes, answer) => {
  const client = server.open()

  client.send(bytes)

  expect(await client.closing()).toEqual(answer)
})

describe.each(versions)('in %s', ({ version }) => {
  test.each(['e1 00', 'e2 00', 'e4 00', 'e8 00', 'ef 00'])(
    '[MQTT-3.14.1-1] [MQTT3-3.14.1-1] reserved bits that are set (%s) are malformed',
    async bytes => {
      const client = await server.connect({ protocolVersion: version })

      client.send(bytes)

      expect(await client.closing()).toEqual(farewell(version, '81'))
    },
  )

  test('[MQTT-3.14.4-1] [MQTT3-3.14.4-2] what a Client sends behind its DISCONNECT is ignored', async () => {
    const client = await server.connect({ protocolVersion: version })
    const other = await server.connect({ clientId: 'other' })
    other.send(subscribePacket(1, ['behind']))
    await other.next()

    client.send(publishPacket('behind', '1'), 'e0 00', publishPacket('behind', '2'), 'c0 00')

    expect(await client.closing()).toEqual([])
    expect(await other.upToNow()).toEqual(["PUBLISH behind '1'"])
  })

  test('[MQTT-3.14.4-2] [MQTT3-3.14.4-1] the Server closes when a Client that has sent DISCONNECT does not', async () => {
    const client = await server.connect({ protocolVersion: version })

    client.send('e0 00')

    expect(await client.closing()).toEqual([])
    expect(client.state).toBe('ended')
  })

  test('[MQTT-3.14.4-1] [MQTT-3.14.4-2] after its own DISCONNECT the Server sends nothing and closes', async () => {
    const client = await server.connect({ protocolVersion: version })
    client.send(subscribePacket(1, ['after']))
    await client.next()

    client.send('00 00', publishPacket('after', 'x'), 'c0 00')

    expect(await client.closing()).toEqual(farewell(version, '82'))
  })

  test('[MQTT-3.14.4-3] [MQTT3-3.14.4-3] DISCONNECT discards the Will Message without publishing it', async () => {
    const other = await server.connect({ clientId: 'other' })
    other.send(subscribePacket(1, ['will']))
    await other.next()
    const client = await server.connect({ protocolVersion: version, will: willOf('will', 'x') })

    client.send('e0 00')
    await client.closing()

    expect(await other.upToNow()).toEqual([])
  })

  test('without DISCONNECT the Will Message is published', async () => {
    const other = await server.connect({ clientId: 'other' })
    other.send(subscribePacket(1, ['will']))
    await other.next()
    const client = await server.connect({ protocolVersion: version, will: willOf('will', 'x') })

    client.drop()

    expect(await other.next()).toBe("PUBLISH will 'x'")
  })
})

test('[MQTT-3.14.4-3] DISCONNECT with Will Message (0x04) publishes it', async () => {
  const other = await server.connect({ clientId: 'other' })
  other.send(subscribePacket(1, ['will']))
  await other.next()
  const client = await server.connect({ will: willOf('will', 'x') })

  client.send('e0 01 04')

  expect(await other.next()).toBe("PUBLISH will 'x'")
})

const unlisted: [name: string, bytes: string][] = [
  ['[MQTT-3.14.2-1] Reason Code 0x01', 'e0 01 01'],
  ['[MQTT-3.14.2-1] Reason Code 0x18, which is of AUTH', 'e0 01 18'],
  ['[MQTT-3.14.2-1] Reason Code 0x86, which is of CONNACK', 'e0 01 86'],
  ['[MQTT-3.14.2-1] Reason Code 0xff', 'e0 01 ff'],
]
test.each(unlisted)('%s ends the connection as an error, of which the leaving Client is not told', async (_, bytes) => {
  const other = await server.connect({ clientId: 'other' })
  other.send(subscribePacket(1, ['will']))
  await other.next()
  const client = await server.connect({ will: willOf('will', 'x') })

  client.send(bytes)

  expect(await client.closing()).toEqual([])
  expect(await other.next()).toBe("PUBLISH will 'x'")
})

test('a Session Expiry Interval in DISCONNECT that was 0 in CONNECT is a Protocol Error', async () => {
  const client = await server.connect()

  client.send('e0 07 00 05 11 0000000a')

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
})

/** Bytes to which the Server answers with DISCONNECT, and its Reason Code. */
const ended: [name: string, bytes: string, code: number][] = [
  ['[MQTT-3.14.2-1] [MQTT-3.14.2-2] a malformed packet', "82 06 0001 00 0001 'a'", 0x81],
  ['[MQTT-3.14.2-1] [MQTT-3.14.2-2] a Protocol Error', '00 00', 0x82],
  ['[MQTT-3.14.2-1] [MQTT-3.14.2-2] a second CONNECT', "10 0e 0004 'MQTT' 05 02 0000 00 0001 'c'", 0x82],
  ['[MQTT-3.14.2-1] [MQTT-3.14.2-2] a Topic Alias of 0', "30 07 0001 'a' 03 23 0000", 0x94],
  ['[MQTT-3.14.2-1] [MQTT-3.14.2-2] a packet beyond the Maximum Packet Size', '30 ffffff7f', 0x95],
]
test.each(ended)('%s is answered with a listed Reason Code and no Session Expiry Interval', async (_, bytes, code) => {
  const client = await server.connect()

  client.send(bytes)

  const { reasonCode, properties } = await client.receiveA(PacketType.Disconnect)
  expect(reasonCode).toBe(code)
  expect(properties.sessionExpiryInterval).toBeUndefined()
  expect(await client.closing()).toEqual([])
})

const sizes: [name: string, maximumPacketSize: number, hasReason: boolean][] = [
  ['[MQTT-3.14.2-3] [MQTT-3.14.2-4] a Client that takes 200 bytes gets the Reason String', 200, true],
  ['[MQTT-3.14.2-3] [MQTT-3.14.2-4] a Client that takes 30 bytes gets only the Reason Code', 30, false],
]
test.each(sizes)('%s', async (_, maximumPacketSize, hasReason) => {
  const client = server.open()
  client.send(connectPacket({ properties: { maximumPacketSize } }), '00 00')
  await client.next()

  const { reasonCode, properties } = await client.receiveA(PacketType.Disconnect)

  expect(reasonCode).toBe(0x82)
  expect([properties.reasonString !== undefined, properties.userProperties]).toEqual([hasReason, undefined])
})

test('the Client that is taken over is told 0x8E, and nothing comes behind it', async () => {
  const before = await server.connect({ clientId: 'same' })
  before.send(subscribePacket(1, ['taken']))
  await before.next()

  const after = await server.connect({ clientId: 'same' })
  after.send(publishPacket('taken', 'x'), disconnectPacket())

  expect(await before.closing()).toEqual(['DISCONNECT 8e'])
})
