import { PacketType, type Publish } from '@curlew/codec'
import { IncomingTopicAliases } from '@curlew/protocol'
import { expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../support/packets.ts'
import { Stage } from '../support/stage.ts'

const aliased = (topic: string, payload: string, topicAlias: number): Publish =>
  publishPacket(topic, payload, { properties: { topicAlias } })

async function setUp(topicAliasMaximum = 3) {
  const stage = new Stage({ limits: { topicAliasMaximum } })
  const client = await stage.dial()
  const connack = await client.receiveA(PacketType.Connack)
  client.send(subscribePacket(1, ['#']))
  await client.next()
  return { stage, client, connack }
}

test('[MQTT-3.3.2-12] every alias up to the maximum is accepted, set, used and set anew', async () => {
  const { client, connack } = await setUp()

  client.send(
    aliased('a', '1', 1),
    aliased('b', '2', 3),
    aliased('', '3', 1),
    aliased('c', '4', 1),
    aliased('', '5', 1),
  )

  expect(connack.properties.topicAliasMaximum).toBe(3)
  expect(await client.upToNow()).toEqual([
    "PUBLISH a '1'",
    "PUBLISH b '2'",
    "PUBLISH a '3'",
    "PUBLISH c '4'",
    "PUBLISH c '5'",
  ])
})

const faults: [what: string, bytes: string, reasonCode: string][] = [
  ['[MQTT-3.3.2-9] an alias above the maximum', "30 08 0001 'a' 03 23 0004 'x'", '94'],
  ['[MQTT-3.3.2-8] alias 0', "30 08 0001 'a' 03 23 0000 'x'", '94'],
  ['an alias that has not been set', "30 07 0000 03 23 0002 'x'", '82'],
  ['[MQTT-4.7.3-1] an empty topic without an alias', "30 04 0000 00 'x'", '81'],
  ['[MQTT-3.3.4-6] a Subscription Identifier from a Client', "30 07 0001 'a' 02 0b 01 'x'", '82'],
]
test.each(faults)('%s ends the connection', async (_, bytes, reasonCode) => {
  const { client } = await setUp()

  client.send(bytes)

  expect(await client.closing()).toEqual([`DISCONNECT ${reasonCode}`])
})

test('[MQTT-3.3.2-9] with a maximum of 0 no alias is taken', async () => {
  const { client } = await setUp(0)

  client.send(aliased('a', 'x', 1))

  expect(await client.closing()).toEqual(['DISCONNECT 94'])
})

test('[MQTT-3.3.2-7] aliases end with their connection', async () => {
  const { stage, client } = await setUp()
  client.send(aliased('a', 'x', 1))
  await client.next()

  const again = await stage.connect({ cleanStart: false })
  again.send(aliased('', 'x', 1))

  expect(await again.closing()).toEqual(['DISCONNECT 82'])
})

test('the levels of a topic are counted where its alias is used as well', async () => {
  const { client } = await setUp()

  client.send(aliased('/'.repeat(128), 'x', 1))

  expect(await client.closing()).toEqual(['DISCONNECT 90'])
})

test('[MQTT-3.1.2-27] a Client that announces no Topic Alias Maximum gets none', async () => {
  const { client } = await setUp()

  client.send(aliased('a', '1', 1), aliased('a', '2', 1))

  expect(await client.upToNow()).toEqual(["PUBLISH a '1'", "PUBLISH a '2'"])
})

const outgoing: [what: string, announced: number, ours: number, highest: number][] = [
  ['[MQTT-3.1.2-26] [MQTT-3.3.2-11] the Client’s Topic Alias Maximum', 2, 5, 2],
  ['outgoingTopicAliasMaximum', 5, 2, 2],
  ['[MQTT-3.1.2-27] a Topic Alias Maximum of 0', 0, 5, 0],
]
test.each(outgoing)(
  '%s is how far the aliases of the broker go, and each stands for its topic',
  async (_, announced, ours, highest) => {
    const stage = new Stage({ limits: { outgoingTopicAliasMaximum: ours } })
    const client = await stage.connect({ properties: { topicAliasMaximum: announced } })
    client.send(subscribePacket(1, ['#']))
    await client.next()
    const topics = [...'abcabcabcaaabbbcccabcd']

    for (const topic of topics) client.send(publishPacket(topic, 'x'))
    await stage.settle()

    const aliases = new IncomingTopicAliases(highest)
    const packets = client.takePackets() as Publish[]
    const named = packets.map(({ topic, properties: { topicAlias } }) =>
      topicAlias === undefined ? topic : aliases.resolve(topic, topicAlias),
    )
    expect(named).toEqual(topics)
    expect(packets.some(({ topic }) => topic === '')).toBe(highest > 0)
  },
)
