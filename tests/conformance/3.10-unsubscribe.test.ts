import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import {
  connectPacket,
  puback,
  pubcomp,
  publishPacket,
  pubrec,
  subscribePacket,
  unsubscribePacket,
} from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { farewell } from './support/closing.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

const wrong5: [name: string, bytes: string, code: string][] = [
  ['[MQTT-3.10.1-1] UNSUBSCRIBE with flags 0000 is malformed', "a0 06 0001 00 0001 'a'", '81'],
  ['[MQTT-3.10.1-1] UNSUBSCRIBE with flags 0011 is malformed', "a3 06 0001 00 0001 'a'", '81'],
  ['[MQTT-3.10.1-1] UNSUBSCRIBE with flags 1010 is malformed', "aa 06 0001 00 0001 'a'", '81'],
  ['[MQTT-3.10.3-1] a Topic Filter that is not UTF-8 is malformed', 'a2 06 0001 00 0001 c0', '81'],
  ['[MQTT-3.10.3-2] UNSUBSCRIBE without a Topic Filter is malformed', 'a2 03 0001 00', '81'],
]
test.each(wrong5)('%s', async (_, bytes, code) => {
  const client = await server.connect()

  client.send(bytes)

  expect(await client.closing()).toEqual([`DISCONNECT ${code}`])
})

const wrong311: [name: string, bytes: string][] = [
  ['[MQTT3-3.10.1-1] UNSUBSCRIBE with flags 0000 closes', "a0 05 0001 0001 'a'"],
  ['[MQTT3-3.10.1-1] UNSUBSCRIBE with flags 1010 closes', "aa 05 0001 0001 'a'"],
  ['[MQTT3-3.10.3-1] a Topic Filter that is not UTF-8 closes', 'a2 05 0001 0001 c0'],
  ['[MQTT3-3.10.3-2] UNSUBSCRIBE without a Topic Filter closes', 'a2 02 0001'],
]
test.each(wrong311)('%s', async (_, bytes) => {
  const client = await server.connect({ protocolVersion: 4 })

  client.send(bytes)

  expect(await client.closing()).toEqual([])
})

