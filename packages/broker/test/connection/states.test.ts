import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../support/packets.ts'
import { Stage } from '../support/stage.ts'
import { allVersions, type Version, v5, v31, v311, versions } from '../support/versions.ts'

/** Valid packets in every version but for their direction, with the properties of 5.0 where `{p}` stands. */
const packets: Record<string, string> = {
  CONNACK: '20 {2+p} 00 00 {p}',
  PUBLISH: "30 {4+p} 0001 'a' {p} 'x'",
  PUBACK: '40 02 0007',
  PUBREC: '50 02 0007',
  PUBREL: '62 02 0007',
  PUBCOMP: '70 02 0007',
  SUBSCRIBE: "82 {6+p} 0007 {p} 0001 'a' 00",
  SUBACK: '90 {3+p} 0007 {p} 00',
  UNSUBSCRIBE: "a2 {5+p} 0007 {p} 0001 'a'",
  UNSUBACK: 'b0 {2+p} 0007 {p}',
  PINGREQ: 'c0 00',
  PINGRESP: 'd0 00',
  DISCONNECT: 'e0 00',
  AUTH: 'f0 00',
  'type 0': '00 00',
}

/** Writes the length and the empty properties of a version into a packet above. */
function bytesFor({ version }: Version, packet: string): string {
  const lengthOfProperties = version === 5 ? 1 : 0
  return packet
    .replace(/\{(\d)\+p\}/, (_, size) => String(Number(size) + lengthOfProperties).padStart(2, '0'))
    .replace('{p}', version === 5 ? '00' : '')
}

const connects: Record<number, string> = {
  3: "10 0f 0006 'MQIsdp' 03 02 0000 0001 'c'",
  4: "10 0d 0004 'MQTT' 04 02 0000 0001 'c'",
  5: "10 0e 0004 'MQTT' 05 02 0000 00 0001 'c'",
}

describe.each(allVersions)('in %s', version => {
  test.each(Object.keys(packets))(
    '[MQTT-3.1.0-1] [MQTT3-3.1.0-1] %s before CONNECT closes without an answer',
    async name => {
      const stage = new Stage()
      const client = await stage.open(version.version)

      client.send(bytesFor(version, packets[name]!), connects[version.version]!)

      expect(await client.closing()).toEqual([])
      expect(stage.broker.stats()).toMatchObject({ sessions: 0, traffic: { receivedPackets: 0 } })
    },
  )

  test('[MQTT-3.1.4-5] [MQTT3-3.1.4-4] CONNECT is answered with CONNACK 0', async () => {
    const stage = new Stage()
    const client = await stage.open(version.version)

    client.send(connects[version.version]!)

    expect(await client.upToNow()).toEqual(['CONNACK 00'])
  })
})

/** What each packet brings about at a connected Client; `closes` ends the connection, with the Reason Code in 5.0. */
const connected: [packet: string, answer: string[], closes?: string][] = [
  ['PUBLISH', []],
  ['PUBACK', []],
  ['PUBREC', ['PUBREL 7']],
  ['PUBREL', ['PUBCOMP 7']],
  ['PUBCOMP', []],
  ['SUBSCRIBE', ['SUBACK 7 00']],
  ['CONNACK', [], '82'],
  ['SUBACK', [], '82'],
  ['UNSUBACK', [], '82'],
  ['PINGRESP', [], '82'],
  ['type 0', [], '82'],
]
describe.each(allVersions)('at a connected Client of %s', version => {
  const going = connected.filter(([, , closes]) => closes === undefined)
  test.each(going)('%s is answered with %j, and the connection goes on', async (name, answer) => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version.version })

    client.send(bytesFor(version, packets[name]!))

    expect(await client.upToNow()).toEqual(answer)
  })

  const ending = connected.filter(([, , closes]) => closes !== undefined)
  test.each(ending)('[MQTT-4.13.1-1] [MQTT3-4.8.0-1] %s closes the connection', async (name, _, reasonCode) => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version.version })

    client.send(bytesFor(version, packets[name]!))

    expect(await client.closing()).toEqual(version.version === 5 ? [`DISCONNECT ${reasonCode}`] : [])
  })

  test('[MQTT-3.1.0-2] [MQTT3-3.1.0-2] a second CONNECT is a Protocol Error, and its Client Identifier means nothing', async () => {
    const stage = new Stage()
    const other = await stage.connect({ protocolVersion: version.version, clientId: 'c' })
    const client = await stage.connect({ protocolVersion: version.version, clientId: 'first' })

    client.send(connects[version.version]!)

    expect(await client.closing()).toEqual(version.version === 5 ? ['DISCONNECT 82'] : [])
    expect(await other.upToNow()).toEqual([])
  })

  test('[MQTT-3.14.4-1] [MQTT3-3.14.4-2] what follows a DISCONNECT is not looked at', async () => {
    const stage = new Stage()
    const watcher = await stage.connect({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['#']))
    const client = await stage.connect({ protocolVersion: version.version })

    client.send('e0 00', publishPacket('late', 'x'))
    client.send(publishPacket('later', 'x'))

    expect(await client.closing()).toEqual([])
    expect(await watcher.upToNow()).toEqual(['SUBACK 1 00'])
  })

  test('[MQTT-4.13.1-1] [MQTT3-4.8.0-1] what precedes a faulty packet in its chunk counts, what follows does not', async () => {
    const stage = new Stage()
    const watcher = await stage.connect({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['#']))
    const client = await stage.connect({ protocolVersion: version.version })

    client.send(publishPacket('before', 'x'), '00 00', publishPacket('after', 'x'))

    await client.closing()
    expect(await watcher.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH before 'x'"])
  })

  test('the client that half-closes gets the answers to what it had sent', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version.version })

    client.send(publishPacket('a', 'x', { qos: 1, packetId: 3 }))
    client.end()

    const code = version.version === 5 ? ' 10' : ''
    expect(await client.closing()).toEqual([`PUBACK 3${code}`])
  })

  test('[MQTT-3.12.4-1] [MQTT3-3.12.4-1] PINGREQ is answered with PINGRESP, each one', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version.version })

    client.send('c0 00 c0 00')

    expect(await client.take(2)).toEqual(['PINGRESP', 'PINGRESP'])
  })

  test('packets may come a byte at a time', async () => {
    const stage = new Stage()
    const client = await stage.open(version.version)
    const subscribe = bytesFor(version, packets['SUBSCRIBE']!)

    for (const byte of client.encode([connects[version.version]!, subscribe, publishPacket('a', 'hello')])) {
      client.wire.write(Uint8Array.of(byte))
    }

    expect(await client.upToNow()).toEqual(['CONNACK 00', 'SUBACK 7 00', "PUBLISH a 'hello'"])
  })
})

