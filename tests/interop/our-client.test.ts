import { request, serve } from '@curlew/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { within } from './support/bounded-wait.ts'
import { type ProtocolVersion, TRANSPORT_NAMES, type Transport, VERSION_NAMES } from './support/interop-client.ts'
import { nextOf, Place, textsUntil } from './support/our-client/place.ts'
import { type ServerUnderTest, servers } from './support/our-client/servers.ts'
import { reportSkip } from './support/skips.ts'
import type { Target } from './support/target.ts'

const levels = [0, 1, 2] as const
const pairs = levels.flatMap(published => levels.map(granted => ({ published, granted })))

/** Bytes of every value, in more than one read of a socket. */
const largePayload = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256)

for (const server of servers) {
  if (server.unavailable !== undefined) {
    describe.skip(`our client at ${server.name} ${reportSkip(`our client at ${server.name}`, server.unavailable)}`, () => {
      test.skip('everything')
    })
    continue
  }
  describe(`our client at ${server.name}`, () => {
    let target: Target
    beforeAll(async () => {
      target = await server.start()
    })
    afterAll(() => target?.close())

    for (const version of server.versions) {
      for (const transport of server.transports) {
        describe(`${VERSION_NAMES[version]} over ${TRANSPORT_NAMES[transport]}`, () => {
          const openPlace = (): Place => new Place(target, version, transport)
          describePairs(server, openPlace)
          describeMessages(openPlace)
          describeWills(openPlace)
          describeSessions(openPlace)
          if (version === 5) describeVersion5(openPlace)
          if (version > 3) describeSharing(server, openPlace)
        })
      }
    }

    for (const transport of server.transports) describeFallback(server, transport, () => target)
  })
}

function describePairs({ name, lacks }: ServerUnderTest, openPlace: () => Place): void {
  for (const { published, granted } of pairs) {
    const reason = published === 2 && granted === 1 ? lacks['the granted QoS'] : undefined
    const skipped = reason ? ` ${reportSkip(`QoS 2 to QoS 1 at ${name}`, reason)}` : ''
    test.skipIf(reason !== undefined)(
      `a message of QoS ${published} to a Subscription of QoS ${granted}${skipped}`,
      async () => {
        const place = openPlace()
        const [publisher, subscriber] = [await place.open(), await place.open()]
        const subscription = await subscriber.subscribe(place.topic('+'), { qos: granted })

        const result = await publisher.publish(place.topic('a'), 'Zürich', { qos: published })
        const message = await nextOf(subscription)

        const qos = Math.min(published, granted)
        expect({ ...message, text: message.text() }).toMatchObject({
          topic: place.topic('a'),
          text: 'Zürich',
          qos,
          retain: false,
          dup: false,
        })
        expect(result.reasonCode).toBe(0)
        expect(result.isMatched).toBe(published > 0 && place.version === 5 ? true : undefined)
      },
    )
  }
}

function describeMessages(openPlace: () => Place): void {
  // At Mosquitto below 5.0 this holds only because of `inFlightMax`: it forgets QoS 2 messages beyond 20 in flight without a word.
  test('hundreds of messages published at once all come, in order', async () => {
    const place = openPlace()
    const [publisher, subscriber] = [await place.open(), await place.open()]
    const subscription = await subscriber.subscribe(place.topic('#'), { qos: 2, bufferMax: 10_000 })
    const texts = Array.from({ length: 200 }, (_, index) => String(index))

    for (const qos of [1, 2] as const) {
      const published = texts.map(text => publisher.publish(place.topic(`qos${qos}`), text, { qos }))
      await within(Promise.all(published), () => `the acknowledgement of ${texts.length} messages of QoS ${qos}`)
      await publisher.publish(place.topic(`qos${qos}`), 'end', { qos })

      expect(await textsUntil('end', subscription)).toEqual(texts)
    }
  })

  test('a large payload arrives byte for byte', async () => {
    const place = openPlace()
    const client = await place.open()
    const subscription = await client.subscribe(place.topic('large'), { qos: 1 })

    await client.publish(place.topic('large'), largePayload, { qos: 1 })
    const { payload } = await nextOf(subscription)

    expect(Buffer.compare(payload, largePayload)).toBe(0)
  })

  test('a retained message waits for Subscriptions, and an empty one takes it away', async () => {
    const place = openPlace()
    const [publisher, subscriber] = [await place.open(), await place.open()]
    const topic = place.topic('kept')
    await publisher.publish(topic, 'kept', { qos: 1, retain: true })
    const subscription = await subscriber.subscribe(topic, { qos: 1 })
    const kept = await nextOf(subscription)
    await publisher.publish(topic, '', { qos: 1, retain: true })
    const cleared = await nextOf(subscription)
    const late = await (await place.open()).subscribe(topic, { qos: 1 })
    await publisher.publish(topic, 'end', { qos: 1 })

    expect([kept.text(), kept.retain]).toEqual(['kept', true])
    expect([cleared.text(), cleared.retain]).toEqual(['', false])
    expect(await textsUntil('end', late)).toEqual([])
  })

  test('an ended Subscription gets nothing any more', async () => {
    const place = openPlace()
    const client = await place.open()
    const ended = await client.subscribe(place.topic('a'))
    const other = await client.subscribe(place.topic('b'))
    const unhandled: string[] = []
    client.on('unhandled', message => void unhandled.push(message.text()))

    await ended.unsubscribe()
    await client.publish(place.topic('a'), 'late', { qos: 1 })
    await client.publish(place.topic('b'), 'end', { qos: 1 })
    await nextOf(other)

    expect(unhandled).toEqual([])
  })
}

