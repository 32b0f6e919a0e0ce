import type { AuthenticatingClient } from '@curlew/broker'
import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { packet } from './support/bytes.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

/** A packet of each type other than CONNECT that a Client may send, in the form of 3.1.1. */
const others: [what: string, bytes: string][] = [
  ['PUBLISH', "30 04 0001 'a' 'x'"],
  ['SUBSCRIBE', "82 06 0001 0001 'a' 00"],
  ['PINGREQ', 'c0 00'],
  ['DISCONNECT', 'e0 00'],
  ['AUTH', 'f0 00'],
]
test.each(others)('[MQTT-3.1.0-1] [MQTT3-3.1.0-1] %s as the first packet closes the connection', async (_, bytes) => {
  const client = server.open(4)

  client.send(bytes)

  expect(await client.closing()).toEqual([])
})

test('[MQTT-3.1.2-1] [MQTT3-3.1.2-1] another protocol name is not MQTT: the connection is closed', async () => {
  const client = server.open(4)

  client.send("10 0e 0005 'MQTTS' 04 02 0000 0001 'c'")

  expect(await client.closing()).toEqual([])
})

test('[MQTT-3.1.2-1] [MQTT3-3.1.2-1] the protocol name is compared as it stands, in capitals', async () => {
  const client = server.open(4)

  client.send("10 0d 0004 'mqtt' 04 02 0000 0001 'c'")

  expect(await client.closing()).toEqual([])
})

test('[MQTT3-3.1.2-2] the level of a bridge, 4 with bit 7 set, is refused with 1, so that it falls back', async () => {
  const client = server.open(4)

  client.send("10 0d 0004 'MQTT' 84 02 0000 0001 'c'")

  expect(await client.closing()).toEqual(['CONNACK 01'])
})

test.each(['00', '01', '02', '03', '06', '7f', 'ff'])(
  '[MQTT-3.1.2-2] [MQTT3-3.1.2-2] protocol level %s is refused by closing, without the CONNACK that 5.0 leaves open (ADR 0012)',
  async level => {
    const client = server.open(4)

    client.send(`10 0d 0004 'MQTT' ${level} 02 0000 0001 'c'`)

    expect(await client.closing()).toEqual([])
  },
)

