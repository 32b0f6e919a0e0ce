import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket, unsubscribePacket } from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { farewell } from './support/closing.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor({ limits: { topicLevelsMax: 100_000, filterLengthMax: 100_000 } })

/** Topic Names and Topic Filters, and whether they match. The examples of sections 4.7.1 and 4.7.2 are all here. */
const matches: [name: string, filter: string, topic: string, isMatch: boolean][] = [
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2]', 'sport/tennis/player1/#', 'sport/tennis/player1', true],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2]', 'sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2]', 'sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2]', 'sport/tennis/player1/#', 'sport/tennis/player10', false],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2]', 'sport/#', 'sport', true],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2]', '#', 'a/b/c', true],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', 'sport/tennis/+', 'sport/tennis/player1', true],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', 'sport/tennis/+', 'sport/tennis/player1/ranking', false],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', 'sport/+', 'sport', false],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', 'sport/+', 'sport/', true],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', '+', 'sport', true],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', '+/tennis/#', 'sport/tennis/a/b', true],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', 'sport/+/player1', 'sport/tennis/player1', true],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', '+/+', '/finance', true],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', '/+', '/finance', true],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3]', '+', '/finance', false],
  ['[MQTT-4.7.2-1] [MQTT3-4.7.2-1]', '#', '$own/a', false],
  ['[MQTT-4.7.2-1] [MQTT3-4.7.2-1]', '+/a', '$own/a', false],
  ['[MQTT-4.7.2-1] [MQTT3-4.7.2-1]', '+/#', '$own', false],
  ['[MQTT-4.7.2-1] [MQTT3-4.7.2-1]', '$own/#', '$own/a', true],
  ['[MQTT-4.7.2-1] [MQTT3-4.7.2-1]', '$own/+', '$own/a', true],
  ['[MQTT-4.7.2-1] [MQTT3-4.7.2-1]', 'a/#', 'a/$own', true],
  ['[MQTT-4.7.2-1] [MQTT3-4.7.2-1]', '+/+', 'a/$own', true],
  ['[MQTT-4.7.3-1] [MQTT3-4.7.3-1]', '/', '/', true],
  ['[MQTT-4.7.3-1] [MQTT3-4.7.3-1]', 'a b', 'a b', true],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', 'ACCOUNTS', 'Accounts', false],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', '/a', 'a', false],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', 'a/', 'a', false],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', 'a//b', 'a/b', false],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', 'a//b', 'a//b', true],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', '\u00e4', 'a\u0308', false],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', 'a\u0308', 'a\u0308', true],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', '\ufeffa', 'a', false],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', 'a/../b', 'b', false],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', 'a%2fb', 'a/b', false],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4]', '\u{1f986}', '\u{1f986}', true],
]

/** Topic Filters that are none, as bytes with their length. */
const wrongFilters: [name: string, filter: string][] = [
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2] # behind other characters', "0002 'a#'"],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2] # behind other characters of a level', "000e 'sports/tennis#'"],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2] # before other characters', "0002 '#a'"],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2] # before the last level', "0005 'a/#/b'"],
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2] # before a separator', "0002 '#/'"],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3] + behind other characters', "0002 'a+'"],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3] + before other characters', "0004 'b/+a'"],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3] + twice in a level', "0002 '++'"],
  ['[MQTT-4.7.3-1] [MQTT3-4.7.3-1] no character', '0000'],
  ['[MQTT-4.7.3-2] [MQTT3-4.7.3-2] U+0000', "0003 'a' 00 'b'"],
]

/** Topic Names that are none, as bytes with their length; the Reason Code of 5.0 is not the same for all. */
const wrongNames: [name: string, topic: string, code: string][] = [
  ['[MQTT-4.7.0-1] [MQTT3-4.7.1-1] a multi-level wildcard', "0003 'a/#'", '81'],
  ['[MQTT-4.7.0-1] [MQTT3-4.7.1-1] a single-level wildcard', "0003 '+/a'", '81'],
  ['[MQTT-4.7.0-1] [MQTT3-4.7.1-1] a wildcard within a level', "0003 'a+b'", '81'],
  ['[MQTT-4.7.3-1] [MQTT3-4.7.3-1] no character', '0000', '81'],
  ['[MQTT-4.7.3-2] [MQTT3-4.7.3-2] U+0000', "0003 'a' 00 'b'", '81'],
]

describe.each(versions)('in %s', ({ version }) => {
  test.each(matches)('%s %s against %s: %s', async (_, filter, topic, isMatch) => {
    const client = await server.connect({ protocolVersion: version })
    client.send(subscribePacket(1, [filter]))
    await client.next()

    client.send(publishPacket(topic, 'x'))

    expect(await client.upToNow()).toEqual(isMatch ? [`PUBLISH ${topic} 'x'`] : [])
  })

  test.each(wrongFilters)('%s is no Topic Filter', async (_, filter) => {
    const client = await server.connect({ protocolVersion: version })
    const properties = version === 5 ? '00' : ''
    const size = client.encode([`0001 ${properties} ${filter} 00`]).length

    client.send(`82 ${size.toString(16).padStart(2, '0')} 0001 ${properties} ${filter} 00`)

    expect(await client.closing()).toEqual(farewell(version, '81'))
  })

  test.each(wrongNames)('%s is no Topic Name', async (_, topic, code) => {
    const client = await server.connect({ protocolVersion: version })
    const properties = version === 5 ? '00' : ''
    const size = client.encode([`${topic} ${properties}`]).length

    client.send(`30 ${size.toString(16).padStart(2, '0')} ${topic} ${properties}`)

    expect(await client.closing()).toEqual(farewell(version, code))
  })

  test('[MQTT-4.7.3-3] [MQTT3-4.7.3-3] Topic Names and Topic Filters of 65 535 bytes work', async () => {
    const client = await server.connect({ protocolVersion: version })
    const topic = 'x'.repeat(65_535)
    client.send(subscribePacket(1, [topic]), publishPacket(topic, 'x'), unsubscribePacket(2, [topic]))

    const packets = [await client.receive(), await client.receive(), await client.receive()]

    expect(packets).toMatchObject([{ reasonCodes: [0] }, { topic }, { packetId: 2 }])
  })
})
