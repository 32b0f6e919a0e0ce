import type { QoS } from '@curlew/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { puback, pubcomp, publishPacket, pubrec, subscribePacket } from '../support/packets.ts'
import type { RawClient } from '../support/raw-client.ts'
import { persistent, Stage, type StageOptions } from '../support/stage.ts'
import { type Version, v5, versions } from '../support/versions.ts'

/** A subscriber at QoS 2 whose Session outlives its connections, and a publisher. */
async function setUp(version: Version, options: StageOptions = {}) {
  const stage = new Stage(options)
  const connect = () => stage.connect(persistent(version.version, 'client'))
  const client = await connect()
  client.send(subscribePacket(1, [{ filter: 't', qos: 2 }]))
  await client.next()
  const publisher = await stage.connect({ clientId: 'publisher' })
  let count = 0
  /** Publishes the next messages, `m1`, `m2`, …, at these QoS. */
  const publish = async (...levels: QoS[]) => {
    for (const qos of levels) {
      publisher.send(
        publishPacket('t', `m${++count}`, { qos, packetId: qos === 0 ? 0 : 9 }),
        qos === 2 ? '62 02 0009' : '',
      )
    }
    await publisher.upToNow()
  }
  const away = async (gone: RawClient) => {
    gone.drop()
    await stage.settle()
  }
  return { stage, connect, client, publish, away }
}