function describeWills(openPlace: () => Place): void {
  for (const qos of levels) {
    test(`a Will Message of QoS ${qos} is published when the connection breaks`, async () => {
      const place = openPlace()
      const watcher = await (await place.open()).subscribe(place.topic('will'), { qos })
      const link = await place.link()
      const will = { topic: place.topic('will'), payload: 'gone', qos }
      await place.open({ will, reconnect: false }, place.url(link.port))

      link.sever()
      const message = await nextOf(watcher)

      expect([message.text(), message.qos]).toEqual(['gone', qos])
    })
  }

  test('close() discards the Will Message', async () => {
    const place = openPlace()
    const observer = await place.open()
    const watcher = await observer.subscribe(place.topic('will'), { qos: 1 })
    const link = await place.link()
    const mortal = await place.open({ will: { topic: place.topic('will'), payload: 'gone' } }, place.url(link.port))

    await mortal.close()
    await within(link.closed, () => 'the connection to be closed on both sides')
    await observer.publish(place.topic('will'), 'end', { qos: 1 })

    expect(await textsUntil('end', watcher)).toEqual([])
  })
}

function describeSessions(openPlace: () => Place): void {
  test('a Session keeps messages for a program that starts again', async () => {
    const place = openPlace()
    const options = { clientId: place.clientId('back'), cleanStart: false }
    const link = await place.link()
    const first = await place.open({ ...options, reconnect: false }, place.url(link.port))
    await first.subscribe(place.topic('#'), { qos: 2 })
    link.sever()
    await within(first.closed, () => 'the client to notice that the connection is broken')
    await within(link.closed, () => 'the Server to notice that the connection is broken')
    const publisher = await place.open()
    for (const qos of [1, 2] as const) await publisher.publish(place.topic('away'), `QoS ${qos}`, { qos })

    const second = await place.open({ ...options, startsOffline: true })
    const connected = new Promise<boolean>(resolve => second.on('connected', event => resolve(event.sessionPresent)))
    const subscribing = second.subscribe(place.topic('#'), { qos: 2 })
    const isPresent = await within(connected, () => 'the Session')
    const subscription = await subscribing
    const texts = [(await nextOf(subscription)).text(), (await nextOf(subscription)).text()]

    expect(isPresent).toBe(place.version > 3)
    expect(texts).toEqual(['QoS 1', 'QoS 2'])
  })

  test('with a clean start there is nothing left of an earlier Session', async () => {
    const place = openPlace()
    const clientId = place.clientId('clean')
    const first = await place.open({ clientId, cleanStart: false })
    await first.subscribe(place.topic('#'), { qos: 1 })
    await first.close()
    await (await place.open()).publish(place.topic('away'), 'away', { qos: 1 })

    const second = await place.open({ clientId, cleanStart: true })
    const subscription = await second.subscribe(place.topic('#'), { qos: 1 })
    await second.publish(place.topic('here'), 'end', { qos: 1 })

    expect(await textsUntil('end', subscription)).toEqual([])
  })
}

