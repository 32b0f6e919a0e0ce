import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { farewell } from './support/closing.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

/** Bytes of a SUBSCRIBE that is not allowed, and the Reason Code of 5.0 for it. */
const wrong5: [name: string, bytes: string, code: string][] = [
  ['[MQTT-3.8.1-1] SUBSCRIBE with flags 0000 is malformed', "80 07 0001 00 0001 'a' 00", '81'],
  ['[MQTT-3.8.1-1] SUBSCRIBE with flags 0011 is malformed', "83 07 0001 00 0001 'a' 00", '81'],
  ['[MQTT-3.8.1-1] SUBSCRIBE with flags 1010 is malformed', "8a 07 0001 00 0001 'a' 00", '81'],
  ['[MQTT-3.8.3-1] a Topic Filter that is not UTF-8 is malformed', '82 07 0001 00 0001 ff 00', '81'],
  ['[MQTT-3.8.3-1] a Topic Filter with a surrogate is malformed', '82 09 0001 00 0003 eda080 00', '81'],
  ['[MQTT-3.8.3-2] SUBSCRIBE without a Topic Filter is malformed', '82 03 0001 00', '81'],
  ['[MQTT-3.8.3-2] a Topic Filter without options is malformed', "82 06 0001 00 0001 'a'", '81'],
  ['[MQTT-3.8.3-4] No Local on a Shared Subscription is a Protocol Error', "82 10 0001 00 000a '$share/g/a' 04", '82'],
  ['[MQTT-3.8.3-5] reserved bit 6 of the options is malformed', "82 07 0001 00 0001 'a' 40", '81'],
  ['[MQTT-3.8.3-5] reserved bit 7 of the options is malformed', "82 07 0001 00 0001 'a' 80", '81'],
]
test.each(wrong5)('%s', async (_, bytes, code) => {
  const client = await server.connect()

  client.send(bytes)

  expect(await client.closing()).toEqual([`DISCONNECT ${code}`])
})

const wrong311: [name: string, bytes: string][] = [
  ['[MQTT3-3.8.1-1] SUBSCRIBE with flags 0000 closes', "80 06 0001 0001 'a' 00"],
  ['[MQTT3-3.8.1-1] SUBSCRIBE with flags 0011 closes', "83 06 0001 0001 'a' 00"],
  ['[MQTT3-3.8.3-1] a Topic Filter that is not UTF-8 closes', '82 06 0001 0001 ff 00'],
  ['[MQTT3-3.8.3-3] SUBSCRIBE without a Topic Filter closes', '82 02 0001'],
  ['[MQTT3-3.8.3-4] Requested QoS 3 closes', "82 06 0001 0001 'a' 03"],
  ['[MQTT3-3.8.3-4] reserved bit 2 of the Requested QoS closes', "82 06 0001 0001 'a' 04"],
  ['[MQTT3-3.8.3-4] reserved bit 7 of the Requested QoS closes', "82 06 0001 0001 'a' 80"],
]
test.each(wrong311)('%s', async (_, bytes) => {
  const client = await server.connect({ protocolVersion: 4 })

  client.send(bytes)

  expect(await client.closing()).toEqual([])
})

