import { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { faultyStore } from '../../packages/broker/test/support/faulty-store.ts'
import {
  connectPacket,
  pubcomp,
  publishPacket,
  pubrec,
  pubrel,
  subscribePacket,
  unsubscribePacket,
  willOf,
} from '../../packages/broker/test/support/packets.ts'
import { persistent, Stage } from '../../packages/broker/test/support/stage.ts'
import type { ToldChange } from '../../packages/broker/test/support/told-changes.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'

/** Two Clients that have nothing to do with the one whose packets meet a fault, and that must not notice. */
async function bystanders(stage: Stage) {
  const subscriber = await stage.connect({ clientId: 'bystander', keepAlive: 600 })
  subscriber.send(subscribePacket(1, ['calm/#']))
  await subscriber.next()
  const publisher = await stage.connect({ clientId: 'other bystander', keepAlive: 600 })
  return async () => {
    publisher.send(publishPacket('calm/sea', 'x', { qos: 1, packetId: 1 }))
    await publisher.next()
    return subscriber.upToNow()
  }
}

type Send = (client: Awaited<ReturnType<Stage['connect']>>, stage: Stage) => void | Promise<void>

/** What makes a connected Client with a Session that is kept tell the store of each kind of change. */
const provocations: [change: ToldChange, provoke: Send][] = [
  ['saveSubscription', client => client.send(subscribePacket(1, ['a']))],
  ['deleteSubscription', client => client.send(subscribePacket(1, ['a']), unsubscribePacket(2, ['a']))],
  ['acceptIncoming', client => client.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }))],
  ['releaseIncoming', client => client.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }), pubrel(1))],
  ['saveRetained', client => client.send(publishPacket('a', 'x', { retain: true }))],
  [
    'enqueue',
    client =>
      client.send(subscribePacket(1, [{ filter: 'a', qos: 1 }]), publishPacket('a', 'x', { qos: 1, packetId: 1 })),
  ],
  [
    'dequeue',
    async (client, stage) => {
      client.send(subscribePacket(1, [{ filter: 'a', qos: 1 }]), publishPacket('a', 'x', { qos: 1, packetId: 1 }))
      await stage.settle()
      client.send('40 02 0001')
    },
  ],
  [
    'release',
    async (client, stage) => {
      client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]), publishPacket('a', 'x', { qos: 2, packetId: 1 }))
      await stage.settle()
      client.send(pubrec(1))
    },
  ],
  ['saveSession', client => client.drop()],
]