function describeVersion5(openPlace: () => Place): void {
  test('properties of a message arrive', async () => {
    const place = openPlace()
    const client = await place.open()
    const subscription = await client.subscribe(place.topic('a'), { qos: 1 })
    const properties = {
      contentType: 'text/plain',
      payloadFormatIndicator: 1 as const,
      messageExpiryInterval: 100,
      responseTopic: place.topic('response'),
      correlationData: Uint8Array.of(0, 1, 255),
      userProperties: [
        ['unit', '°C'],
        ['unit', 'K'],
      ] as const,
    }

    await client.publish(place.topic('a'), '21', { qos: 1, properties })
    const message = await nextOf(subscription)

    const { correlationData, ...rest } = message.properties
    const { correlationData: sent, ...expected } = properties
    expect(Array.from(correlationData!)).toEqual(Array.from(sent))
    expect(rest).toMatchObject(expected)
  })

  test('No Local, Retain As Published and Retain Handling are kept', async () => {
    const place = openPlace()
    const [client, other] = [await place.open(), await place.open()]
    await other.publish(place.topic('a'), 'before', { qos: 1, retain: true })
    const options = { qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 } as const
    const subscription = await client.subscribe(place.topic('a'), options)

    await client.publish(place.topic('a'), 'own', { qos: 1 })
    await other.publish(place.topic('a'), 'kept', { qos: 1, retain: true })
    const message = await nextOf(subscription)

    expect([message.text(), message.retain]).toEqual(['kept', true])
  })

  test('a request gets its response; without anybody who serves, it is told so', async () => {
    const place = openPlace()
    const [asker, server] = [await place.open(), await place.open()]
    await serve(server, place.topic('square'), asked => String(Number(asked.text()) ** 2))

    const response = await request(asker, place.topic('square'), '12')
    const unserved = request(asker, place.topic('cube'), '12')

    expect(response.text()).toBe('144')
    await expect(unserved).rejects.toMatchObject({ code: 'ERR_PUBLISH_REFUSED', reasonCode: 0x10 })
  })

  test('more messages than Receive Maximum allows at once all arrive', async () => {
    const place = openPlace()
    const [publisher, subscriber] = [await place.open(), await place.open({ receiveMaximum: 2 })]
    const subscription = await subscriber.subscribe(place.topic('a'), { qos: 2 })
    const texts = Array.from({ length: 50 }, (_, index) => String(index))

    await Promise.all(texts.map(text => publisher.publish(place.topic('a'), text, { qos: 2 })))
    await publisher.publish(place.topic('a'), 'end', { qos: 2 })

    expect(await textsUntil('end', subscription)).toEqual(texts)
  })
}

function describeSharing({ lacks }: ServerUnderTest, openPlace: () => Place): void {
  const reason = lacks['shared Subscriptions']
  if (reason) {
    test.skip(`shared Subscriptions ${reportSkip('shared Subscriptions', reason)}`)
    return
  }
  test('the members of a shared Subscription get each message once between them', async () => {
    const place = openPlace()
    const received: string[] = []
    let noticeAll = (): void => {}
    const all = new Promise<void>(resolve => {
      noticeAll = resolve
    })
    const perMember = [0, 0]
    for (const member of perMember.keys()) {
      const client = await place.open()
      await client.subscribe(`$share/workers/${place.topic('jobs')}`, message => {
        perMember[member]!++
        received.push(message.text())
        if (received.length === 40) noticeAll()
      })
    }
    const publisher = await place.open()
    const jobs = Array.from({ length: 40 }, (_, index) => String(index))

    await Promise.all(jobs.map(job => publisher.publish(place.topic('jobs'), job, { qos: 1 })))
    await within(all, () => `40 jobs; there are ${received.length}`)

    expect([...received].sort()).toEqual([...jobs].sort())
    expect(Math.min(...perMember)).toBeGreaterThan(0)
  })
}

function describeFallback({ versions }: ServerUnderTest, transport: Transport, target: () => Target): void {
  const best = Math.max(...versions) as ProtocolVersion
  test(`without a version chosen, it is ${VERSION_NAMES[best]} over ${TRANSPORT_NAMES[transport]}`, async () => {
    const place = new Place(target(), best, transport)

    const client = await place.open({ protocolVersion: undefined as never })

    expect(client.protocolVersion).toBe(best)
  })
}
