import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { bytesOf, hexOf } from '../support/notation.ts'
import { connectPacket, publishPacket, subscribePacket, willOf } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { allVersions, v5, v31, v311, versions } from '../support/versions.ts'

const notMqtt: [what: string, bytes: string][] = [
  ['[MQTT-3.1.2-1] [MQTT3-3.1.2-1] another protocol name', "10 0d 0004 'MQTX' 04 02 0000 0001 'c'"],
  ['[MQTT-3.1.2-2] level 6 of MQTT', "10 0e 0004 'MQTT' 06 02 0000 00 0001 'c'"],
  ['level 2 of MQIsdp', "10 0f 0006 'MQIsdp' 02 02 0000 0001 'c'"],
  ['[MQTT-3.1.2-3] [MQTT3-3.1.2-3] the reserved flag', "10 0d 0004 'MQTT' 04 03 0000 0001 'c'"],
  ['[MQTT-3.1.4-1] [MQTT3-3.1.4-1] a payload that ends early', "10 0d 0004 'MQTT' 04 02 0000 0005 'c'"],
  ['[MQTT-3.1.3-3] [MQTT3-3.1.3-3] no Client Identifier', "10 0a 0004 'MQTT' 04 02 0000"],
  ['[MQTT-3.1.3-4] [MQTT3-3.1.3-4] a Client Identifier that is not UTF-8', "10 0d 0004 'MQTT' 04 02 0000 0001 ff"],
  ['[MQTT3-3.1.2-22] a password without a user name', "10 10 0004 'MQTT' 04 42 0000 0001 'c' 0001 'p'"],
]
test.each(notMqtt)('%s: the connection is closed without CONNACK', async (_, bytes) => {
  const stage = new Stage()
  const client = await stage.open(4)

  client.send(bytes)

  expect(await client.closing()).toEqual([])
  expect(stage.broker.stats().sessions).toBe(0)
})

test('[MQTT3-3.1.2-2] the level of a bridge, which has bit 7 set, is refused with CONNACK 1, in the form of 3.1.1', async () => {
  const stage = new Stage()
  const client = await stage.open(4)

  client.send("10 0f 0006 'MQIsdp' 83 02 0000 0001 'c'")

  expect(await client.closing()).toEqual(['CONNACK 01'])
})