describe.each(versions)('in %s', ({ version }) => {
  const unsuback = (packetId: number, codes: string) =>
    version === 5 ? `UNSUBACK ${packetId} ${codes}` : `UNSUBACK ${packetId}`

  test('[MQTT-3.10.4-1] [MQTT3-3.10.4-1] only the Subscription whose Topic Filter is the same to the character ends', async () => {
    const client = await server.connect({ protocolVersion: version })
    client.send(subscribePacket(1, ['exact/+']))
    await client.next()

    client.send(unsubscribePacket(2, ['exact/a', 'exact/#', 'Exact/+', 'exact/+/', 'exact']))
    client.send(publishPacket('exact/a', 'x'))
    expect(await client.upToNow()).toEqual([unsuback(2, '11 11 11 11 11'), "PUBLISH exact/a 'x'"])

    client.send(unsubscribePacket(3, ['exact/+']), publishPacket('exact/a', 'x'))
    expect(await client.upToNow()).toEqual([unsuback(3, '00')])
  })

  test('[MQTT-3.10.4-2] [MQTT3-3.10.4-2] nothing new comes after UNSUBSCRIBE', async () => {
    const client = await server.connect({ protocolVersion: version })
    const publisher = await server.connect({ clientId: 'publisher' })
    client.send(subscribePacket(1, [{ filter: 'stop', qos: 1 }]), unsubscribePacket(2, ['stop']))
    await client.take(2)

    publisher.send(publishPacket('stop', '0'), publishPacket('stop', '1', { qos: 1, packetId: 1 }))

    expect(await publisher.upToNow()).toEqual(['PUBACK 1 10'])
    expect(await client.upToNow()).toEqual([])
  })

  test('[MQTT-3.10.4-3] [MQTT3-3.10.4-3] QoS 1 and QoS 2 deliveries that have begun are completed', async () => {
    const client = await server.connect({ protocolVersion: version })
    const publisher = await server.connect({ clientId: 'publisher' })
    client.send(subscribePacket(1, [{ filter: 'begun', qos: 2 }]))
    await client.next()
    publisher.send(publishPacket('begun', '1', { qos: 1, packetId: 1 }))
    publisher.send(publishPacket('begun', '2', { qos: 2, packetId: 2 }))
    expect(await client.take(2)).toEqual(["PUBLISH begun '1' qos 1 id 1", "PUBLISH begun '2' qos 2 id 2"])

    client.send(unsubscribePacket(2, ['begun']), puback(1), pubrec(2), pubcomp(2))

    expect(await client.upToNow()).toEqual([unsuback(2, '00'), 'PUBREL 2'])
  })

  test('[MQTT-3.10.4-3] [MQTT3-3.10.4-3] a delivery that has begun goes on after the Client comes back', async () => {
    const fields = {
      protocolVersion: version,
      clientId: `back-${version}`,
      cleanStart: false,
      properties: version === 5 ? { sessionExpiryInterval: 60 } : {},
    }
    const before = await server.connect(fields)
    before.send(subscribePacket(1, [{ filter: 'later', qos: 2 }]), publishPacket('later', 'x', { qos: 1, packetId: 1 }))
    await before.take(3)
    before.send(unsubscribePacket(2, ['later']))
    await before.next()
    before.drop()

    const after = await server.connect(fields)

    expect(await after.next()).toBe("PUBLISH later 'x' qos 1 id 1 dup")
  })

  test('[MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT3-3.10.4-4] [MQTT3-3.10.4-5] UNSUBACK has the same Packet Identifier and comes even if nothing was deleted', async () => {
    const client = await server.connect({ protocolVersion: version })

    for (const packetId of [1, 0x1234, 0xffff]) {
      client.send(unsubscribePacket(packetId, ['never']))
      expect(await client.next()).toBe(unsuback(packetId, '11'))
    }
  })

  test('[MQTT-3.10.4-6] [MQTT3-3.10.4-6] several Topic Filters are taken as several UNSUBSCRIBEs and get one UNSUBACK', async () => {
    const client = await server.connect({ protocolVersion: version })
    client.send(subscribePacket(1, ['un/a', 'un/b', 'un/c']))
    await client.next()

    client.send(unsubscribePacket(2, ['un/a', 'un/b', 'un/a']))
    client.send(...['a', 'b', 'c'].map(name => publishPacket(`un/${name}`, name)))

    expect(await client.upToNow()).toEqual([unsuback(2, '00 00 11'), "PUBLISH un/c 'c'"])
  })

  test('a Packet Identifier of 0 ends the connection', async () => {
    const client = await server.connect({ protocolVersion: version })

    client.send(version === 5 ? "a2 06 0000 00 0001 'a'" : "a2 05 0000 0001 'a'")

    expect(await client.closing()).toEqual(farewell(version, '81'))
  })
})

test('[MQTT-3.11.3-1] [MQTT-3.11.3-2] UNSUBACK has a listed code for every Topic Filter in their order', async () => {
  const client = await server.connect()
  client.send(subscribePacket(1, ['a', 'c', '$share/g/d']))
  await client.next()

  client.send(unsubscribePacket(2, ['a', 'b', 'c', 'd', '$share/g/d', '$share/h/d']))

  expect(await client.next()).toBe('UNSUBACK 2 00 11 00 11 00 11')
})

test('[MQTT-3.11.2-1] [MQTT-3.11.2-2] UNSUBACK fits a Client that takes no larger packet: it has no Reason String or User Property', async () => {
  const client = server.open()
  client.send(connectPacket({ properties: { maximumPacketSize: 40 } }), unsubscribePacket(1, ['never']))
  await client.next()

  const unsuback = await client.receiveA(PacketType.Unsuback)

  expect(unsuback).toMatchObject({ packetId: 1, reasonCodes: [0x11] })
  expect(Object.values(unsuback.properties).filter(value => value !== undefined)).toEqual([])
})
