import { type Packet, PublishForms } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { Acknowledgements } from '../../src/connection/acknowledgements.ts'
import { Output } from '../../src/connection/output.ts'
import { ConnectionCounters } from '../../src/connection/services.ts'
import { Turn } from '../../src/connection/turn.ts'
import { WriterPool } from '../../src/connection/writer-pool.ts'
import { StoreAnswers } from '../../src/sessions/store-answers.ts'
import { DeferredStore } from '../support/deferred-store.ts'
import { FakeStream } from '../support/fake-stream.ts'
import { pingreq, publishPacket, pubrel, subscribePacket, unsubscribePacket } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { type Version, v5, versions } from '../support/versions.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

/** A broker on a store that settles when told to, with a Client whose Session is kept. */
async function setUp({ version }: Version) {
  const store = new DeferredStore()
  const stage = new Stage({ store, limits: { receiveMaximum: 65_535 } })
  const fields = { ...persistent(version, 'client'), keepAlive: 60 }
  const dial = async (more: object = {}) => {
    const client = await stage.dial({ ...fields, ...more })
    return client
  }
  const settle = async (count?: number) => {
    store.settle(count)
    await stage.settle()
  }
  const client = await dial()
  await settle()
  await client.next()
  return { store, stage, fields, dial, settle, client }
}

