import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { farewell, lose, publisherOf, recordBytes, subscriberOf } from './support/publishing.ts'
import { serverFor } from './support/rules.ts'

describe.each(versions)('in %s', ({ version }) => {
  const server = serverFor()

  test('[MQTT-3.3.1-2] [MQTT3-3.3.1-2] DUP on QoS 0 is taken for what it is, malformed', async () => {
    const publisher = await publisherOf(server, version)

    publisher.send(version === 5 ? "38 05 0001 'a' 00 'x'" : "38 04 0001 'a' 'x'")

    expect(await publisher.closing()).toEqual(farewell(version, '81'))
  })

  test.each([1, 2] as const)(
    '[MQTT-3.3.1-2] [MQTT3-3.3.1-2] a QoS %i message with DUP reaches a QoS 0 subscriber without',
    async qos => {
      const publisher = await publisherOf(server)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, ['dup/0'])

      publisher.send(publishPacket('dup/0', 'x', { qos, packetId: 9, dup: true }))

      expect(await subscriber.next()).toBe("PUBLISH dup/0 'x'")
    },
  )

  test.each([1, 2] as const)(
    '[MQTT-3.3.1-3] [MQTT3-3.3.1-3] DUP of an incoming QoS %i message is not passed on',
    async qos => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'dup/1', qos }])

      publisher.send(publishPacket('dup/1', 'x', { qos, packetId: 9, dup: true }))

      expect(await subscriber.next()).toBe(`PUBLISH dup/1 'x' qos ${qos} id 1`)
    },
  )

  test('[MQTT-3.3.1-3] [MQTT3-3.3.1-3] DUP of an incoming message is not kept with a retained or a queued one', async () => {
    const publisher = await publisherOf(server, version)
    publisher.send(publishPacket('dup/2', 'x', { qos: 1, packetId: 9, dup: true, retain: true }))
    await publisher.next()

    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'dup/2', qos: 1 }])

    expect(await subscriber.next()).toBe("PUBLISH dup/2 'x' qos 1 id 1 retain")
  })

  test.each(['36', '37', '3e', '3f'])(
    '[MQTT-3.3.1-4] [MQTT3-3.3.1-4] QoS 3, as first byte %s, ends the connection',
    async first => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, ['qos/3'])

      publisher.send(version === 5 ? `${first} 0b 0005 'qos/3' 0001 00 'x'` : `${first} 0a 0005 'qos/3' 0001 'x'`)

      expect(await publisher.closing()).toEqual(farewell(version, '81'))
      expect(await subscriber.upToNow()).toEqual([])
    },
  )

  test('[MQTT-3.3.1-12] [MQTT3-3.3.1-9] an established Subscription gets messages with RETAIN 0, whatever RETAIN was', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['rap/0'])

    publisher.send(publishPacket('rap/0', '1', { retain: true }), publishPacket('rap/0', '2'))

    expect(await subscriber.take(2)).toEqual(["PUBLISH rap/0 '1'", "PUBLISH rap/0 '2'"])
  })

  test('[MQTT-3.3.2-1] [MQTT3-3.3.2-1] the Topic Name is the first field of what a subscriber gets, in UTF-8', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, [{ filter: 'ä/€/𝄞', qos: 1 }])
    const bytes = recordBytes(subscriber)

    publisher.send(publishPacket('ä/€/𝄞', 'x', { qos: 1, packetId: 1 }))
    await subscriber.next()

    // c3a4 2f e282ac 2f f09d849e
    const head = '000bc3a42fe282ac2ff09d849e0001'
    expect(bytes()).toBe(version === 5 ? `3211${head}0078` : `3210${head}78`)
  })

  test('[MQTT-3.3.2-1] [MQTT3-3.3.2-1] U+FEFF at the start of a Topic Name is part of it', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['\uFEFFbom', 'bom'])

    publisher.send(publishPacket('\uFEFFbom', 'x'))
    await publisher.upToNow()

    expect(await subscriber.upToNow()).toEqual(["PUBLISH \uFEFFbom 'x'"])
  })

  const badNames: [what: string, name: string, reasonCodes: RegExp][] = [
    ['[MQTT-3.3.2-1] [MQTT3-3.3.2-1] a Topic Name that is not UTF-8', '0002 c328', /8[12]/],
    ['[MQTT-3.3.2-1] [MQTT3-3.3.2-1] an encoded surrogate in a Topic Name', '0003 eda080', /8[12]/],
    ['[MQTT-3.3.2-1] [MQTT3-3.3.2-1] U+0000 in a Topic Name', "0003 'a' 00 'b'", /8[12]/],
    ['[MQTT-3.3.2-1] [MQTT3-3.3.2-1] a Topic Name longer than the packet', "00ff 'a'", /8[12]/],
    ['[MQTT-3.3.2-2] [MQTT3-3.3.2-2] a # alone', "0001 '#'", /8[12]|90/],
    ['[MQTT-3.3.2-2] [MQTT3-3.3.2-2] a + alone', "0001 '+'", /8[12]|90/],
    ['[MQTT-3.3.2-2] [MQTT3-3.3.2-2] a # as level', "0003 'a/#'", /8[12]|90/],
    ['[MQTT-3.3.2-2] [MQTT3-3.3.2-2] a + inside a level', "0003 'a+b'", /8[12]|90/],
    ['[MQTT-3.3.2-2] [MQTT3-3.3.2-2] a # inside a level', "0003 'a#b'", /8[12]|90/],
  ]
  test.each(badNames)('%s ends the connection and reaches nobody', async (_, name, reasonCodes) => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['#'])
    await subscriber.upToNow() // what other tests have retained
    const length = publisher.encode([name]).length

    publisher.send(`30 0${length + (version === 5 ? 1 : 0)}`, name, version === 5 ? '00' : '')

    const [text, ...more] = await publisher.closing()
    expect(text ?? 'DISCONNECT 81').toMatch(reasonCodes)
    expect(more).toEqual([])
    expect(await subscriber.upToNow()).toEqual([])
  })

  const filters: [filter: string, matching: string, other: string][] = [
    ['m/1', 'm/1', 'm/1/'],
    ['m/+', 'm/2', 'm/2/3'],
    ['m/#', 'm', 'M'],
    ['+/m', '/m', 'm'],
    ['m/+/n', 'm//n', 'm/n'],
  ]
  test.each(filters)(
    '[MQTT-3.3.2-3] [MQTT3-3.3.2-3] whoever has subscribed to %s gets %s, under that name, and not %s',
    async (filter, matching, other) => {
      const publisher = await publisherOf(server, version)
      const subscriber = await subscriberOf(server, { protocolVersion: version }, [filter])

      publisher.send(publishPacket(other, 'other'), publishPacket(matching, 'x'))
      await publisher.upToNow()

      expect(await subscriber.upToNow()).toEqual([`PUBLISH ${matching} 'x'`])
    },
  )

  const answers: [qos: 0 | 1 | 2, code: string, answers: string[]][] = [
    [0, '', []],
    [1, ' 10', ['PUBACK 4 10']],
    [2, ' 10', ['PUBREC 4 10']],
  ]
  test.each(answers)('[MQTT-3.3.4-1] [MQTT3-3.3.4-1] QoS %i is answered as it asks', async (qos, code, expected) => {
    const publisher = await publisherOf(server, version)

    publisher.send(publishPacket('answer', 'x', { qos, packetId: 4 }))

    const wanted = version === 5 ? expected : expected.map(text => text.replace(code, ''))
    expect(await publisher.upToNow()).toEqual(wanted)
  })

  test('[MQTT-3.3.4-1] [MQTT3-3.3.4-1] a message that somebody gets is answered with Success', async () => {
    const publisher = await publisherOf(server, version)
    await subscriberOf(server, { protocolVersion: version }, ['answer/+'])

    publisher.send(
      publishPacket('answer/1', 'x', { qos: 1, packetId: 5 }),
      publishPacket('answer/2', 'x', { qos: 2, packetId: 6 }),
    )

    expect(await publisher.upToNow()).toEqual(['PUBACK 5', 'PUBREC 6'])
  })

  test('[MQTT-3.3.4-1] the only subscriber being the publisher itself, with No Local, nobody matches: 0x10', async () => {
    const client = await server.connect({ protocolVersion: 5, clientId: 'both' })
    client.send(subscribePacket(1, [{ filter: 'own', noLocal: true }]))
    await client.next()

    client.send(publishPacket('own', 'x', { qos: 1, packetId: 5 }), publishPacket('own', 'x', { qos: 2, packetId: 6 }))

    expect(await client.upToNow()).toEqual(['PUBACK 5 10', 'PUBREC 6 10'])
  })

  test('[MQTT3-3.3.5-2] [MQTT-3.4.2-1] a message that may not be published is acknowledged and goes nowhere', async () => {
    const publisher = await publisherOf(server, version)
    const subscriber = await subscriberOf(server, { protocolVersion: version }, ['$SYS/forged', '$SYS/+'])

    publisher.send(
      publishPacket('$SYS/forged', 'x'),
      publishPacket('$SYS/forged', 'x', { qos: 1, packetId: 1 }),
      publishPacket('$SYS/forged', 'x', { qos: 2, packetId: 2 }),
    )

    const code = version === 5 ? ' 87' : ''
    expect(await publisher.upToNow()).toEqual([`PUBACK 1${code}`, `PUBREC 2${code}`])
    expect(await subscriber.upToNow()).toEqual([])
  })
})

