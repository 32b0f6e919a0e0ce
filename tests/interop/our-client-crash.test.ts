import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileOutbox } from '@curlew/client/file-outbox'
import { PacketType, packetTypeName } from '@curlew/codec'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { within } from './support/bounded-wait.ts'
import { type ProtocolVersion, VERSION_NAMES } from './support/interop-client.ts'
import { type Cut, CuttingTransport } from './support/our-client/cutting-transport.ts'
import { Place, textsUntil } from './support/our-client/place.ts'
import { type ServerUnderTest, servers } from './support/our-client/servers.ts'
import { reportSkip } from './support/skips.ts'
import type { Target } from './support/target.ts'

/** Every packet of the two deliveries, as the publisher sees it. A receiver sees the same with the directions exchanged. */
const steps: readonly [qos: 1 | 2, cut: Cut][] = [
  [1, { direction: 'sent', type: PacketType.Publish }],
  [1, { direction: 'received', type: PacketType.Puback }],
  [2, { direction: 'sent', type: PacketType.Publish }],
  [2, { direction: 'received', type: PacketType.Pubrec }],
  [2, { direction: 'sent', type: PacketType.Pubrel }],
  [2, { direction: 'received', type: PacketType.Pubcomp }],
]

const exchanged = { sent: 'received', received: 'sent' } as const

for (const server of servers) {
  const reason = server.unavailable
  const skipped = reason && reportSkip(`our client's lost connections at ${server.name}`, reason)
  describe.skipIf(reason !== undefined)(`our client at ${server.name}: ${skipped ?? 'lost connections'}`, () => {
    let target: Target
    beforeAll(async () => {
      target = await server.start()
    })
    afterAll(() => target?.close())

    for (const version of server.versions.filter(each => each > 3)) {
      describe(VERSION_NAMES[version], () => {
        for (const [qos, cut] of steps) {
          describePublisher(qos, cut, version, () => target)
          describeSubscriber(qos, cut, server, version, () => target)
        }
      })
    }
  })
}

function describePublisher(qos: 1 | 2, { direction, type }: Cut, version: ProtocolVersion, target: () => Target): void {
  const what = `the ${packetTypeName(type)} of QoS ${qos}`

  test(`a publisher whose connection breaks with ${what} delivers everything`, async () => {
    const place = new Place(target(), version, 'tcp')
    const subscription = await (await place.open()).subscribe(place.topic('a'), { qos, bufferMax: 10_000 })
    const transport = new CuttingTransport(place.url(), version, { direction, type })
    const publisher = await place.open({ transport, clientId: place.clientId('pub'), cleanStart: false })
    const texts = Array.from({ length: 20 }, (_, index) => String(index))

    const published = texts.map(text => publisher.publish(place.topic('a'), text, { qos }))
    await within(Promise.all(published), () => 'all to be delivered')
    await publisher.publish(place.topic('a'), 'end', { qos })
    await transport.cutMade
    const received = await textsUntil('end', subscription)

    // At least once may be more than once; exactly once may not. First arrivals keep the order in both cases.
    expect([...new Set(received)]).toEqual(texts)
    if (qos === 2) expect(received).toEqual(texts)
  })

  test(`a publisher that dies with ${what} delivers from its outbox when it starts again`, async () => {
    const place = new Place(target(), version, 'tcp')
    const folder = await mkdtemp(join(tmpdir(), 'interop-outbox-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'outbox')
    const subscription = await (await place.open()).subscribe(place.topic('a'), { qos })
    const clientId = place.clientId('dying')
    const transport = new CuttingTransport(place.url(), version, { direction, type })
    const dying = await place.open({ transport, clientId, outbox: fileOutbox(path), reconnect: false })
    dying.publish(place.topic('a'), 'once', { qos }).catch(() => {})
    await within(dying.closed, () => 'the connection to break')

    const next = await place.open({ clientId, outbox: fileOutbox(path) })
    await within(next.drain(), () => 'the outbox to be empty')
    await next.publish(place.topic('a'), 'end', { qos })
    const received = await textsUntil('end', subscription)

    expect(new Set(received)).toEqual(new Set(['once']))
    if (qos === 2) expect(received).toEqual(['once'])
  })
}

function describeSubscriber(
  qos: 1 | 2,
  { direction, type }: Cut,
  { name, lacks }: ServerUnderTest,
  version: ProtocolVersion,
  target: () => Target,
): void {
  const what = `the ${packetTypeName(type)} of QoS ${qos}`
  const isReordered = type === PacketType.Publish
  const reason = isReordered ? lacks['order after a lost connection'] : undefined
  const skipped = reason ? ` ${reportSkip(`a lost PUBLISH at ${name}`, reason)}` : ''

  test.skipIf(reason !== undefined)(
    `a subscriber whose connection breaks with ${what} gets everything${skipped}`,
    async () => {
      const place = new Place(target(), version, 'tcp')
      const transport = new CuttingTransport(place.url(), version, { direction: exchanged[direction], type })
      const subscriber = await place.open({ transport, clientId: place.clientId('sub'), cleanStart: false })
      const subscription = await subscriber.subscribe(place.topic('a'), { qos, bufferMax: 10_000 })
      const publisher = await place.open()
      const texts = Array.from({ length: 20 }, (_, index) => String(index))

      for (const text of texts) await publisher.publish(place.topic('a'), text, { qos })
      await publisher.publish(place.topic('a'), 'end', { qos })
      const received = await textsUntil('end', subscription)
      await transport.cutMade

      expect([...new Set(received)]).toEqual(texts)
      if (qos === 2) expect(received).toEqual(texts)
    },
  )
}