describe.each(versions)('in %s', version => {
  const protocolVersion = version.version

  test('[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT3-3.8.4-1] [MQTT3-3.8.4-2] SUBACK answers with the same Packet Identifier', async () => {
    const client = await server.connect({ protocolVersion })

    for (const packetId of [1, 0x1234, 0xffff]) {
      client.send(subscribePacket(packetId, ['a']))
      expect(await client.next()).toBe(`SUBACK ${packetId} 00`)
    }
  })

  test('[MQTT-3.8.4-3] [MQTT3-3.8.4-3] the same Topic Filter again replaces the Subscription', async () => {
    const client = await server.connect({ protocolVersion })
    client.send(subscribePacket(1, [{ filter: 'replace/+', qos: 2 }]), subscribePacket(2, ['replace/+']))
    await client.take(2)

    client.send(publishPacket('replace/a', 'x', { qos: 1, packetId: 9 }))

    expect(await client.take(2)).toEqual(expect.arrayContaining(["PUBLISH replace/a 'x'", 'PUBACK 9']))
    expect(await client.upToNow()).toEqual([])
  })

  test('[MQTT-3.8.4-4] [MQTT3-3.8.4-3] replacing a Subscription sends the retained messages again', async () => {
    const client = await server.connect({ protocolVersion })
    const topic = `again/${protocolVersion}`
    client.send(publishPacket(topic, 'kept', { retain: true }), subscribePacket(1, [topic]))

    client.send(subscribePacket(2, [topic]))

    expect(await client.upToNow()).toEqual([
      'SUBACK 1 00',
      `PUBLISH ${topic} 'kept' retain`,
      'SUBACK 2 00',
      `PUBLISH ${topic} 'kept' retain`,
    ])
  })

  test('[MQTT-3.8.4-4] [MQTT3-3.8.4-3] replacing a Subscription loses no messages', async () => {
    const client = await server.connect({ protocolVersion })
    const publisher = await server.connect({ clientId: 'publisher' })
    client.send(subscribePacket(1, ['flow/+']))
    await client.next()
    const payloads = Array.from({ length: 200 }, (_, index) => String(index))

    for (const payload of payloads) {
      publisher.send(publishPacket('flow/a', payload))
      client.send(subscribePacket(2, ['flow/+']))
    }
    await publisher.upToNow()

    const came = (await client.upToNow()).filter(text => !text.startsWith('SUBACK'))
    expect(came).toEqual(payloads.map(payload => `PUBLISH flow/a '${payload}'`))
  })

  test('[MQTT-3.8.4-5] [MQTT3-3.8.4-4] several Topic Filters are taken as several SUBSCRIBEs and get one SUBACK', async () => {
    const client = await server.connect({ protocolVersion })
    const requests = [{ filter: 'many/a', qos: 0 }, { filter: 'many/b' }, { filter: 'many/a', qos: 1 }] as const

    client.send(subscribePacket(1, requests))
    client.send(publishPacket('many/a', 'x', { qos: 1, packetId: 9 }), publishPacket('many/b', 'y'))

    expect(await client.upToNow()).toEqual(
      expect.arrayContaining(['SUBACK 1 00 00 01', "PUBLISH many/a 'x' qos 1 id 1", "PUBLISH many/b 'y'"]),
    )
  })

  test('[MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT3-3.8.4-5] SUBACK has a granted QoS or a failure for every Topic Filter', async () => {
    const client = await server.connect({ protocolVersion })
    const tooManyWildcards = Array(9).fill('+').join('/')

    client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }, tooManyWildcards, { filter: 'b', qos: 1 }, 'c']))

    expect(await client.next()).toBe(protocolVersion === 5 ? 'SUBACK 1 02 8f 01 00' : 'SUBACK 1 02 80 01 00')
  })

  test('[MQTT-3.8.4-8] [MQTT3-3.8.4-6] a message comes at the lower of its own and the granted QoS', async () => {
    for (const granted of [0, 1, 2] as const) {
      for (const qos of [0, 1, 2] as const) {
        const client = await server.connect({ protocolVersion })
        const publisher = await server.connect({ clientId: 'publisher' })
        client.send(subscribePacket(1, [{ filter: 'lower', qos: granted }]))
        await client.next()

        publisher.send(publishPacket('lower', 'x', { qos, packetId: qos && 1 }))

        const least = Math.min(granted, qos)
        expect(await client.next()).toBe(least === 0 ? "PUBLISH lower 'x'" : `PUBLISH lower 'x' qos ${least} id 1`)
        client.drop()
      }
    }
  })

  test('a Packet Identifier of 0 ends the connection', async () => {
    const client = await server.connect({ protocolVersion })

    client.send(
      subscribePacket(1, ['a']),
      protocolVersion === 5 ? "82 07 0000 00 0001 'a' 00" : "82 06 0000 0001 'a' 00",
    )

    expect(await client.closing()).toEqual(['SUBACK 1 00', ...farewell(protocolVersion, '81')])
  })
})

test('[MQTT-3.8.3-3] No Local: what a Client publishes does not come back to it', async () => {
  const client = await server.connect({ clientId: 'local' })
  const other = await server.connect({ clientId: 'remote' })
  client.send("82 0a 0001 00 0004 'loop' 04")
  other.send("82 0a 0001 00 0004 'loop' 04")
  await client.next()
  await other.next()

  client.send(publishPacket('loop', 'mine'))
  await client.upToNow()
  other.send(publishPacket('loop', 'theirs'))
  await other.upToNow()

  expect(await client.upToNow()).toEqual(["PUBLISH loop 'theirs'"])
})

test('[MQTT-3.8.3-3] No Local counts the Client Identifier, not the connection: a message published before coming back does not return', async () => {
  const fields = persistent(5, 'back')
  const before = await server.connect(fields)
  before.send(subscribePacket(1, [{ filter: 'back/a', qos: 1, noLocal: true }]))
  before.send(publishPacket('back/a', 'x', { qos: 1, packetId: 1 }))
  expect(await before.take(2)).toEqual(['SUBACK 1 01', 'PUBACK 1 10'])
  before.drop()

  const after = await server.connect(fields)

  expect(await after.upToNow()).toEqual([])
})

test('[MQTT-3.8.4-4] Retain Handling 1 and 2 do not send them again', async () => {
  const client = await server.connect()
  client.send(publishPacket('handling', 'kept', { retain: true }), subscribePacket(1, ['handling']))
  await client.take(2)

  client.send(subscribePacket(2, [{ filter: 'handling', retainHandling: 1 }]))
  client.send(subscribePacket(3, [{ filter: 'handling', retainHandling: 2 }]))

  expect(await client.upToNow()).toEqual(['SUBACK 2 00', 'SUBACK 3 00'])
})

describe('without wildcards', () => {
  const plain = serverFor({ capabilities: { wildcardSubscriptionAvailable: false } })

  test('[MQTT3-3.8.3-2] filters with wildcards are refused, others are not', async () => {
    const client = await plain.connect({ protocolVersion: 4 })

    client.send(subscribePacket(1, ['a/+', 'a', '#']))

    expect(await client.next()).toBe('SUBACK 1 80 00 80')
  })

  test('[MQTT3-3.8.3-2] a 5.0 Client, which was told, is disconnected', async () => {
    const client = await plain.connect()

    client.send(subscribePacket(1, ['a', 'a/+']))

    expect(await client.closing()).toEqual(['DISCONNECT a2'])
  })
})
