import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sharedStrategies } from '../../src/index.ts'
import { DeferredStore } from '../support/deferred-store.ts'
import { answer, drain, drainReceiver, fullQueue, offline5, publishOn, receiverOn } from '../support/full-queue.ts'
import { publishPacket, pubrel, subscribePacket, willOf } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { v5, versions } from '../support/versions.ts'

test.each(versions)('in %s neither retains what it refuses nor clears what is retained', async version => {
  const { stage, publisher } = await fullQueue('reject-publisher', { ...offline5, version })
  const other = await stage.connect({ clientId: 'other' })
  other.send(publishPacket('a', 'kept', { retain: true }))
  await other.upToNow()

  publisher.send(publishPacket('a', 'n', { qos: 1, packetId: 9, retain: true }))
  await stage.settle()
  other.send(publishPacket('a', '', { qos: 1, packetId: 9, retain: true }))
  await other.upToNow()

  other.send(subscribePacket(1, ['a']))
  expect((await other.upToNow()).slice(1)).toEqual(["PUBLISH a 'kept' retain"])
})

test.each([1, 2] as const)('refuses at QoS %d before the store is told of anything', async qos => {
  const store = new DeferredStore()
  const limits = { queuedMessagesMax: 1 }
  const stage = new Stage({ queuePolicy: 'reject-publisher', limits, store })
  const settled = async () => {
    await stage.settle()
    store.settle()
    await stage.settle()
  }
  for (const clientId of ['full', 'publisher']) {
    const client = await stage.dial(persistent(5, clientId))
    client.send(subscribePacket(1, [{ filter: clientId === 'full' ? 'a' : 'b', qos: 1 }]))
    await settled()
    client.drop()
    await settled()
  }
  const publisher = await stage.dial(persistent(5, 'publisher'))
  publisher.send(publishPacket('a', '1', { qos, packetId: 1 }))
  await settled()
  publisher.takeAll()
  const before = store.openCount

  publisher.send(publishPacket('a', '2', { qos, packetId: 2, retain: true }))

  expect(await publisher.upToNow()).toEqual([answer(qos, 2, ' 97')])
  expect([before, store.openCount]).toEqual([0, 0])
})

test('leaves other topics alone, and those who only take QoS 0', async () => {
  const { stage, publish } = await fullQueue('reject-publisher', offline5)
  const other = await stage.connect({ clientId: 'other' })
  other.send(subscribePacket(1, ['b']))
  await other.next()

  expect(await publish('n', 9, 'b')).toEqual(['PUBACK 9'])
  expect(await publish('n', 10, 'live')).toEqual(['PUBACK 10'])
  expect(other.takeAll()).toEqual(["PUBLISH b 'n'"])
})

test('keeps a message from its own publisher by No Local without asking for room', async () => {
  const { stage, publisher, publish } = await fullQueue('reject-publisher', offline5)
  const own = { filter: 'own', qos: 1 as const, noLocal: true }
  publisher.send(subscribePacket(1, [own, { filter: 'loop', qos: 1 }]))
  for (const packetId of [1, 2, 3]) await publish(String(packetId), packetId, 'loop')
  await stage.settle()

  expect(await publish('n', 9, 'own')).toEqual(['PUBACK 9 10'].map(() => expect.stringMatching(/^PUBACK 9/)))
  expect(await publish('n', 10, 'loop')).toEqual(['PUBACK 10 97'])
})

test('a Will, which nobody could be refused, makes room for itself', async () => {
  const { stage } = await fullQueue('reject-publisher', offline5)
  const client = await stage.connect({ clientId: 'mortal', will: willOf('a', 'w', { qos: 1 }) })

  client.drop()
  await stage.settle()

  expect(stage.broker.stats().drops).toMatchObject({ queueFull: 1, rejected: 0 })
  expect(await drainReceiver(stage, v5)).toEqual(['2', 'w'])
})

test('counts the copies that come to one Session by several ways: all find a place, or none', async () => {
  const limits = { queuedMessagesMax: 3, inFlightMessagesMax: 1 }
  const stage = new Stage({ queuePolicy: 'reject-publisher', limits, routing: { overlapping: 'each' } })
  const both = [
    { filter: 'a', qos: 1 as const },
    { filter: '+', qos: 1 as const },
    { filter: '$share/g/a', qos: 1 as const },
  ]
  const receiver = await receiverOn(stage, 'receiver', v5, both)
  const publisher = await stage.connect({ clientId: 'publisher' })
  const publish = (packetId: number) => publishOn(stage, publisher, publishPacket('a', 'x', { qos: 1, packetId }))

  const answers = [await publish(1), await publish(2)] // one in flight and two that wait, then three more are too many

  expect(answers).toEqual([['PUBACK 1'], ['PUBACK 2 97']])
  expect(stage.broker.stats().drops.queueFull).toBe(0)
  expect(await drain(stage, receiver)).toEqual(['x', 'x', 'x'])
})

test.each([
  [2, 'PUBACK 9 97', ['1']],
  [3, 'PUBACK 9', ['1', 'live']],
])(
  'counts the retained message that must go first: of %d places one is taken, and the answer is %s',
  async (queuedMessagesMax, expected, payloads) => {
    const limits = { queuedMessagesMax, inFlightMessagesMax: 1 }
    const stage = new Stage({ queuePolicy: 'reject-publisher', limits })
    const publisher = await stage.connect({ clientId: 'publisher' })
    const publish = (topic: string, payload: string, packetId: number, retain = false) =>
      publishOn(stage, publisher, publishPacket(topic, payload, { qos: 1, packetId, retain }))
    for (const topic of ['r/0', 'r/1', 'r/2']) await publish(topic, topic, 1, true)
    const both = ['a', 'r/+'].map(filter => ({ filter, qos: 1 as const }))
    const receiver = await receiverOn(stage, 'receiver', v5, both)
    await publish('a', '1', 2)

    expect(await publish('r/2', 'live', 9)).toEqual([expected])

    expect(stage.broker.stats().drops.queueFull).toBe(0)
    const received = await drain(stage, receiver)
    expect(received.toSorted()).toEqual([...payloads, 'r/0', 'r/1', 'r/2'].sort())
    expect(received.indexOf('r/2')).toBeGreaterThan(-1)
  },
)

