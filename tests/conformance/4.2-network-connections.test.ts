import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-4.2-1] [MQTT3-7.1.1-1] TCP carries the bytes in order and without loss, wherever it cuts them', async () => {
    const client = await server.connect({ protocolVersion: version })
    const payloads = Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(1 + ((index * 977) % 3000), '.'))
    const bytes = client.encode([
      subscribePacket(1, [{ filter: 'order', qos: 0 }]),
      ...payloads.map(payload => publishPacket('order', payload)),
    ])

    for (let start = 0; start < bytes.length; start += 1009) client.wire.write(bytes.subarray(start, start + 1009))

    const packets = []
    for (let count = 0; count <= payloads.length; count++) packets.push(await client.receive())
    const came = packets.map(packet => ('payload' in packet ? Buffer.from(packet.payload).toString() : 'SUBACK'))
    expect(came).toEqual(['SUBACK', ...payloads])
  })

  test('[MQTT-4.2-1] [MQTT3-7.1.1-1] a packet may come byte by byte', async () => {
    const client = server.open(version)
    const connect = version === 5 ? "10 0e 0004 'MQTT' 05 02 0000 00 0001 'c'" : "10 0d 0004 'MQTT' 04 02 0000 0001 'c'"

    for (const byte of client.encode([connect, 'c0 00'])) client.send(byte.toString(16).padStart(2, '0'))

    expect(await client.take(2)).toEqual(['CONNACK 00', 'PINGRESP'])
  })

  test('[MQTT3-7.0.0-2] a Client needs nothing but the specification: plain bytes get plain answers', async () => {
    const client = server.open(version)

    client.send(version === 5 ? "10 0e 0004 'MQTT' 05 02 0000 00 0001 'c'" : "10 0d 0004 'MQTT' 04 02 0000 0001 'c'")
    client.send(version === 5 ? "82 07 0001 00 0001 'a' 00" : "82 06 0001 0001 'a' 00")
    client.send(version === 5 ? "30 05 0001 'a' 00 'x'" : "30 04 0001 'a' 'x'")

    expect(await client.take(3)).toEqual(['CONNACK 00', 'SUBACK 1 00', "PUBLISH a 'x'"])
  })
})
