import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { connectPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor({ limits: { subscriptionsMax: 4 } })

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-3.9.3-1] [MQTT3-3.9.3-1] the codes stand in the order of the Topic Filters', async () => {
    const client = await server.connect({ protocolVersion: version })
    const requests = [2, 0, 1, 2].map((qos, index) => ({ filter: `order/${index}`, qos: qos as 0 | 1 | 2 }))

    client.send(subscribePacket(1, requests))

    expect(await client.next()).toBe('SUBACK 1 02 00 01 02')
  })

  test('[MQTT-3.9.3-2] [MQTT3-3.9.3-2] only listed codes are used, also for what is refused', async () => {
    const client = await server.connect({ protocolVersion: version })
    const tooDeep = 'a/'.repeat(128)

    client.send(subscribePacket(1, [tooDeep, 'a', 'b', 'c', 'd', 'e']))

    expect(await client.next()).toBe(version === 5 ? 'SUBACK 1 8f 00 00 00 00 97' : 'SUBACK 1 80 00 00 00 00 80')
  })
})

test('[MQTT-3.9.2-1] [MQTT-3.9.2-2] SUBACK fits a Client that takes no larger packet: it has no Reason String or User Property', async () => {
  const client = server.open()
  client.send(connectPacket({ properties: { maximumPacketSize: 40 } }), subscribePacket(1, ['a', 'a/'.repeat(128)]))
  await client.next()

  const suback = await client.receiveA(PacketType.Suback)

  expect(suback).toMatchObject({ packetId: 1, reasonCodes: [0x00, 0x8f] })
  expect(Object.values(suback.properties).filter(value => value !== undefined)).toEqual([])
})