describe('a CONNECT of MQTT 5.0', () => {
  const faults: [what: string, bytes: string, answer: string[]][] = [
    ['a Client Identifier that is not UTF-8', "10 0e 0004 'MQTT' 05 02 0000 00 0001 ff", ['CONNACK 85']],
    ['a Client Identifier with a control character', "10 0e 0004 'MQTT' 05 02 0000 00 0001 07", ['CONNACK 85']],
    ['a User Name that is not UTF-8', "10 11 0004 'MQTT' 05 82 0000 00 0001 'c' 0001 ff", []],
    ['no User Name where the flag is set', "10 0e 0004 'MQTT' 05 82 0000 00 0001 'c'", []],
    ['no Password where the flag is set', "10 0e 0004 'MQTT' 05 42 0000 00 0001 'c'", []],
  ]
  test.each(faults)('with %s is answered as ADR 0013 has it, and logged', async (_, bytes, answer) => {
    const stage = new Stage()
    const client = await stage.open(5)

    client.send(bytes)

    expect(await client.closing()).toEqual(answer)
    expect(stage.log.entries.at(-1)!.line).toBe('warn connection refused')
  })
})

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-3.1.3-5] [MQTT3-3.1.3-5] Client Identifiers of 1 to 23 plain characters are taken, and longer ones too', async () => {
    const stage = new Stage()
    const letters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

    for (const clientId of ['a', letters.slice(0, 23), letters.slice(23, 46), letters, 'ä/+#$ b', 'x'.repeat(60_000)]) {
      const client = await stage.dial({ protocolVersion: version, clientId })
      expect(await client.next()).toBe('CONNACK 00')
    }
    expect(stage.broker.stats().sessions).toBe(6)
  })

  test('[MQTT-3.1.3-6] [MQTT3-3.1.3-6] Clients without an identifier get one each', async () => {
    const stage = new Stage()
    const first = await stage.connect({ protocolVersion: version, clientId: '' })
    const second = await stage.connect({ protocolVersion: version, clientId: '' })

    expect([first.state, second.state, stage.broker.stats().sessions]).toEqual(['open', 'open', 2])
  })

  test('user name and password are taken as they are while there is no authentication', async () => {
    const stage = new Stage()
    const client = await stage.dial({ protocolVersion: version, userName: 'u', password: Uint8Array.of(0, 255) })

    expect(await client.next()).toBe('CONNACK 00')
  })

  test('packets behind CONNECT in its chunk are handled after it', async () => {
    const stage = new Stage()
    const client = await stage.open(version)

    client.send(connectPacket({ protocolVersion: version }), subscribePacket(1, ['a']), publishPacket('a', 'x'))

    expect(await client.upToNow()).toEqual(['CONNACK 00', 'SUBACK 1 00', "PUBLISH a 'x'"])
  })

  test('a Will Topic of too many levels is refused, and so is one that belongs to the Server', async () => {
    for (const topic of ['/'.repeat(128), '$SYS/x', '$share/x']) {
      const stage = new Stage()
      const client = await stage.dial({ protocolVersion: version, will: willOf(topic, 'x') })

      expect(await client.closing()).toEqual(version === 5 ? ['CONNACK 90'] : [])
      expect(stage.broker.stats().sessions).toBe(0)
    }
  })

  test('a CONNECT may have connectPacketBytesMax bytes and not one more; later packets may have more', async () => {
    const stage = new Stage({ limits: { connectPacketBytesMax: 100 } })
    const overhead = version === 5 ? 15 : 14
    const fits = await stage.dial({ protocolVersion: version, clientId: 'x'.repeat(100 - overhead) })
    const larger = await stage.dial({ protocolVersion: version, clientId: 'x'.repeat(101 - overhead) })

    fits.send(subscribePacket(1, ['a']), publishPacket('a', 'x'.repeat(1_000)))

    expect(await fits.upToNow()).toEqual(['CONNACK 00', 'SUBACK 1 00', 'PUBLISH a <1000 bytes>'])
    expect(await larger.closing()).toEqual([])
  })

  test('at sessionsMax a new Client is refused, one that has a Session is not', async () => {
    const stage = new Stage({ limits: { sessionsMax: 2 } })
    const away = await stage.connect(persistent(version, 'away'))
    away.drop()
    await stage.connect({ protocolVersion: version, clientId: 'here' })

    const refused = await stage.dial({ protocolVersion: version, clientId: 'new' })
    const back = await stage.dial(persistent(version, 'away'))
    const takesOver = await stage.dial({ protocolVersion: version, clientId: 'here' })

    expect(await refused.closing()).toEqual([version === 5 ? 'CONNACK 97' : 'CONNACK 03'])
    expect(await back.next()).toBe('CONNACK 00 session-present')
    expect(await takesOver.next()).toBe('CONNACK 00')
  })

  test('[MQTT-3.1.4-6] [MQTT3-3.1.4-5] what follows a refused CONNECT is not looked at', async () => {
    const stage = new Stage({ limits: { sessionsMax: 1 } })
    const watcher = await stage.connect({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['#']))
    const client = await stage.open(version)

    client.send(connectPacket({ protocolVersion: version, clientId: 'new' }), publishPacket('a', 'x'))
    client.send(publishPacket('a', 'x'))

    await client.closing()
    expect(await watcher.upToNow()).toEqual(['SUBACK 1 00'])
  })

  test('a refusal is logged with its reason', async () => {
    const stage = new Stage({ limits: { sessionsMax: 1 } })
    await stage.connect({ clientId: 'first' })

    await stage.dial({ protocolVersion: version, clientId: 'new' })

    const { line, fields } = stage.log.entries.at(-1)!
    expect(line).toBe('warn connection refused')
    expect(fields).toMatchObject({ reason: 'Quota Exceeded', remoteAddress: 'in process' })
  })
})

test.each([v31, v311])(
  '[MQTT3-3.1.3-8] an empty Client Identifier without Clean Session is refused with 2 in %s',
  async ({ version }) => {
    const stage = new Stage()
    const client = await stage.dial({ protocolVersion: version, clientId: '', cleanStart: false })

    expect(await client.closing()).toEqual(['CONNACK 02'])
  },
)

test('MQTT 3.1 demands a Client Identifier even with Clean Session', async () => {
  const stage = new Stage()
  const client = await stage.dial({ protocolVersion: 3, clientId: '', cleanStart: true })

  expect(await client.closing()).toEqual(['CONNACK 02'])
})

test('[MQTT-3.1.3-7] [MQTT-3.2.2-16] CONNACK has the identifier that was assigned, and the Session goes by it', async () => {
  const stage = new Stage()
  const properties = { sessionExpiryInterval: 60 }
  const client = await stage.dial({ clientId: '', cleanStart: false, properties })
  const { properties: answered } = await client.receiveA(PacketType.Connack)
  client.drop()
  const clientId = answered.assignedClientIdentifier!

  const again = await stage.dial({ clientId, cleanStart: false, properties })

  expect(await again.next()).toBe('CONNACK 00 session-present')
})

test('[MQTT-4.12.0-1] an Authentication Method is refused with 0x8C, and CONNACK says why', async () => {
  const stage = new Stage()
  const client = await stage.dial({ properties: { authenticationMethod: 'SCRAM-SHA-256' } })

  const connack = await client.receiveA(PacketType.Connack)

  expect(connack).toMatchObject({ reasonCode: 0x8c, sessionPresent: false })
  expect(connack.properties.reasonString).toContain('SCRAM-SHA-256')
  expect(await client.closing()).toEqual([])
})

