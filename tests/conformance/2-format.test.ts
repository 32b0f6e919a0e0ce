import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import {
  pingreq,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
} from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { digits, packet, recordBytes } from './support/bytes.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

/** First bytes with other flags than table 2-2 has, and a body that is right in both versions but for the properties. */
const wrongFlags: [what: string, firstByte: string, body: (properties: string) => string][] = [
  ['PUBACK', '41', () => '0001'],
  ['PUBREC', '52', () => '0001'],
  ['PUBREL', '60', () => '0001'],
  ['PUBREL', '63', () => '0001'],
  ['PUBCOMP', '72', () => '0001'],
  ['SUBSCRIBE', '80', properties => `0001 ${properties} 0001 'a' 00`],
  ['SUBSCRIBE', '8a', properties => `0001 ${properties} 0001 'a' 00`],
  ['UNSUBSCRIBE', 'a0', properties => `0001 ${properties} 0001 'a'`],
  ['PINGREQ', 'c1', () => ''],
  ['DISCONNECT', 'e8', () => ''],
]

describe.each(versions)('in %s', ({ version }) => {
  const noProperties = version === 5 ? '00' : ''
  const malformed = version === 5 ? ['DISCONNECT 81'] : []

  test.each(wrongFlags)(
    '[MQTT-2.1.3-1] [MQTT3-2.2.2-1] [MQTT3-2.2.2-2] %s with first byte %s closes the connection',
    async (_, firstByte, body) => {
      const client = await server.connect({ protocolVersion: version })

      client.send(packet(firstByte, body(noProperties)))

      expect(await client.closing()).toEqual(malformed)
    },
  )

  test('[MQTT-2.1.3-1] [MQTT3-2.2.2-1] [MQTT3-2.2.2-2] CONNECT with a flag closes the connection', async () => {
    const client = server.open(version)

    client.send(packet('11', `0004 'MQTT' 0${version} 02 0000 ${noProperties} 0001 'c'`))

    expect(await client.closing()).toEqual(version === 5 ? ['CONNACK 81'] : [])
  })

  test('[MQTT-2.1.3-1] [MQTT3-2.2.2-1] the Server sets the flags of table 2-2', async () => {
    const client = await server.connect({ protocolVersion: version })
    const takeBytes = recordBytes(client)

    client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]), unsubscribePacket(2, ['a']), pingreq)
    client.send(publishPacket('b', 'x', { qos: 1, packetId: 3 }), publishPacket('b', 'x', { qos: 2, packetId: 4 }))
    client.send('62 02 0004', '50 02 0005')

    expect(await client.take(7)).toHaveLength(7)
    const unsuback = version === 5 ? 'b0 04 0002 00 00' : 'b0 02 0002'
    const suback = packet('90', `0001 ${noProperties} 02`)
    const puback = version === 5 ? '40 03 0003 10' : '40 02 0003'
    const pubrec = version === 5 ? '50 03 0004 10' : '50 02 0004'
    const pubrel = '62 02 0005'
    expect(takeBytes()).toBe(digits(`${suback} ${unsuback} d0 00 ${puback} ${pubrec} 70 02 0004 ${pubrel}`))
  })

  test('[MQTT-2.2.1-2] [MQTT3-2.3.1-5] a QoS 0 PUBLISH has no Packet Identifier, neither to the Server nor from it', async () => {
    const client = await server.connect({ protocolVersion: version })
    client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]))
    await client.next()
    const takeBytes = recordBytes(client)
    const bytes = packet('30', `0001 'a' ${noProperties} 0007`)

    client.send(bytes)

    await client.next()
    expect(takeBytes()).toBe(bytes)
  })

  const withoutIdentifier: [what: string, bytes: string, code: string][] = [
    ['PUBLISH at QoS 1', packet('32', `0001 'a' 0000 ${noProperties} 'x'`), '82'],
    ['PUBLISH at QoS 2', packet('34', `0001 'a' 0000 ${noProperties} 'x'`), '82'],
    ['SUBSCRIBE', packet('82', `0000 ${noProperties} 0001 'a' 00`), '81'],
    ['UNSUBSCRIBE', packet('a2', `0000 ${noProperties} 0001 'a'`), '81'],
  ]
  test.each(withoutIdentifier)(
    '[MQTT-2.2.1-3] [MQTT3-2.3.1-1] %s with Packet Identifier 0 closes the connection',
    async (_, bytes, code) => {
      const client = await server.connect({ protocolVersion: version })

      client.send(bytes)

      expect(await client.closing()).toEqual(version === 5 ? [`DISCONNECT ${code}`] : [])
    },
  )

  test('[MQTT-2.2.1-3] [MQTT3-2.3.1-2] [MQTT3-2.3.1-3] an identifier in use means the same message, and a new one once it is free', async () => {
    const watcher = await server.connect({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['a']))
    const client = await server.connect({ protocolVersion: version })

    client.send(publishPacket('a', 'first', { qos: 2, packetId: 1 }))
    client.send(publishPacket('a', 'first', { qos: 2, packetId: 1, dup: true }))
    client.send('62 02 0001')
    client.send(publishPacket('a', 'second', { qos: 2, packetId: 1 }))

    expect(await client.upToNow()).toEqual(['PUBREC 1', 'PUBREC 1', 'PUBCOMP 1', 'PUBREC 1'])
    expect(await watcher.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'first'", "PUBLISH a 'second'"])
  })

  test('[MQTT-2.2.1-4] [MQTT3-2.3.1-4] [MQTT3-2.3.1-1] the Server gives each message an identifier that is not in use', async () => {
    const client = await server.connect({ protocolVersion: version })
    client.send(subscribePacket(9, [{ filter: 'a', qos: 2 }]))
    await client.next()
    const publisher = await server.connect({ clientId: 'publisher' })

    for (const packetId of [1, 2]) publisher.send(publishPacket('a', 'x', { qos: 1, packetId }))
    for (const packetId of [3, 4]) publisher.send(publishPacket('a', 'x', { qos: 2, packetId }))

    const packetIds: number[] = []
    while (packetIds.length < 4) packetIds.push((await client.receiveA(PacketType.Publish)).packetId)
    expect(packetIds).not.toContain(0)
    expect(new Set(packetIds).size).toBe(4)
  })

  test('[MQTT-2.2.1-4] [MQTT3-2.3.1-4] the Server sends a message again under its own identifier', async () => {
    const fields = persistent(version, `again-${version}`)
    const client = await server.connect(fields)
    client.send(subscribePacket(1, [{ filter: 'again', qos: 1 }]), publishPacket('again', 'x', { qos: 1, packetId: 9 }))
    const [, first] = [await client.next(), await client.receiveA(PacketType.Publish)]
    client.drop()

    const back = await server.connect(fields)

    const second = await back.receiveA(PacketType.Publish)
    expect([second.packetId, second.dup]).toEqual([first.packetId, true])
  })

  test("[MQTT-2.2.1-5] [MQTT3-2.3.1-6] the Server's acknowledgements have the identifier of the PUBLISH", async () => {
    const client = await server.connect({ protocolVersion: version })
    client.send(subscribePacket(1, ['a']))
    await client.next()

    client.send(packet('32', `0001 'a' fffe ${noProperties} 'x'`))
    client.send(packet('34', `0001 'a' 1234 ${noProperties} 'x'`))
    client.send('62 02 1234')

    const answers = (await client.upToNow()).filter(text => !text.startsWith('PUBLISH'))
    expect(answers).toEqual(['PUBACK 65534', 'PUBREC 4660', 'PUBCOMP 4660'])
  })

  test('[MQTT-2.2.1-5] [MQTT3-2.3.1-6] PUBREL has the identifier of the PUBLISH', async () => {
    const client = await server.connect({ protocolVersion: version })
    client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]), publishPacket('a', 'x', { qos: 2, packetId: 500 }))
    const sent = await client.take(3)
    expect(sent).toContain("PUBLISH a 'x' qos 2 id 1")

    client.send('50 02 0001')

    expect(await client.next()).toBe('PUBREL 1')
  })

  test('[MQTT-2.2.1-6] [MQTT3-2.3.1-7] SUBACK and UNSUBACK have the identifier of their request', async () => {
    const client = await server.connect({ protocolVersion: version })
    const takeBytes = recordBytes(client)

    client.send(packet('82', `abcd ${noProperties} 0001 'a' 01`), packet('a2', `ffff ${noProperties} 0001 'a'`))

    await client.take(2)
    const unsuback = version === 5 ? 'b0 04 ffff 00 00' : 'b0 02 ffff'
    expect(takeBytes()).toBe(digits(`${packet('90', `abcd ${noProperties} 01`)} ${unsuback}`))
  })
})