describe.each(versions)('in %s', version => {
  test('[MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1] [MQTT3-4.4.0-1] [MQTT3-4.6.0-1] [MQTT3-3.3.1-1] what was not acknowledged comes again in its order, with DUP, before what waited', async () => {
    const { connect, client, publish, away } = await setUp(version)
    await publish(1, 2, 1, 2)
    client.send(puback(3))
    await client.upToNow()
    await away(client)
    await publish(1, 2)

    const back = await connect()

    expect(await back.upToNow()).toEqual([
      "PUBLISH t 'm1' qos 1 id 1 dup",
      "PUBLISH t 'm2' qos 2 id 2 dup",
      "PUBLISH t 'm4' qos 2 id 4 dup",
      "PUBLISH t 'm5' qos 1 id 5",
      "PUBLISH t 'm6' qos 2 id 6",
    ])
  })

  test('[MQTT-4.3.3-6] [MQTT3-4.3.3-1] after PUBREC it is PUBREL that comes again, never the PUBLISH', async () => {
    const { connect, client, publish, away } = await setUp(version)
    await publish(2, 2, 2)
    client.send(pubrec(2))
    await client.upToNow()
    await away(client)

    const back = await connect()

    const again = await back.upToNow()
    expect(again.filter(text => text.startsWith('PUBREL'))).toEqual(['PUBREL 2'])
    expect(again.filter(text => text.startsWith('PUBLISH'))).toEqual([
      "PUBLISH t 'm1' qos 2 id 1 dup",
      "PUBLISH t 'm3' qos 2 id 3 dup",
    ])
    back.send(pubcomp(2))
    await back.upToNow()
    await away(back)
    expect((await (await connect()).upToNow()).filter(text => text.startsWith('PUBREL'))).toEqual([])
  })

  test('[MQTT3-2.3.1-3] what comes again has its own Packet Identifier, each time', async () => {
    const { connect, client, publish, away } = await setUp(version)
    await publish(1, 2)
    await away(client)

    for (let round = 0; round < 3; round++) {
      const back = await connect()
      expect(await back.upToNow()).toEqual(["PUBLISH t 'm1' qos 1 id 1 dup", "PUBLISH t 'm2' qos 2 id 2 dup"])
      await away(back)
    }
  })

  test('an acknowledgement that comes on the next connection counts', async () => {
    const { connect, client, publish, away } = await setUp(version)
    await publish(1, 2, 2)
    client.send(pubrec(3))
    await client.upToNow()
    await away(client)

    const back = await connect()
    back.send(puback(1), pubrec(2), pubcomp(2), pubcomp(3))
    await back.upToNow()
    await away(back)

    expect(await (await connect()).upToNow()).toEqual([])
  })

  test('what comes again also waits for inFlightMessagesMax, and the others behind it', async () => {
    const { connect, client, publish, away } = await setUp(version, { limits: { inFlightMessagesMax: 3 } })
    await publish(1, 1, 1, 1, 1)
    await away(client)

    const back = await connect()
    expect(await back.upToNow()).toEqual([1, 2, 3].map(index => `PUBLISH t 'm${index}' qos 1 id ${index} dup`))
    back.send(puback(1), puback(2))

    expect(await back.upToNow()).toEqual(["PUBLISH t 'm4' qos 1 id 4", "PUBLISH t 'm5' qos 1 id 5"])
  })

  test('a peer that cannot take everything again gets it in order as it can', async () => {
    const { stage, connect, client, publish, away } = await setUp(version, { limits: { outputHighWaterBytes: 200 } })
    for (let index = 0; index < 20; index++) await publish(((index % 2) + 1) as QoS)
    await away(client)
    const back = await connect()
    back.wire.freeze(0)
    await publish(1, 1)

    back.wire.thaw()
    await stage.settle()

    const payloads = back.takeAll().map(text => text.split(' ')[2])
    expect(payloads).toEqual(Array.from({ length: 22 }, (_, index) => `'m${index + 1}'`))
  })

  test('beyond queuedMessagesMax the oldest that wait go, and are counted; those under way stay', async () => {
    const limits = { inFlightMessagesMax: 2, queuedMessagesMax: 3 }
    const { stage, connect, client, publish, away } = await setUp(version, { limits })
    await publish(1, 1)
    await away(client)
    await publish(1, 2, 1, 2, 1)

    const back = await connect()
    const first = await back.upToNow()
    back.send(puback(1), puback(2))
    await back.upToNow()
    back.send(puback(5), pubrec(6), pubcomp(6))

    expect(first).toEqual(["PUBLISH t 'm1' qos 1 id 1 dup", "PUBLISH t 'm2' qos 1 id 2 dup"])
    expect(await back.upToNow()).toEqual(["PUBLISH t 'm7' qos 1 id 7", 'PUBREL 6'])
    expect(stage.broker.stats().drops.queueFull).toBe(2)
  })

  test('beyond queuedBytesMax the oldest that wait go', async () => {
    const { stage, connect, client, publish, away } = await setUp(version, { limits: { queuedBytesMax: 3 * 67 } })
    await away(client)

    await publish(1, 1, 1, 1, 1)

    const back = await connect()
    expect(await back.upToNow()).toEqual([3, 4, 5].map(index => `PUBLISH t 'm${index}' qos 1 id ${index}`))
    expect(stage.broker.stats().drops.queueFull).toBe(2)
  })
})

test('[MQTT-4.6.0-5] [MQTT3-4.6.0-6] whatever is lost and acknowledged on the way, each message arrives, in order, and QoS 2 once', async () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('publish' as const), qos: fc.constantFrom(1 as const, 2 as const) }),
    fc.record({ kind: fc.constant('acknowledge' as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant('reconnect' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.constantFrom(...versions), async (events, version) => {
      const world = await setUp(version, { limits: { inFlightMessagesMax: 4 } })
      const receiver = new AckingReceiver(world.client)
      let published = 0
      for (const step of events) {
        if (step.kind === 'publish') await world.publish(step.qos)
        if (step.kind === 'publish') published++
        else if (step.kind === 'acknowledge') await receiver.acknowledge(step.count)
        else {
          await receiver.read()
          await world.away(receiver.client)
          receiver.client = await world.connect()
          receiver.forgetConnection()
        }
      }
      while ((await receiver.acknowledge(100)) > 0);

      expect(receiver.firstDeliveries).toEqual(Array.from({ length: published }, (_, index) => `m${index + 1}`))
      expect(receiver.faults).toEqual([])
    }),
    { numRuns: 60 },
  )
})

