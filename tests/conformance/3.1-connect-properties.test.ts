import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import {
  disconnectPacket,
  pingreq,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
  willOf,
} from '../../packages/broker/test/support/packets.ts'
import { Stage } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { digits, packet, recordBytes } from './support/bytes.ts'
import { type Client, serverFor } from './support/rules.ts'

const server = serverFor()

describe.each(versions)('Keep Alive in %s', ({ version }) => {
  test('[MQTT-3.1.2-20] [MQTT3-3.1.2-23] PINGREQ within the Keep Alive keeps the connection', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version, keepAlive: 10 })

    for (let count = 0; count < 10; count++) {
      await stage.advance(10_000)
      client.send(pingreq)
    }
    await stage.settle()

    expect(client.state).toBe('open')
    expect(client.takeAll()).toEqual(Array.from({ length: 10 }, () => 'PINGRESP'))
  })

  const keepAlives: [keepAlive: number, silenceMs: number][] = [
    [1, 1_500],
    [10, 15_000],
    [600, 900_000],
  ]
  test.each(keepAlives)(
    '[MQTT-3.1.2-22] [MQTT3-3.1.2-24] with Keep Alive %i the connection is closed after %i ms of silence',
    async (keepAlive, silenceMs) => {
      const stage = new Stage()
      const client = await stage.connect({ protocolVersion: version, keepAlive })

      await stage.advance(silenceMs - 1)
      expect(client.state).toBe('open')
      await stage.advance(201)

      expect(client.state).not.toBe('open')
    },
  )

  test('[MQTT-3.1.2-22] [MQTT3-3.1.2-24] silence counts as a network failure: the Will is published', async () => {
    const stage = new Stage()
    const watcher = await stage.connect({ clientId: 'watcher', keepAlive: 600 })
    watcher.send(subscribePacket(1, ['will']))
    await stage.connect({ protocolVersion: version, keepAlive: 10, will: willOf('will', 'gone') })

    await stage.advance(15_200)

    expect(await watcher.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH will 'gone'"])
  })

  test('[MQTT-3.1.2-22] [MQTT3-3.1.2-24] what the Server sends does not end the silence of the Client', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version, keepAlive: 10 })
    client.send(subscribePacket(1, ['a']))
    const publisher = await stage.connect({ clientId: 'publisher', keepAlive: 600 })

    await stage.advance(14_000)
    publisher.send(publishPacket('a', 'x'))
    await stage.advance(1_200)

    expect(client.state).not.toBe('open')
  })
})

test('[MQTT3-3.1.2-24] in 3.1.1 Keep Alive 0 lets a Client be silent as long as it likes', async () => {
  const stage = new Stage()
  const client = await stage.connect({ protocolVersion: 4, keepAlive: 0 })

  await stage.advance(86_400_000)

  expect(client.state).toBe('open')
})

test('[MQTT-3.1.2-21] [MQTT-3.2.2-21] a Client that does not use the Server Keep Alive is closed by it', async () => {
  const stage = new Stage({ limits: { keepAliveMax: 60 } })
  const client = await stage.dial({ keepAlive: 600 })
  expect((await client.receiveA(PacketType.Connack)).properties.serverKeepAlive).toBe(60)

  await stage.advance(89_999)
  expect(client.state).toBe('open')
  await stage.advance(201)

  expect(await client.closing()).toEqual(['DISCONNECT 8d'])
})

/** A Client that takes packets of 20 bytes at most and gets what is published on `a`, and the bytes it gets. */
async function narrow(receiveMaximum = 10): Promise<{ client: Client; takeBytes: () => string; publisher: Client }> {
  const client = server.dial({ properties: { maximumPacketSize: 20, receiveMaximum }, keepAlive: 60 })
  const takeBytes = recordBytes(client)
  client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]))
  await client.take(2)
  takeBytes()
  return { client, takeBytes, publisher: await server.connect({ clientId: 'publisher' }) }
}

test('[MQTT-3.1.2-24] [MQTT-3.1.2-25] a packet of Maximum Packet Size is sent, a larger one is not', async () => {
  const { client, takeBytes, publisher } = await narrow()

  publisher.send(publishPacket('a', 'x'.repeat(15)), publishPacket('a', 'x'.repeat(14)), publishPacket('a', 'end'))
  await client.take(2)

  expect(takeBytes()).toBe(digits("30 12 0001 'a' 00 'x'*14  30 07 0001 'a' 00 'end'"))
})

test('[MQTT-3.1.2-25] a message that is too large counts as sent: it takes no place under way', async () => {
  const { client, publisher } = await narrow(1)

  for (const packetId of [1, 2, 3]) publisher.send(publishPacket('a', 'x'.repeat(15), { qos: 1, packetId }))
  publisher.send(publishPacket('a', 'end', { qos: 1, packetId: 4 }))

  expect(await client.next()).toMatch(/^PUBLISH a 'end' qos 1 id \d+$/)
  expect(await publisher.take(4)).toEqual(['PUBACK 1', 'PUBACK 2', 'PUBACK 3', 'PUBACK 4'])
})