describe.each(versions)('in %s', ({ version }) => {
  const noProperties = version === 5 ? '00' : ''
  /** A CONNECT with these Connect Flags and this payload behind the Client Identifier. */
  const connect = (flags: string, payload = '', clientId = "0001 'c'"): string =>
    packet('10', `0004 'MQTT' 0${version} ${flags} 0000 ${noProperties} ${clientId} ${payload}`)

  test('[MQTT-3.1.0-2] [MQTT3-3.1.0-2] a second CONNECT is a Protocol Error and closes the connection', async () => {
    const client = server.open(version)

    client.send(connect('02'))
    expect(await client.next()).toBe('CONNACK 00')
    client.send(connect('02'))

    expect(await client.closing()).toEqual(version === 5 ? ['DISCONNECT 82'] : [])
  })

  test('[MQTT-3.1.0-2] [MQTT3-3.1.0-2] so does one in the same chunk', async () => {
    const client = server.open(version)

    client.send(connect('02'), connect('02'))

    expect(await client.closing()).toEqual(version === 5 ? ['CONNACK 00', 'DISCONNECT 82'] : ['CONNACK 00'])
  })

  const will = `${noProperties} 0001 'w' 0001 'm'`
  /** Nothing is said of a User Name or Password that is none; a Client Identifier has a Reason Code of its own (ADR 0013). */
  const malformed: [what: string, bytes: string, answer?: string[]][] = [
    ['[MQTT-3.1.2-3] [MQTT3-3.1.2-3] the reserved Connect Flag is set', connect('03')],
    ['[MQTT-3.1.2-9] [MQTT3-3.1.2-9] the Will Flag is set and there is no Will', connect('06')],
    [
      '[MQTT-3.1.2-9] [MQTT3-3.1.2-9] the Will Flag is set and there is no Will Payload',
      connect('06', `${noProperties} 0001 'w'`),
    ],
    ['[MQTT3-3.1.2-11] [MQTT-3.1.4-1] the Will Flag is 0 and there is a Will', connect('02', will)],
    ['[MQTT-3.1.2-11] [MQTT3-3.1.2-11] [MQTT3-3.1.2-13] the Will Flag is 0 and Will QoS 1', connect('0a')],
    ['[MQTT-3.1.2-11] [MQTT3-3.1.2-11] [MQTT3-3.1.2-13] the Will Flag is 0 and Will QoS 2', connect('12')],
    ['[MQTT-3.1.2-12] [MQTT3-3.1.2-14] Will QoS is 3', connect('1e', will)],
    ['[MQTT-3.1.2-13] [MQTT3-3.1.2-11] [MQTT3-3.1.2-15] the Will Flag is 0 and Will Retain 1', connect('22')],
    ['[MQTT-3.1.2-16] [MQTT3-3.1.2-18] the User Name Flag is 0 and there is a User Name', connect('02', "0001 'u'")],
    ['[MQTT-3.1.2-17] [MQTT3-3.1.2-19] the User Name Flag is 1 and there is none', connect('82'), []],
    [
      '[MQTT-3.1.2-18] [MQTT3-3.1.2-20] the Password Flag is 0 and there is a Password',
      connect('82', "0001 'u' 0001 'p'"),
    ],
    ['[MQTT-3.1.2-19] [MQTT3-3.1.2-21] the Password Flag is 1 and there is none', connect('c2', "0001 'u'"), []],
    ['[MQTT-3.1.3-3] [MQTT3-3.1.3-3] there is no Client Identifier', connect('02', '', '')],
    [
      '[MQTT-3.1.3-4] [MQTT3-3.1.3-4] the Client Identifier is not UTF-8',
      connect('02', '', '0002 c3 28'),
      ['CONNACK 85'],
    ],
    ['[MQTT-3.1.3-11] [MQTT3-3.1.3-10] the Will Topic is not UTF-8', connect('06', `${noProperties} 0001 ff 0001 'm'`)],
    ['[MQTT-3.1.3-12] [MQTT3-3.1.3-11] the User Name is not UTF-8', connect('82', '0003 ed a0 80'), []],
    ['[MQTT-3.1.4-1] [MQTT3-3.1.4-1] something follows the payload', connect('02', '00')],
    ['[MQTT-3.1.4-1] [MQTT3-3.1.4-1] a string is longer than the packet', connect('02', '', "0009 'c'")],
    [
      '[MQTT-3.1.4-1] [MQTT3-3.1.4-1] the Will Topic has a wildcard',
      connect('06', `${noProperties} 0001 '#' 0001 'm'`),
    ],
  ]
  test.each(malformed)(
    '%s: the CONNECT is malformed and the connection closed',
    async (_, bytes, answer = ['CONNACK 81']) => {
      const sessions = server.broker.stats().sessions
      const client = server.open(version)

      client.send(bytes)

      expect(await client.closing()).toEqual(version === 5 ? answer : [])
      expect(server.broker.stats().sessions).toBe(sessions)
    },
  )

  const wellFormed: [what: string, flags: string, payload: string][] = [
    ['[MQTT-3.1.2-16] [MQTT3-3.1.2-18] no User Name', '02', ''],
    ['[MQTT-3.1.2-17] [MQTT3-3.1.2-19] a User Name', '82', "0001 'u'"],
    ['[MQTT-3.1.2-19] [MQTT3-3.1.2-21] User Name and Password', 'c2', "0001 'u' 0002 00ff"],
    ['[MQTT-3.1.2-12] [MQTT3-3.1.2-14] a Will at QoS 0', '06', will],
    ['[MQTT-3.1.2-12] [MQTT3-3.1.2-14] a Will at QoS 1', '0e', will],
    ['[MQTT-3.1.2-12] [MQTT3-3.1.2-14] a Will at QoS 2', '16', will],
    ['[MQTT-3.1.2-9] [MQTT3-3.1.2-9] a Will without bytes', '06', `${noProperties} 0001 'w' 0000`],
    ['[MQTT-3.1.3-1] [MQTT3-3.1.3-1] everything, in its order', 'f6', `${will} 0001 'u' 0001 'p'`],
  ]
  test.each(wellFormed)('%s is accepted', async (_, flags, payload) => {
    const client = server.open(version)

    client.send(connect(flags, payload))

    expect(await client.upToNow()).toEqual(['CONNACK 00'])
  })

  test('[MQTT-3.1.3-1] [MQTT3-3.1.3-1] each field of the payload is what its place says', async () => {
    const watcher = await server.connect({ clientId: `watcher-${version}` })
    watcher.send(subscribePacket(1, [`topic-${version}`]))
    await watcher.next()
    const accepted = new Promise<string>(resolve => {
      const stop = server.broker.on('connected', ({ clientId }) => {
        stop()
        resolve(clientId)
      })
    })
    const client = server.open(version)

    client.send(
      connect(
        'c6',
        `${noProperties} 0007 'topic-${version}' 0007 'payload' 0004 'user' 0008 'password'`,
        "0006 'client'",
      ),
    )
    await client.next()
    client.drop()

    expect(await accepted).toBe('client')
    expect(await watcher.next()).toBe(`PUBLISH topic-${version} 'payload'`)
  })

  test('[MQTT-3.1.4-1] [MQTT3-3.1.4-1] nothing that follows a malformed CONNECT is looked at', async () => {
    const watcher = await server.connect({ clientId: `watcher-${version}` })
    watcher.send(subscribePacket(1, ['behind']))
    const client = server.open(version)

    client.send(connect('03'), publishPacket('behind', 'x'))

    await client.closing()
    expect(await watcher.upToNow()).toEqual(['SUBACK 1 00'])
  })
})