test('with a message that fits no queue, whoever can be sent it at once gets it', async () => {
  const stage = new Stage({ queuePolicy: 'reject-publisher', limits: { queuedBytesMax: 100 } })
  const receiver = await receiverOn(stage, 'receiver')
  const publisher = await stage.connect({ clientId: 'publisher' })

  publisher.send(publishPacket('a', 'x'.repeat(100), { qos: 1, packetId: 1 }))

  expect(await publisher.upToNow()).toEqual(['PUBACK 1'])
  expect(await drain(stage, receiver)).toEqual(['x'.repeat(100)])
})

test('ends the connection of a publisher of 3.1.1, whose Will is published and whose QoS 2 identifier is free again', async () => {
  const { stage } = await fullQueue('reject-publisher', offline5)
  const watcher = await stage.connect({ clientId: 'watcher' })
  watcher.send(subscribePacket(1, ['will']))
  await watcher.next()
  const fields = { ...persistent(4, 'old'), will: willOf('will', 'gone') }
  const old = await stage.connect(fields)

  old.send(publishPacket('a', 'n', { qos: 2, packetId: 7 }), publishPacket('live', 'after'))
  expect(await old.closing()).toEqual([])
  await stage.settle()

  expect(await watcher.upToNow()).toEqual(["PUBLISH will 'gone'"])
  const receiver = await stage.connect(persistent(5, 'receiver'))
  await drain(stage, receiver)
  const again = await stage.connect(fields)
  again.send(publishPacket('a', 'n', { qos: 2, packetId: 7, dup: true }))
  expect(await again.upToNow()).toEqual(['PUBREC 7'])
  expect(await drain(stage, receiver)).toEqual(['n'])
})

test('a refused message whose PUBACK was lost comes after those that were accepted meanwhile, as one that is published anew', async () => {
  const { stage, publish } = await fullQueue('reject-publisher', offline5)
  await publish('first', 9)
  const receiver = await stage.connect(persistent(5, 'receiver'))
  await drain(stage, receiver)

  await publish('second', 10)
  await publish('first', 9)

  expect(await drain(stage, receiver)).toEqual(['second', 'first'])
})

const filters = ['a', '+', '$share/g/a', '$share/h/+']
const members = fc.array(fc.subarray(filters, { minLength: 1 }), { minLength: 1, maxLength: 4 })
const member = fc.nat(3)
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), qos: fc.constantFrom(1 as const, 2 as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('come or go' as const), member }) },
)

test('whoever subscribes how, comes and goes: what was accepted is never dropped, and what was refused never comes', async () => {
  const world = fc.record({
    members,
    list: fc.array(happening, { maxLength: 30 }),
    overlapping: fc.constantFrom('each' as const, 'merged' as const),
    sharedStrategy: fc.constantFrom(...sharedStrategies),
    queuedMessagesMax: fc.integer({ min: 1, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(world, async ({ members, list, overlapping, sharedStrategy, queuedMessagesMax }) => {
      const stage = new Stage({
        queuePolicy: 'reject-publisher',
        routing: { overlapping, sharedStrategy },
        limits: { inFlightMessagesMax: 1, queuedMessagesMax },
      })
      const clients = new Map<number, Awaited<ReturnType<typeof receiverOn>>>()
      for (const [index, own] of members.entries()) {
        const requests = own.map(filter => ({ filter, qos: 2 as const }))
        clients.set(index, await receiverOn(stage, `client ${index}`, v5, requests))
      }
      const publisher = await stage.connect({ clientId: 'publisher' })
      const accepted = new Set<string>()
      const came = new Set<string>()
      const connect = async (index: number) => {
        const client = clients.get(index) ?? (await stage.connect(persistent(5, `client ${index}`)))
        clients.set(index, client)
        return client
      }

      for (const [number, step] of list.entries()) {
        if (step.kind === 'publish') {
          const publish = publishPacket('a', `${number}`, { qos: step.qos, packetId: 1 })
          const [answered] = await publishOn(stage, publisher, publish)
          if (answered === answer(step.qos, 1, '')) accepted.add(`${number}`)
          if (step.qos === 2) await publishOn(stage, publisher, pubrel(1))
          continue
        }
        const index = step.member % members.length
        const client = clients.get(index)
        if (step.kind === 'drain' && client !== undefined)
          for (const payload of await drain(stage, client)) came.add(payload)
        if (step.kind === 'come or go' && client === undefined) await connect(index)
        if (step.kind === 'come or go') client?.drop()
        if (step.kind === 'come or go' && client !== undefined) clients.delete(index)
        await stage.settle()
      }
      expect(stage.broker.stats().drops.queueFull).toBe(0)
      for (let round = 0; round < 3; round++) {
        for (const index of members.keys())
          for (const payload of await drain(stage, await connect(index))) came.add(payload)
      }

      expect([...came].toSorted()).toEqual([...accepted].toSorted())
      expect(stage.broker.stats().drops.queueFull).toBe(0)
    }),
    { numRuns: 60 },
  )
}, 60_000)