test('[MQTT-3.1.2-25] a message that is too large does not come again in the next connection', async () => {
  const fields = { clientId: 'again', cleanStart: false, properties: { sessionExpiryInterval: 600 } }
  const narrowFields = { ...fields, properties: { ...fields.properties, maximumPacketSize: 40 } }
  const client = await server.connect(narrowFields)
  client.send(subscribePacket(1, [{ filter: 'a', qos: 1 }]))
  await client.next()
  client.send(publishPacket('a', 'x'.repeat(40), { qos: 1, packetId: 1 }))
  expect(await client.upToNow()).toEqual(['PUBACK 1'])
  client.send(disconnectPacket())
  await client.closing()

  const back = await server.connect(fields)

  expect(await back.upToNow()).toEqual([])
})

test('[MQTT-3.1.2-24] no SUBACK is sent that is too large for the Client', async () => {
  const { client } = await narrow()

  client.send(
    subscribePacket(
      2,
      Array.from({ length: 20 }, (_, index) => `f${index}`),
    ),
  )

  expect(await client.closing()).toEqual(['DISCONNECT 95'])
})

/** The Topic Aliases in what a Client with this Topic Alias Maximum gets when five topics are published, some several times. */
async function aliasesFor(topicAliasMaximum: number | undefined): Promise<(number | undefined)[]> {
  const client = await server.connect({ properties: topicAliasMaximum === undefined ? {} : { topicAliasMaximum } })
  client.send(subscribePacket(1, ['alias/+']))
  await client.next()
  const topics = [1, 1, 1, 2, 2, 3, 3, 4, 5, 1].map(index => `alias/${index}`)
  client.send(...topics.map(topic => publishPacket(topic, 'x')))
  const aliases: (number | undefined)[] = []
  for (const _ of topics) aliases.push((await client.receiveA(PacketType.Publish)).properties.topicAlias)
  return aliases
}

test.each([1, 2, 3])('[MQTT-3.1.2-26] no Topic Alias is above a Topic Alias Maximum of %i', async maximum => {
  const aliases = (await aliasesFor(maximum)).filter(alias => alias !== undefined)

  expect(aliases).not.toEqual([])
  expect(aliases.filter(alias => alias < 1 || alias > maximum)).toEqual([])
})

test.each([undefined, 0])('[MQTT-3.1.2-27] with Topic Alias Maximum %s there are no Topic Aliases', async maximum => {
  expect(await aliasesFor(maximum)).toEqual(Array.from({ length: 10 }, () => undefined))
})

describe('Response Information', () => {
  const responding = serverFor({ capabilities: { responseInformation: 'replies/' } })

  const requests: [requested: boolean | undefined, answer: string | undefined][] = [
    [undefined, undefined],
    [false, undefined],
    [true, 'replies/'],
  ]
  test.each(requests)('[MQTT-3.1.2-28] with Request Response Information %s it is %s', async (requested, answer) => {
    const properties = requested === undefined ? {} : { requestResponseInformation: requested }
    const client = responding.dial({ properties })

    const connack = await client.receiveA(PacketType.Connack)

    expect(connack.properties.responseInformation).toBe(answer)
  })
})

test('[MQTT-3.1.2-29] with Request Problem Information 0 acknowledgements of failure have no properties', async () => {
  const client = await server.connect({ properties: { requestProblemInformation: false } })
  const takeBytes = recordBytes(client)
  const tooDeep = '/'.repeat(200)

  client.send(
    publishPacket('$SYS/x', 'x', { qos: 1, packetId: 1 }),
    publishPacket('$SYS/x', 'x', { qos: 2, packetId: 2 }),
  )
  client.send('62 02 0003', subscribePacket(4, [tooDeep]), unsubscribePacket(5, ['none']))

  await client.take(5)
  const acknowledgements = '40 03 0001 87  50 03 0002 87  70 02 0003  90 04 0004 00 8f  b0 04 0005 00 11'
  expect(takeBytes()).toBe(digits(acknowledgements))
})

test('[MQTT-3.1.2-29] with Request Problem Information 0 a PUBLISH keeps its User Properties', async () => {
  const client = await server.connect({ properties: { requestProblemInformation: false } })
  client.send(subscribePacket(1, ['a']))
  await client.next()
  const takeBytes = recordBytes(client)
  const bytes = packet('30', "0001 'a' 07 26 0001 'n' 0001 'v' 'x'")

  client.send(bytes)

  await client.next()
  expect(takeBytes()).toBe(bytes)
})