const withoutPropertyLength: [what: string, bytes: string][] = [
  ['PUBLISH', "30 03 0001 'a'"],
  ['SUBSCRIBE', "82 06 0001 0001 'a' 00"],
  ['UNSUBSCRIBE', "a2 05 0001 0001 'a'"],
]
test.each(withoutPropertyLength)('[MQTT-2.2.2-1] in 5.0 %s without Property Length is malformed', async (_, bytes) => {
  const client = await server.connect()

  client.send(bytes)

  expect(await client.closing()).toEqual(['DISCONNECT 81'])
})

test('[MQTT-2.2.2-1] in 5.0 CONNECT without Property Length is malformed', async () => {
  const client = server.open()

  client.send("10 0d 0004 'MQTT' 05 02 0000 0001 'c'")

  expect(await client.closing()).toEqual(['CONNACK 81'])
})

test('[MQTT-2.2.2-1] the Server writes Property Length 0 where it has no properties', async () => {
  const client = await server.connect()
  const takeBytes = recordBytes(client)

  client.send(subscribePacket(1, ['a']), publishPacket('a', 'x'), unsubscribePacket(2, ['a']))

  await client.take(3)
  expect(takeBytes()).toBe(digits("90 04 0001 00 00  30 05 0001 'a' 00 'x'  b0 04 0002 00 00"))
})
