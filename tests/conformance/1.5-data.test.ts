import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { allVersions, v5, versions } from '../../packages/broker/test/support/versions.ts'
import { digits, packet, recordBytes } from './support/bytes.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

const illFormed: [what: string, bytes: string][] = [
  ['the first half of a surrogate pair', 'ed a0 80'],
  ['the second half of a surrogate pair', 'ed bf bf'],
  ['a surrogate pair in three bytes each', 'ed a0 81 ed b0 80'],
  ['a slash in two bytes', 'c0 af'],
  ['U+0000 in two bytes', 'c0 80'],
  ['a character that ends early', 'e2 82'],
  ['a byte that only continues', '80'],
  ['a byte that UTF-8 does not have', 'ff'],
  ['a character above U+10FFFF', 'f4 90 80 80'],
]

describe.each(versions)('in %s', ({ version }) => {
  const noProperties = version === 5 ? '00' : ''
  const malformed = version === 5 ? ['DISCONNECT 81'] : []
  const string = (bytes: string): string => `${(digits(bytes).length / 2).toString(16).padStart(4, '0')} ${bytes}`

  test.each(illFormed)('[MQTT-1.5.4-1] [MQTT3-1.5.3-1] %s in a Topic Name closes the connection', async (_, bytes) => {
    const client = await server.connect({ protocolVersion: version })

    client.send(packet('30', `${string(`'a' ${bytes}`)} ${noProperties} 'x'`))

    expect(await client.closing()).toEqual(malformed)
  })

  test.each(illFormed)(
    '[MQTT-1.5.4-1] [MQTT3-1.5.3-1] %s in a Topic Filter closes the connection',
    async (_, bytes) => {
      const client = await server.connect({ protocolVersion: version })

      client.send(packet('82', `0001 ${noProperties} ${string(`${bytes} 'a'`)} 00`))

      expect(await client.closing()).toEqual(malformed)
    },
  )

  test('[MQTT-1.5.4-1] [MQTT3-1.5.3-1] all other characters are taken and passed on as they are', async () => {
    const client = await server.connect({ protocolVersion: version })
    const takeBytes = recordBytes(client)
    const topic = string('20 7e c2a0 dfbf e0a080 ed9fbf ee8080 efbfbd f0908080 f48fbfbd')

    client.send(packet('82', `0001 ${noProperties} ${topic} 00`))
    await client.next()
    takeBytes()
    client.send(packet('30', `${topic} ${noProperties} 'x'`))

    await client.next()
    expect(takeBytes()).toBe(digits(packet('30', `${topic} ${noProperties} 'x'`)))
  })

  const withNull: [what: string, bytes: string][] = [
    ['a Topic Name', packet('30', `0003 'a' 00 'b' ${noProperties} 'x'`)],
    ['a Topic Filter to subscribe to', packet('82', `0001 ${noProperties} 0002 'a' 00 00`)],
    ['a Topic Filter to unsubscribe from', packet('a2', `0001 ${noProperties} 0001 00`)],
  ]
  test.each(withNull)('[MQTT-1.5.4-2] [MQTT3-1.5.3-2] U+0000 in %s closes the connection', async (_, bytes) => {
    const client = await server.connect({ protocolVersion: version })

    client.send(bytes)

    expect(await client.closing()).toEqual(malformed)
  })

  test('[MQTT-1.5.4-2] [MQTT3-1.5.3-2] U+0000 in a Client Identifier closes the connection', async () => {
    const client = server.open(version)

    client.send(packet('10', `0004 'MQTT' 0${version} 02 0000 ${noProperties} 0002 'c' 00`))

    expect(await client.closing()).toEqual(version === 5 ? ['CONNACK 85'] : [])
  })

  test('[MQTT-1.5.4-3] [MQTT3-1.5.3-3] EF BB BF is a character wherever it stands', async () => {
    const client = await server.connect({ protocolVersion: version })
    const takeBytes = recordBytes(client)
    client.send(packet('82', `0001 ${noProperties} 0007 efbbbf 'a' efbbbf 00`))
    await client.next()
    takeBytes()

    client.send(publishPacket('a', 'without'), publishPacket('\ufeffa', 'one'))
    client.send(packet('30', `0007 efbbbf 'a' efbbbf ${noProperties} 'both'`))

    await client.next()
    expect(takeBytes()).toBe(digits(packet('30', `0007 efbbbf 'a' efbbbf ${noProperties} 'both'`)))
  })
})

test('[MQTT-1.5.4-1] in 5.0 an ill-formed string in a property closes the connection', async () => {
  const client = await server.connect()

  client.send(packet('30', "0001 'a' 06 03 0003 eda080 'x'"))

  expect(await client.closing()).toEqual(['DISCONNECT 81'])
})

const padded: [what: string, bytes: string][] = [
  ['Remaining Length', 'c0 80 00'],
  ['Property Length', "30 06 0001 'a' 80 00 'x'"],
  ['a Subscription Identifier', "82 0b 0001 04 0b 81 80 00 0001 'a' 00"],
]
test.each(padded)('[MQTT-1.5.5-1] in 5.0 %s in more bytes than it needs closes the connection', async (_, bytes) => {
  const client = await server.connect()

  client.send(bytes)

  expect(await client.closing()).toEqual(['DISCONNECT 81'])
})

const lengths: [payloadSize: number, head: string][] = [
  [123, '30 7f'],
  [124, '30 80 01'],
  [16_379, '30 ff 7f'],
  [16_380, '30 80 80 01'],
]
test.each(lengths)(
  '[MQTT-1.5.5-1] the Server writes lengths in the fewest bytes: payload of %i',
  async (size, head) => {
    const client = await server.connect()
    client.send(subscribePacket(1, ['a']))
    await client.next()
    const takeBytes = recordBytes(client)

    client.send(publishPacket('a', 'x'.repeat(size)))

    await client.next()
    expect(takeBytes()).toBe(digits(`${head} 0001 'a' 00 'x'*${size}`))
  },
)

const pairs: [what: string, property: string][] = [
  ['an ill-formed name', "26 0001 ff 0001 'v'"],
  ['an ill-formed value', "26 0001 'n' 0001 ff"],
  ['U+0000 in the name', "26 0001 00 0001 'v'"],
  ['U+0000 in the value', "26 0001 'n' 0001 00"],
]
test.each(pairs)('[MQTT-1.5.7-1] a User Property with %s closes the connection', async (_, property) => {
  const client = await server.connect()

  client.send(packet('30', `0001 'a' 07 ${property} 'x'`))

  expect(await client.closing()).toEqual(['DISCONNECT 81'])
})

test('[MQTT-1.5.7-1] a User Property is passed on as it is', async () => {
  const client = await server.connect()
  client.send(subscribePacket(1, ['a']))
  await client.next()
  const takeBytes = recordBytes(client)
  const bytes = packet('30', "0001 'a' 0c 26 0003 efbbbf 0004 f09f9880 'x'")

  client.send(bytes)

  await client.next()
  expect(takeBytes()).toBe(bytes)
})

test.each(allVersions)('strings may be empty where a rule does not say otherwise in %s', async ({ version }) => {
  const client = server.dial({ protocolVersion: version, userName: '', password: new Uint8Array(0) })

  expect(await client.next()).toBe('CONNACK 00')
})

test.each([v5])('an empty User Property is taken in %s', async () => {
  const client = await server.connect()

  client.send(packet('30', "0001 'a' 05 26 0000 0000 'x'"))

  expect(await client.upToNow()).toEqual([])
})