test('CONNACK says what the Server can do and leaves out what the specification takes for granted', async () => {
  const stage = new Stage()
  const client = await stage.open()
  let bytes = ''
  client.onBytes = chunk => {
    bytes = hexOf(chunk)
  }

  client.send(connectPacket({ keepAlive: 60 }))
  await stage.settle()

  // Receive Maximum 100, Topic Alias Maximum 32, Maximum Packet Size 2 MiB, no Shared Subscriptions.
  expect(bytes).toBe(hexOf(bytesOf('20 0e 00 00 0b 21 0064 22 0020 27 00200000')))
})

const granted: [what: string, connect: object, answered: object][] = [
  [
    'a Session Expiry Interval within the limit is not repeated',
    { properties: { sessionExpiryInterval: 500 } },
    { sessionExpiryInterval: undefined },
  ],
  [
    '[MQTT-3.1.2-23] one beyond it is cut and announced',
    { properties: { sessionExpiryInterval: 0xffffffff } },
    { sessionExpiryInterval: 1_000 },
  ],
  [
    '[MQTT-3.2.2-22] a Keep Alive within the limit is used as it is',
    { keepAlive: 300 },
    { serverKeepAlive: undefined },
  ],
  ['[MQTT-3.2.2-21] one beyond it is replaced', { keepAlive: 301 }, { serverKeepAlive: 300 }],
  ['[MQTT-3.2.2-21] Keep Alive 0 is replaced as well', { keepAlive: 0 }, { serverKeepAlive: 300 }],
]
test.each(granted)('%s', async (_, connect, answered) => {
  const stage = new Stage({ limits: { sessionExpiryIntervalMax: 1_000, keepAliveMax: 300 } })
  const client = await stage.dial({ keepAlive: 10, ...connect })

  expect((await client.receiveA(PacketType.Connack)).properties).toMatchObject(answered)
})

test('[MQTT-3.1.2-24] a Maximum Packet Size that has no room for a CONNACK closes the connection', async () => {
  const stage = new Stage()
  const client = await stage.dial({ properties: { maximumPacketSize: 17 } })
  const fits = await stage.dial({ properties: { maximumPacketSize: 22 }, keepAlive: 9, clientId: 'fits' })

  expect(await client.closing()).toEqual([])
  expect(await fits.next()).toBe('CONNACK 00')
  expect(stage.broker.stats().sessions).toBe(1)
})

test('[MQTT-3.2.2-19] [MQTT-3.1.2-24] a refusing CONNACK has no Reason String that would make it too large', async () => {
  const stage = new Stage()
  const will = willOf('$SYS/x', 'x')
  const client = await stage.dial({ will, properties: { maximumPacketSize: 20 } })

  const connack = await client.receiveA(PacketType.Connack)

  expect([connack.reasonCode, connack.properties.reasonString]).toEqual([0x90, undefined])
})

test('[MQTT-3.1.2-24] nothing is sent to a Client that takes less than the smallest CONNACK', async () => {
  const stage = new Stage()
  const client = await stage.dial({ will: willOf('$SYS/x', 'x'), properties: { maximumPacketSize: 4 } })

  expect(await client.closing()).toEqual([])
})

test('an Authentication Method as long as can be is refused like any other', async () => {
  const stage = new Stage()
  const client = await stage.dial({ properties: { authenticationMethod: 'x'.repeat(65_000) } })

  expect(await client.closing()).toEqual(['CONNACK 8c'])
})

test('[MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT3-3.2.2-4] [MQTT3-3.2.2-5] a refusal has Session Present 0 although there is a Session, and closes', async () => {
  for (const { version } of [v311, v5]) {
    const stage = new Stage()
    await stage.connect({
      ...persistent(version, 'client'),
      properties: version === 5 ? { sessionExpiryInterval: 60 } : {},
    })
    const fields = version === 5 ? { properties: { authenticationMethod: 'x' } } : { clientId: '' }

    const client = await stage.dial({ ...persistent(version, 'client'), ...fields })

    expect(await client.closing()).toEqual([version === 5 ? 'CONNACK 8c' : 'CONNACK 02'])
  }
})

test('[MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT3-3.2.0-1] CONNACK comes first and once', async () => {
  for (const { version } of allVersions) {
    const stage = new Stage()
    const client = await stage.dial({ ...persistent(version, 'client') })
    client.send(subscribePacket(1, [{ filter: 'a', qos: 1 }]))
    client.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }))
    expect(await client.upToNow()).toEqual(['CONNACK 00', 'SUBACK 1 01', "PUBLISH a 'x' qos 1 id 1", 'PUBACK 1'])
    client.drop()

    const again = await stage.dial({ ...persistent(version, 'client') })

    const present = version === 3 ? '' : ' session-present'
    expect(await again.upToNow()).toEqual([`CONNACK 00${present}`, "PUBLISH a 'x' qos 1 id 1 dup"])
  }
})