describe.each(versions)('in %s', ({ version }) => {
  test.each(provocations)(
    'a fault in %s ends the connection whose packet met it, and no other',
    async (change, provoke) => {
      let isArmed = false
      const store = faultyStore(told => isArmed && told === change)
      const stage = new Stage({ store })
      const observe = await bystanders(stage)
      const client = await stage.connect(persistent(version, 'client'))

      isArmed = true
      await provoke(client, stage)
      await stage.settle()
      isArmed = false

      expect(client.state).not.toBe('open')
      expect(await observe()).toEqual(["PUBLISH calm/sea 'x'"])
      expect(stage.log.lines('error').length).toBeGreaterThan(0)
      const again = await stage.dial({ ...persistent(version, 'client'), cleanStart: true })
      expect(await again.next()).toBe('CONNACK 00')
    },
  )

  test('[MQTT-4.3.3-8] a QoS 2 message that met a fault has not been taken on: sent again, it arrives', async () => {
    let isArmed = true
    const stage = new Stage({ store: faultyStore(change => isArmed && change === 'acceptIncoming') })
    const watcher = await stage.connect({ clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['t']))
    await watcher.next()
    const client = await stage.connect(persistent(version, 'client'))
    client.send(publishPacket('t', 'x', { qos: 2, packetId: 7 }))
    await client.closing()

    isArmed = false
    const again = await stage.connect(persistent(version, 'client'))
    again.send(publishPacket('t', 'x', { qos: 2, packetId: 7, dup: true }), pubrel(7))

    expect(await again.upToNow()).toEqual(['PUBREC 7', 'PUBCOMP 7'])
    expect(await watcher.upToNow()).toEqual(["PUBLISH t 'x'"])
  })

  test('a fault in every change of a Client ends its connection, however it goes, and no other', async () => {
    const store = faultyStore(
      (_, subject) => subject === 'client' || (subject as { clientId?: string })?.clientId === 'client',
    )
    const stage = new Stage({ store })
    const observe = await bystanders(stage)

    const client = await stage.dial(persistent(version, 'client'))

    expect(client.state).not.toBe('open')
    await stage.advance(5_000)
    expect(await observe()).toEqual(["PUBLISH calm/sea 'x'"])
    expect(stage.broker.stats()).toMatchObject({ connections: 2, sessions: 2 })
  })

  test('a fault while a Will is published ends nothing else', async () => {
    const store = faultyStore((change, subject) => change === 'saveRetained' && subject === 'w')
    const stage = new Stage({ store })
    const observe = await bystanders(stage)
    const will = willOf('w', 'gone', { retain: true })
    const [client, silent] = [
      await stage.connect({ protocolVersion: version, clientId: 'client', will }),
      await stage.connect({ protocolVersion: version, clientId: 'silent', will, keepAlive: 10 }),
    ]

    client.drop()
    await stage.settle()
    await stage.advance(16_000)

    expect([client.state, silent.state]).toEqual(['closed', 'closed'])
    expect(await observe()).toEqual(["PUBLISH calm/sea 'x'"])
    expect(stage.broker.stats().connections).toBe(2)
  })

  test('a stream that throws when it is written to is closed, and what others get in that turn reaches them', async () => {
    const stage = new Stage()
    const observe = await bystanders(stage)
    let isArmed = false
    const broken = new Duplex({
      read() {},
      write(_chunk, _encoding, callback) {
        if (isArmed) throw new Error('a fault of the application')
        callback()
      },
    })
    await stage.broker.attach(broken)
    const encoder = await stage.open(version)
    const connect = connectPacket({ protocolVersion: version, clientId: 'broken', keepAlive: 600 })
    broken.push(Buffer.from(encoder.encode([connect, subscribePacket(1, ['calm/#'])])))
    await stage.settle()
    const late = await stage.connect({ protocolVersion: version, clientId: 'late', keepAlive: 600 })
    late.send(subscribePacket(1, ['calm/#']))
    await late.next()

    isArmed = true
    const seen = await observe()

    expect(seen).toEqual(["PUBLISH calm/sea 'x'"])
    expect(await late.upToNow()).toEqual(["PUBLISH calm/sea 'x'"])
    expect(broken.destroyed).toBe(true)
  })
})

/** A day in the life of three Clients that makes use of everything a store is told. */
async function play(stage: Stage): Promise<void> {
  const will = willOf('w', 'gone', { retain: true, qos: 1 })
  const [first, second] = [
    await stage.dial({ ...persistent(5, 'first'), will }),
    await stage.dial(persistent(4, 'second')),
  ]
  first.send(
    subscribePacket(1, [
      { filter: 't/#', qos: 2 },
      { filter: 'w', qos: 1 },
    ]),
  )
  second.send(subscribePacket(1, [{ filter: 't/#', qos: 1 }]), publishPacket('t/r', 'x', { retain: true }))
  await stage.settle()
  second.send(publishPacket('t/1', 'x', { qos: 2, packetId: 1 }), pubrel(1), publishPacket('t/r', '', { retain: true }))
  await stage.settle()
  first.send(pubrec(1), pubcomp(1), '40 02 0001', unsubscribePacket(2, ['t/#']))
  await stage.settle()
  second.drop()
  await stage.settle()
  const third = await stage.dial({ ...persistent(4, 'second') })
  third.send(publishPacket('t/2', 'x', { qos: 1, packetId: 2 }), '40 02 0001', 'e0 00')
  first.drop()
  await stage.advance(2_000)
  const fourth = await stage.dial({ ...persistent(5, 'first'), cleanStart: true })
  fourth.drop()
  await stage.advance(2_000)
}

test('whichever change of a busy day meets a fault, the broker goes on serving everybody else', async () => {
  let calls = 0
  let faultAt = Number.POSITIVE_INFINITY
  const counting = new Stage({ store: faultyStore(() => ++calls === faultAt) })
  await play(counting)
  const total = calls
  const unserved: number[] = []

  for (faultAt = 1; faultAt <= total; faultAt++) {
    calls = 0
    const stage = new Stage({ store: faultyStore(() => ++calls === faultAt) })
    const observe = await bystanders(stage)
    await play(stage)
    const seen = await observe()
    if (seen.join() !== "PUBLISH calm/sea 'x'" || stage.broker.stats().connections !== 2) unserved.push(faultAt)
  }

  expect(total).toBeGreaterThan(20)
  expect(unserved).toEqual([])
})