test('[MQTT3-3.1.2-22] in 3.1.1 a Password without a User Name is malformed, and the connection closed', async () => {
  const client = server.open(4)

  client.send("10 10 0004 'MQTT' 04 42 0000 0001 'c' 0001 'p'")

  expect(await client.closing()).toEqual([])
})

test('in 5.0 a Password may come without a User Name', async () => {
  const client = server.open(5)

  client.send("10 11 0004 'MQTT' 05 42 0000 00 0001 'c' 0001 'p'")

  expect(await client.next()).toBe('CONNACK 00')
})

const malformedProperties: [what: string, properties: string][] = [
  ['a property that CONNECT does not have', '02 01 00'],
  ['Session Expiry Interval twice', '0a 11 00000001 11 00000001'],
  ['Receive Maximum 0', '03 21 0000'],
  ['Maximum Packet Size 0', '05 27 00000000'],
  ['Request Problem Information 2', '02 17 02'],
  ['Authentication Data without a method', '04 16 0001 00'],
  ['a Property Length beyond the packet', '7f'],
]
test.each(malformedProperties)('[MQTT-3.1.4-1] %s is refused, and the connection closed', async (_, properties) => {
  const client = server.open()

  client.send(packet('10', `0004 'MQTT' 05 02 0000 ${properties} 0001 'c'`))

  expect(await client.closing()).toEqual([expect.stringMatching(/^CONNACK 8[12]$/)])
})

describe('with an Authentication Method that takes everybody', () => {
  const clients: AuthenticatingClient[] = []
  const method = {
    begin: (client: AuthenticatingClient) => {
      clients.push(client)
      return { step: () => ({ outcome: 'success' as const }) }
    },
  }
  const authenticating = serverFor({ authenticationMethods: { all: method } })

  test('[MQTT-3.1.3-1] [MQTT-3.1.3-12] the method is told the Client Identifier and the User Name', async () => {
    const client = authenticating.open()

    client.send(packet('10', "0004 'MQTT' 05 82 0000 06 15 0003 'all' 0002 'id' 0005 'n' c3a4 'me'"))

    expect(await client.next()).toBe('CONNACK 00')
    expect(clients).toMatchObject([{ clientId: 'id', userName: 'näme' }])
  })
})