/** Acknowledges what has come, the oldest first, and keeps the books that a Client must keep. */
class AckingReceiver {
  client: RawClient
  /** Payloads in the order they came for the first time. */
  readonly firstDeliveries: string[] = []
  readonly faults: string[] = []
  /** Answers that are owed on this connection. */
  #owed: string[] = []
  /** Packet Identifiers of QoS 2 messages that have been taken on and not released. */
  readonly #unreleased = new Set<number>()

  constructor(client: RawClient) {
    this.client = client
  }

  forgetConnection(): void {
    this.#owed = []
  }

  async read(): Promise<void> {
    for (const text of await this.client.upToNow()) {
      const [, payload, qos, id, dup] = /^PUBLISH t '(m\d+)' qos (\d) id (\d+)( dup)?$/.exec(text) ?? []
      const released = /^PUBREL (\d+)$/.exec(text)?.[1]
      if (payload !== undefined) this.#receive(payload, Number(qos), Number(id), dup !== undefined)
      else if (released !== undefined) this.#release(Number(released))
      else this.faults.push(`${text} came`)
    }
  }

  /** @returns how many packets were acknowledged */
  async acknowledge(count: number): Promise<number> {
    await this.read()
    const answers = this.#owed.splice(0, count)
    this.client.send(...answers)
    return answers.length
  }

  #receive(payload: string, qos: number, packetId: number, isDuplicate: boolean): void {
    const isNew = !this.firstDeliveries.includes(payload)
    if (isNew && isDuplicate) this.faults.push(`${payload} came with DUP the first time`)
    if (!isNew && !isDuplicate) this.faults.push(`${payload} came again without DUP`)
    const isKnown = this.#unreleased.has(packetId)
    if (qos === 2 && !isNew && !isKnown) this.faults.push(`${payload} came again after it was released`)
    if (qos === 2) this.#unreleased.add(packetId)
    if (isNew) this.firstDeliveries.push(payload)
    const id = packetId.toString(16).padStart(4, '0')
    this.#owed.push(qos === 1 ? `40 02 ${id}` : `50 02 ${id}`)
  }

  #release(packetId: number): void {
    this.#unreleased.delete(packetId)
    this.#owed.push(`70 02 ${packetId.toString(16).padStart(4, '0')}`)
  }
}

test('[MQTT-3.3.2-5] [MQTT-3.3.2-6] a message that waited says how long it has left; one that waited too long is dropped and counted', async () => {
  const stage = new Stage()
  const client = await stage.connect(persistent(5, 'client'))
  client.send(subscribePacket(1, [{ filter: 't', qos: 1 }]))
  await client.next()
  client.drop()
  const publisher = await stage.connect({ clientId: 'publisher', keepAlive: 600 })
  for (const [index, messageExpiryInterval] of [10, 30].entries()) {
    publisher.send(publishPacket('t', `m${index}`, { qos: 1, packetId: 1, properties: { messageExpiryInterval } }))
  }
  await publisher.upToNow()

  await stage.advance(12_500)
  const back = await stage.connect(persistent(5, 'client'))

  expect(await back.upToNow()).toEqual([`PUBLISH t 'm1' qos 1 id 2 {"messageExpiryInterval":18}`])
  expect(stage.broker.stats().drops.expired).toBe(1)
})

test('[MQTT-4.3.3-7] a message that has been sent does not expire any more', async () => {
  const { stage, client, connect, away } = await setUp(v5)
  const publisher = await stage.connect({ clientId: 'other', keepAlive: 600 })
  publisher.send(publishPacket('t', 'x', { qos: 2, packetId: 1, properties: { messageExpiryInterval: 10 } }))
  await publisher.next()
  await client.upToNow()
  await away(client)
  await stage.advance(60_000)

  const [again] = await (await connect()).upToNow()

  expect(again).toMatch(/^PUBLISH t 'x' qos 2 id 1 dup/)
})