describe('in 5.0', () => {
  const server = serverFor()

  test('[MQTT-3.3.1-13] Retain As Published 1 passes RETAIN on as it came', async () => {
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, {}, [{ filter: 'rap/1', retainAsPublished: true }])

    publisher.send(publishPacket('rap/1', '1', { retain: true }), publishPacket('rap/1', '2'))
    publisher.send(publishPacket('rap/1', '', { retain: true }))

    expect(await subscriber.take(3)).toEqual([
      "PUBLISH rap/1 '1' retain",
      "PUBLISH rap/1 '2'",
      "PUBLISH rap/1 '' retain",
    ])
  })

  test('[MQTT-3.3.1-12] [MQTT-3.3.1-13] messages that waited for the Client keep the RETAIN that its Subscription asks for', async () => {
    const kept = { clientId: 'rap', cleanStart: false, properties: { sessionExpiryInterval: 60 } }
    const publisher = await publisherOf(server)
    const subscriber = await subscriberOf(server, kept, [
      { filter: 'rap/2', qos: 1, retainAsPublished: true },
      { filter: 'rap/3', qos: 1 },
    ])
    await lose(subscriber)

    publisher.send(
      publishPacket('rap/2', 'x', { qos: 1, packetId: 1, retain: true }),
      publishPacket('rap/3', 'x', { qos: 1, packetId: 2, retain: true }),
    )
    await publisher.upToNow()
    const back = await server.dial(kept)

    expect(await back.take(3)).toEqual([
      'CONNACK 00 session-present',
      "PUBLISH rap/2 'x' qos 1 id 1 retain",
      "PUBLISH rap/3 'x' qos 1 id 2",
    ])
  })
})
