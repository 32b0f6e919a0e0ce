import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { pubcomp, publishPacket, pubrec, pubrel } from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { farewell, publisherOf, recordBytes, subscriberOf } from './support/publishing.ts'
import { type Server, serverFor } from './support/rules.ts'

/** PUBACK, PUBREC, PUBREL and PUBCOMP: sections 3.4 to 3.7. */

const hex = (code: number) => code.toString(16).padStart(2, '0')

/** A Client that has been sent one message at this QoS, with Packet Identifier 1. */
async function receiverOf(server: Server, qos: 1 | 2) {
  const publisher = await publisherOf(server)
  const receiver = await subscriberOf(server, { properties: { receiveMaximum: 1 } }, [{ filter: 'ack', qos }])
  publisher.send(publishPacket('ack', '1', { qos, packetId: 1 }), publishPacket('ack', '2', { qos, packetId: 2 }))
  await receiver.receiveA(PacketType.Publish)
  return receiver
}

const success = [0x00, 0x10]
const failure = [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
const listed = [...success, ...failure]

describe('what the Server sends, in 5.0', () => {
  const server = serverFor({ capabilities: { validatesPayloadFormat: true } })

  const answered: [what: string, topic: string, payload: string, code: string][] = [
    ['[MQTT-3.4.2-1] [MQTT-3.5.2-1] a message that nobody gets: 0x10', 'nobody', '', '10'],
    ['[MQTT-3.4.2-1] [MQTT-3.5.2-1] a message that may not be published: 0x87', '$SYS/a', '', '87'],
    ['[MQTT-3.4.2-1] [MQTT-3.5.2-1] a payload that is no UTF-8: 0x99', 'format', 'c328', '99'],
  ]
  test.each(answered)('%s', async (_, topic, payload, code) => {
    const publisher = await publisherOf(server)
    const properties = { payloadFormatIndicator: 1 } as const

    publisher.send(
      publishPacket(topic, Buffer.from(payload, 'hex'), { qos: 1, packetId: 7, properties }),
      publishPacket(topic, Buffer.from(payload, 'hex'), { qos: 2, packetId: 8, properties }),
    )

    expect(await publisher.take(2)).toEqual([`PUBACK 7 ${code}`, `PUBREC 8 ${code}`])
  })

  test('[MQTT-3.6.2-1] [MQTT-3.7.2-1] PUBREL and PUBCOMP say Success', async () => {
    const receiver = await receiverOf(server, 2)

    receiver.send(pubrec(1), publishPacket('own', 'x', { qos: 2, packetId: 9 }), pubrel(9))

    expect(await receiver.upToNow()).toEqual(['PUBREL 1', 'PUBREC 9 10', 'PUBCOMP 9'])
  })

  test('[MQTT-3.7.2-1] a PUBREL for an unknown Packet Identifier gets a listed code: Success, as after a lost PUBCOMP', async () => {
    const publisher = await publisherOf(server)

    publisher.send(pubrel(77), pubrel(77, 0x92))

    expect(await publisher.take(2)).toEqual(['PUBCOMP 77', 'PUBCOMP 77'])
  })

  test('[MQTT-3.6.2-1] a PUBREC for an unknown Packet Identifier gets a listed code, and one that says failure nothing', async () => {
    const publisher = await publisherOf(server)

    publisher.send(pubrec(77), pubrec(78, 0x80))

    expect(await publisher.upToNow()).toEqual(['PUBREL 77'])
  })

  const small: [what: string, sent: string, bytes: string][] = [
    ['[MQTT-3.4.2-2] [MQTT-3.4.2-3] PUBACK', "32 0c 0006 '$SYS/a' 0007 00 'x'", '4003000787'],
    ['[MQTT-3.5.2-2] [MQTT-3.5.2-3] PUBREC', "34 0c 0006 '$SYS/a' 0007 00 'x'", '5003000787'],
    ['[MQTT-3.6.2-2] [MQTT-3.6.2-3] PUBREL', '50 02 0007', '62020007'],
    ['[MQTT-3.7.2-2] [MQTT-3.7.2-3] PUBCOMP', '62 02 0007', '70020007'],
  ]
  test.each(small)(
    '%s has neither Reason String nor User Property where they might not fit',
    async (_, sent, expected) => {
      // Room for the CONNACK, and little more.
      const publisher = await server.connect({ properties: { maximumPacketSize: 20 } })
      const bytes = recordBytes(publisher)

      publisher.send(sent)
      await publisher.next()

      expect(bytes()).toBe(expected)
    },
  )
})

describe('what a Client sends, in 5.0', () => {
  const server = serverFor()

  test.each(listed)('[MQTT-3.4.2-1] PUBACK %i ends the delivery', async code => {
    const receiver = await receiverOf(server, 1)

    receiver.send(`40 03 0001 ${hex(code)}`)

    expect(await receiver.upToNow()).toEqual(["PUBLISH ack '2' qos 1 id 2"])
  })

  test.each(success)('[MQTT-3.5.2-1] PUBREC %i is answered by PUBREL, and the delivery goes on', async code => {
    const receiver = await receiverOf(server, 2)

    receiver.send(`50 03 0001 ${hex(code)}`)

    expect(await receiver.upToNow()).toEqual(['PUBREL 1'])
  })

  test.each(failure)('[MQTT-3.5.2-1] PUBREC %i ends the delivery, and no PUBREL follows', async code => {
    const receiver = await receiverOf(server, 2)

    receiver.send(`50 03 0001 ${hex(code)}`)

    expect(await receiver.upToNow()).toEqual(["PUBLISH ack '2' qos 2 id 2"])
  })

  test.each([0x00, 0x92])('[MQTT-3.7.2-1] PUBCOMP %i ends the delivery', async code => {
    const receiver = await receiverOf(server, 2)

    receiver.send(pubrec(1), `70 03 0001 ${hex(code)}`)

    expect(await receiver.upToNow()).toEqual(['PUBREL 1', "PUBLISH ack '2' qos 2 id 2"])
  })

  test.each([0x00, 0x92])('[MQTT-3.6.2-1] PUBREL %i is answered by PUBCOMP', async code => {
    const publisher = await publisherOf(server)
    publisher.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }))
    await publisher.next()

    publisher.send(`62 03 0001 ${hex(code)}`)

    expect(await publisher.next()).toBe('PUBCOMP 1')
  })

  const unlisted: [what: string, bytes: string][] = [
    ['[MQTT-3.4.2-1] PUBACK 0x01', '40 03 0001 01'],
    ['[MQTT-3.4.2-1] PUBACK 0x92, which is of PUBREL', '40 03 0001 92'],
    ['[MQTT-3.4.2-1] PUBACK 0xff', '40 03 0001 ff'],
    ['[MQTT-3.5.2-1] PUBREC 0x92, which is of PUBREL', '50 03 0001 92'],
    ['[MQTT-3.5.2-1] PUBREC 0x8d, which is of DISCONNECT', '50 03 0001 8d'],
    ['[MQTT-3.6.2-1] PUBREL 0x10, which is of PUBREC', '62 03 0001 10'],
    ['[MQTT-3.6.2-1] PUBREL 0x80, which is of PUBREC', '62 03 0001 80'],
    ['[MQTT-3.7.2-1] PUBCOMP 0x10, which is of PUBREC', '70 03 0001 10'],
    ['[MQTT-3.7.2-1] PUBCOMP 0x87, which is of PUBREC', '70 03 0001 87'],
  ]
  test.each(unlisted)('%s ends the connection', async (_, bytes) => {
    const client = await server.connect()

    client.send(bytes)

    expect(await client.closing()).toEqual([expect.stringMatching(/^DISCONNECT 8[12]$/)])
  })

  const withProperties: [what: string, bytes: string][] = [
    ['[MQTT-3.4.2-2] [MQTT-3.4.2-3] PUBACK', "40 13 0001 00 0f 1f 0003 'why' 26 0001 'a' 0003 'bcd'"],
    ['[MQTT-3.5.2-2] [MQTT-3.5.2-3] PUBREC', "50 13 0001 80 0f 1f 0003 'why' 26 0001 'a' 0003 'bcd'"],
    ['[MQTT-3.7.2-2] [MQTT-3.7.2-3] PUBCOMP', "70 13 0001 00 0f 1f 0003 'why' 26 0001 'a' 0003 'bcd'"],
    ['[MQTT-3.6.2-2] [MQTT-3.6.2-3] PUBREL', "62 13 0001 00 0f 1f 0003 'why' 26 0001 'a' 0003 'bcd'"],
  ]
  test.each(withProperties)('%s with Reason String and User Property is taken', async (_, bytes) => {
    const client = await server.connect()

    client.send(bytes)
    await client.upToNow()

    expect(client.state).toBe('open')
  })

  const wrongProperties: [what: string, bytes: string][] = [
    ['[MQTT-3.4.2-2] PUBACK with two Reason Strings', "40 0c 0001 00 08 1f 0001 'a' 1f 0001 'b'"],
    ['[MQTT-3.5.2-2] PUBREC with two Reason Strings', "50 0c 0001 00 08 1f 0001 'a' 1f 0001 'b'"],
    ['[MQTT-3.6.2-2] PUBREL with two Reason Strings', "62 0c 0001 00 08 1f 0001 'a' 1f 0001 'b'"],
    ['[MQTT-3.7.2-2] PUBCOMP with two Reason Strings', "70 0c 0001 00 08 1f 0001 'a' 1f 0001 'b'"],
    ['[MQTT-3.4.2-2] PUBACK with a Reason String that is no UTF-8', '40 09 0001 00 05 1f 0002 c328'],
    ['[MQTT-3.4.2-3] PUBACK with a property of PUBLISH', '40 06 0001 00 02 01 01'],
  ]
  test.each(wrongProperties)('%s ends the connection', async (_, bytes) => {
    const client = await server.connect()

    client.send(bytes)

    expect(await client.closing()).toEqual([expect.stringMatching(/^DISCONNECT 8[12]$/)])
  })

  test('[MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] without Reason Code, and with Reason Code but no Property Length, is Success', async () => {
    const receiver = await receiverOf(server, 2)

    receiver.send('50 03 0001 00', '70 02 0001', '50 02 0002', '70 03 0002 00')

    expect(await receiver.upToNow()).toEqual(['PUBREL 1', "PUBLISH ack '2' qos 2 id 2", 'PUBREL 2'])
  })
})