const stored: [what: string, packets: Packet[], answer: string][] = [
  ['[MQTT-4.3.3-8] PUBREC', [publishPacket('$x', 'x', { qos: 2, packetId: 7 })], 'PUBREC 7'],
  ['PUBACK of a retained message', [publishPacket('$x', 'x', { qos: 1, packetId: 7, retain: true })], 'PUBACK 7'],
  ['[MQTT-3.8.4-1] SUBACK', [subscribePacket(7, ['a'])], 'SUBACK 7 00'],
]
describe.each(versions)('in %s', version => {
  const is5 = version === v5

  test.each(stored)('%s leaves when what it says is stored, not before', async (_, packets, answer) => {
    const { client, stage, settle } = await setUp(version)

    client.send(...packets)
    await stage.advance(10_000)
    expect(client.takeAll()).toEqual([])
    await settle()

    expect(client.takeAll()).toEqual([answer.startsWith('PUB') && is5 ? `${answer} 10` : answer])
  })

  test('PUBLISH of QoS 2, PUBREL, PUBCOMP and UNSUBACK wait for the store as well', async () => {
    const { client, stage, settle } = await setUp(version)
    client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]))
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 7 }))
    await stage.settle()
    expect(client.takeAll()).toEqual([])
    await settle()
    // A QoS 2 message waits too: after a crash its Packet Identifier would be another message's.
    expect(client.takeAll()).toEqual(["PUBLISH a 'x' qos 2 id 1", 'SUBACK 1 02', 'PUBREC 7'])

    client.send('50 02 0001', pubrel(7), unsubscribePacket(2, ['a']))
    await stage.advance(10_000)
    expect(client.takeAll()).toEqual([])
    await settle()

    expect(client.takeAll()).toEqual(['PUBREL 1', 'PUBCOMP 7', is5 ? 'UNSUBACK 2 00' : 'UNSUBACK 2'])
  })

  test('an answer does not leave with an earlier one of its turn that waits for less', async () => {
    const { client, dial, stage, settle } = await setUp(version)
    const other = await dial({ clientId: 'other' })
    client.send(publishPacket('t', 'x', { qos: 2, packetId: 1 }))
    await settle()
    await settle()
    client.takeAll()
    other.takeAll()
    other.send(publishPacket('t', 'x', { qos: 2, packetId: 9 }))
    await stage.settle()

    client.send(
      publishPacket('t', 'x', { qos: 2, packetId: 1, dup: true }),
      publishPacket('t', 'x', { qos: 2, packetId: 2 }),
    )
    await stage.settle()
    await settle(1)
    expect([client.takeAll(), other.takeAll()]).toEqual([[], [is5 ? 'PUBREC 9 10' : 'PUBREC 9']])
    await settle()

    expect(client.takeAll()).toEqual(['PUBREC 1', is5 ? 'PUBREC 2 10' : 'PUBREC 2'])
  })

  test('answers of one turn leave together, those of several turns in their order as each is stored', async () => {
    const { client, stage, settle } = await setUp(version)
    const nobody = is5 ? ' 10' : ''
    for (const packetId of [1, 2, 3]) {
      const exactlyOnce = publishPacket('t', 'x', { qos: 2, packetId })
      client.send(exactlyOnce, publishPacket('t', 'x', { qos: 1, packetId: packetId + 10 }))
      await stage.settle()
    }
    const arrivals: string[][] = []

    for (let round = 0; round < 3; round++) {
      await settle(1)
      arrivals.push(client.takeAll())
    }

    expect(arrivals).toEqual([1, 2, 3].map(id => [`PUBREC ${id}${nobody}`, `PUBACK ${id + 10}${nobody}`]))
  })

  test('what says nothing about the store does not wait for it', async () => {
    const { client, stage } = await setUp(version)
    const other = await stage.connect({ protocolVersion: version.version, clientId: 'other', keepAlive: 60 })
    other.send(publishPacket('t', 'x', { qos: 1, packetId: 5 }))
    await stage.settle()
    const before = other.takeAll()
    client.send(publishPacket('t', 'x', { qos: 2, packetId: 7 }), pingreq)
    await stage.settle()

    expect(before).toEqual([is5 ? 'PUBACK 5 10' : 'PUBACK 5'])
    expect(client.takeAll()).toEqual(['PINGRESP'])
  })

  test('[MQTT-3.2.0-1] [MQTT3-3.2.0-1] nothing overtakes a CONNACK that waits for the store', async () => {
    const { client, stage, dial, settle } = await setUp(version)
    client.send(subscribePacket(1, [{ filter: '#', qos: 1 }]))
    await stage.settle()
    await settle()
    client.drop()
    await stage.settle()
    await settle()
    const publisher = await stage.connect({ clientId: 'publisher', keepAlive: 60 })
    publisher.send(publishPacket('t', 'queued', { qos: 1, packetId: 1 }))
    await stage.settle()
    await settle()

    const back = await dial()
    publisher.send(publishPacket('t', 'live'), publishPacket('t', 'live', { qos: 1, packetId: 2 }))
    back.send(pingreq, subscribePacket(2, ['a']))
    await stage.advance(1_000)
    expect(back.takeAll()).toEqual([])
    await settle()
    await settle()

    const arrived = back.takeAll()
    expect(arrived[0]).toBe('CONNACK 00 session-present')
    expect(arrived.slice(1).sort()).toEqual([
      'PINGRESP',
      "PUBLISH t 'live'",
      "PUBLISH t 'live' qos 1 id 2",
      "PUBLISH t 'queued' qos 1 id 1",
      'SUBACK 2 00',
    ])
  })

  test('the CONNACK of a Client whose Session has expired waits until that is stored: it would come back after a crash', async () => {
    const { client, stage, settle } = await setUp(version)
    client.drop()
    await stage.settle()
    await settle()
    await stage.advance(8 * 86_400_000) // longer than any Session is kept

    const anew = await stage.dial({ protocolVersion: version.version, clientId: 'client', keepAlive: 60 })
    await stage.settle()
    const before = anew.takeAll()
    await settle()

    expect(before).toEqual([])
    expect(anew.takeAll()).toEqual(['CONNACK 00'])
  })

  test('a store that never settles acknowledges nothing, also when the connection ends', async () => {
    const { client, dial, stage } = await setUp(version)
    client.send(publishPacket('t', 'x', { qos: 2, packetId: 7 }))
    const second = await dial({ clientId: 'second' })
    await stage.settle()

    client.send('e0 00')
    second.send('00 00')

    expect(await client.closing()).toEqual([])
    expect(await second.closing()).toEqual([])
  })

  test('reading stops when too much is held, nothing is lost, and goes on when all is stored', async () => {
    const { client, stage, settle } = await setUp(version)
    const burst = client.encode(
      Array.from({ length: 20_000 }, (_, index) => publishPacket('t', 'x', { qos: 2, packetId: index + 1 })),
    )
    const taken = () => stage.broker.stats().traffic.receivedPublishes
    // 100 is the Receive Maximum of 5.0; each round is acknowledged with PUBREL but not stored.
    const rounds = client.encode(
      Array.from({ length: 20_000 }, (_, index) => [
        publishPacket('t', 'x', { qos: 2, packetId: (index % 50) + 1 }),
        pubrel((index % 50) + 1),
      ]).flat(),
    )
    const bytes = is5 ? rounds : burst

    for (let at = 0; at < bytes.length; at += 16_384) {
      client.wire.write(bytes.subarray(at, at + 16_384))
      await stage.settle()
    }
    const paused = taken()
    expect(paused).toBeLessThan(20_000)
    expect(paused).toBeGreaterThan(5_000)
    while (taken() < 20_000) await settle()
    await settle()

    const answers = client.takeAll()
    expect(answers.filter(text => text.startsWith('PUBREC'))).toHaveLength(20_000)
    expect(client.state).toBe('open')
  })

  test('[MQTT-3.1.2-22] [MQTT3-3.1.2-24] a Client that is not read because of the store is not taken to be silent', async () => {
    const { client, stage, settle } = await setUp(version)
    const burst = client.encode(
      Array.from({ length: 60_000 }, (_, index) =>
        publishPacket('t', 'x', { qos: 1, packetId: (index % 9) + 1, retain: true }),
      ),
    )
    for (let at = 0; at < burst.length; at += 65_536) client.wire.write(burst.subarray(at, at + 65_536))
    await stage.settle()
    expect(stage.broker.stats().traffic.receivedPublishes).toBeLessThan(60_000)

    for (let second = 0; second < 200; second += 20) {
      await stage.advance(20_000)
      client.send(pingreq)
    }
    expect(client.state).toBe('open')
    for (let round = 0; round < 10; round++) await settle()

    expect(client.state).toBe('open')
    expect(client.takeAll().filter(text => text === 'PINGRESP')).toHaveLength(10)
  })

  test.each(['end', 'drop'] as const)(
    'what the %s of a connection changes is committed with its turn',
    async ending => {
      const { client, store, stage } = await setUp(version)
      const before = store.commits

      client[ending]()
      await stage.settle()

      expect(store.commits).toBeGreaterThan(before)
      expect(store.openCount).toBe(1)
    },
  )
})

test('what is answered while a turn ends, before the answers of that turn have been told, overtakes and loses nothing', () => {
  const runtime = new VirtualRuntime()
  const store = new DeferredStore()
  const turn = new Turn(runtime, store, fail)
  const answers = new StoreAnswers(store, () => turn.touch())
  const services = { turn, store, answers, writers: new WriterPool(), publishForms: new PublishForms() }
  const limits = { outputHighWaterBytes: 1_000 }
  const stream = new FakeStream()
  const owner = { onPending: fail, onDrain: fail }
  const output = new Output(stream, owner, { ...services, limits, counters: new ConnectionCounters() })
  const acknowledgements = new Acknowledgements(services, output)
  const answer = (byte: number): void => {
    store.acceptIncoming('client', byte)
    acknowledgements.writer(true).byte(byte)
  }
  turn.flushAtEnd({ flush: () => answer(2) })
  answer(1)

  for (let round = 0; round < 3; round++) {
    runtime.endTurn()
    store.settle()
  }
  runtime.endTurn()

  expect([...stream.written]).toEqual([1, 2])
})

function fail(error?: unknown): never {
  throw error ?? new Error('not expected')
}