test.each([v31, v311])(
  '[MQTT3-3.10.4-4] [MQTT3-3.10.4-5] UNSUBSCRIBE is answered with UNSUBACK in %s',
  async version => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version.version })

    client.send(bytesFor(version, packets['UNSUBSCRIBE']!))

    expect(await client.upToNow()).toEqual(['UNSUBACK 7'])
  },
)

test('[MQTT-3.10.4-4] [MQTT-3.10.4-5] UNSUBSCRIBE is answered with UNSUBACK in MQTT 5.0, also when there was no Subscription', async () => {
  const stage = new Stage()
  const client = await stage.connect()

  client.send(bytesFor(v5, packets['UNSUBSCRIBE']!))

  expect(await client.upToNow()).toEqual(['UNSUBACK 7 11'])
})

test('[MQTT-4.12.0-7] AUTH without an Authentication Method in CONNECT is a Protocol Error', async () => {
  const stage = new Stage()
  const client = await stage.connect()

  client.send("f0 08 18 06 15 0003 'abc'")

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
})

test.each([v31, v311])('packet type 15 does not exist in %s', async ({ version }) => {
  const stage = new Stage()
  const client = await stage.connect({ protocolVersion: version })

  client.send('f0 00')

  expect(await client.closing()).toEqual([])
})

/** With the Reason Code of 5.0; without one the Client is not told (ADR 0013). */
const malformed: [what: string, bytes: string, reasonCode?: string][] = [
  ['[MQTT-3.6.1-1] [MQTT3-3.6.1-1] PUBREL with other flags', '60 02 0001', '81'],
  ['[MQTT-3.8.1-1] [MQTT3-3.8.1-1] SUBSCRIBE with other flags', "80 06 0007 0001 'a' 00", '81'],
  ['[MQTT-3.10.1-1] [MQTT3-3.10.1-1] UNSUBSCRIBE with other flags', "a0 05 0007 0001 'a'", '81'],
  ['[MQTT-3.14.1-1] [MQTT3-3.14.1-1] DISCONNECT with flags', 'e1 00', '81'],
  ['[MQTT-2.1.3-1] [MQTT3-2.2.2-2] PINGREQ with flags', 'c1 00', '81'],
  ['[MQTT-3.3.1-4] [MQTT3-3.3.1-4] PUBLISH with QoS 3', "36 06 0001 'a' 0001 00", '81'],
  ['[MQTT-3.3.2-2] [MQTT3-3.3.2-2] PUBLISH with a wildcard in its topic', "30 05 0003 'a/#' 00", '81'],
  ['[MQTT-1.5.4-1] [MQTT3-1.5.3-1] PUBLISH with a topic that is not UTF-8', '30 05 0002 c3 28 00', '81'],
  ['[MQTT-1.5.4-2] [MQTT3-1.5.3-2] PUBLISH with U+0000 in its topic', '30 05 0002 61 00 00', '81'],
  ['Remaining Length of five bytes', '30 80 80 80 80 01'],
  ['PINGREQ with a body', 'c0 01 00'],
]
describe.each(versions)('in %s', ({ version }) => {
  test.each(malformed)('%s closes the connection', async (_, bytes, reasonCode) => {
    const stage = new Stage()
    const other = await stage.connect({ clientId: 'other' })
    const client = await stage.connect({ protocolVersion: version })

    client.send(bytes)

    const isTold = version === 5 && reasonCode !== undefined
    expect(await client.closing()).toEqual(isTold ? [`DISCONNECT ${reasonCode}`] : [])
    expect(await other.upToNow()).toEqual([])
    expect(stage.log.lines('error')).toEqual([])
  })
})