describe.each(versions)('in %s', ({ version }) => {
  const server = serverFor()

  test.each(['60', '61', '63', '64', '66', '6a', '6f'])(
    '[MQTT-3.6.1-1] [MQTT3-3.6.1-1] PUBREL that begins with %s ends the connection',
    async first => {
      const publisher = await publisherOf(server, version)
      publisher.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }))
      await publisher.next()

      publisher.send(`${first} 02 0001`)

      expect(await publisher.closing()).toEqual(farewell(version, '81'))
    },
  )

  test('[MQTT-3.6.1-1] [MQTT3-3.6.1-1] the flags of a PUBREL from the Server are 0010', async () => {
    const client = await server.connect({ protocolVersion: version })
    const bytes = recordBytes(client)

    client.send('50 02 0102')
    await client.next()

    expect(bytes()).toBe('62020102')
  })

  const malformed: [what: string, bytes: string][] = [
    ['Packet Identifier 0 in PUBACK', '40 02 0000'],
    ['Packet Identifier 0 in PUBREC', '50 02 0000'],
    ['Packet Identifier 0 in PUBREL', '62 02 0000'],
    ['Packet Identifier 0 in PUBCOMP', '70 02 0000'],
    ['PUBACK without Packet Identifier', '40 01 00'],
    ['PUBREL without Packet Identifier', '62 00'],
    ['flags in PUBACK', '42 02 0001'],
    ['flags in PUBREC', '51 02 0001'],
    ['flags in PUBCOMP', '78 02 0001'],
  ]
  test.each(malformed)('[MQTT-4.13.1-1] [MQTT3-4.8.0-1] %s ends the connection', async (_, bytes) => {
    const client = await server.connect({ protocolVersion: version })

    client.send(bytes)

    const farewells = await client.closing()
    expect(farewells.map(text => text.replace(/8[12]$/, '..'))).toEqual(farewell(version, '..'))
  })

  test('[MQTT-4.3.3-5] [MQTT3-4.3.3-1] an acknowledgement of the wrong kind ends the connection, for one of the two has lost track', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'wrong', qos: 2 }])
    publisher.send(publishPacket('wrong', 'x', { qos: 2, packetId: 1 }))
    await subscriber.next()

    subscriber.send(pubcomp(1))

    expect(await subscriber.closing()).toEqual(farewell(version, '82'))
  })
})
