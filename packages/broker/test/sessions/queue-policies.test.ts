import { describe, expect, test } from 'vitest'
import { answer, cases, drain, drainReceiver, fullQueue, publishOn, receiverOn } from '../support/full-queue.ts'
import { publishPacket, subscribePacket, willOf } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { v5 } from '../support/versions.ts'

const warnings = (stage: Stage): string[] => stage.log.lines('warn')

describe.each(cases.map(one => [one.name, one] as const))('%s:', (_, one) => {
  const { version, qos, presence } = one

  test('drop-oldest lets the oldest go, counts it and names the session', async () => {
    const { stage, publish, backlog } = await fullQueue('drop-oldest', one)

    expect(await publish('n', 9)).toEqual([answer(qos, 9, '')])

    expect(stage.broker.stats().drops).toMatchObject({ queueFull: 1, rejected: 0 })
    expect(stage.log.entries.at(-1)).toMatchObject({
      line: 'warn the queue of a session is full: its oldest messages are dropped',
      fields: { clientId: 'receiver' },
    })
    const left = presence === 'online' ? ['0', '2', 'n'] : ['2', 'n']
    expect(await drainReceiver(stage, version)).toEqual(left)
    expect(backlog).toContain('1')
  })

  test('reject-publisher takes the message on for nobody, and refuses it or ends the connection', async () => {
    const { stage, publisher, publish, backlog } = await fullQueue('reject-publisher', one)
    const other = await receiverOn(stage, 'other')

    const answers = await publish('n', 9)

    expect(answers).toEqual(version === v5 ? [answer(qos, 9, ' 97')] : [])
    expect(publisher.state).toBe(version === v5 ? 'open' : 'closed')
    expect(stage.broker.stats().drops).toMatchObject({ queueFull: 0, rejected: 1 })
    expect(stage.log.entries.at(-1)!.fields).toMatchObject({ receiver: 'receiver', publisherId: 'publisher' })
    expect(await drain(stage, other)).toEqual([])
    expect(await drainReceiver(stage, version)).toEqual(backlog)
  })

  test('reject-publisher takes messages again when there is room', async () => {
    const { stage, publish } = await fullQueue('reject-publisher', { ...one, version: v5 })
    await publish('n', 9)
    const back = await stage.connect(persistent(5, 'receiver'))
    await drain(stage, back)

    const answers = await publish('n', 9)

    expect(answers).toEqual([answer(qos, 9, '')])
    expect(await drain(stage, back)).toEqual(['n'])
  })

  test('disconnect ends the connection of a receiver that is there; the Session keeps its queue', async () => {
    const { stage, receiver, publish } = await fullQueue('disconnect', one)
    receiver.takeAll()

    expect(await publish('n', 9)).toEqual([answer(qos, 9, '')])

    const isEvicted = presence === 'online'
    expect(receiver.takeAll()).toEqual(isEvicted && version === v5 ? ['DISCONNECT 97'] : [])
    expect(receiver.state).not.toBe('open')
    expect(stage.broker.stats().drops).toMatchObject({ queueFull: 1, rejected: 0 })
    expect(stage.broker.stats().traffic.evicted).toBe(isEvicted ? 1 : 0)
    expect(warnings(stage).includes('warn the queue of a session is full: its client is disconnected')).toBe(isEvicted)
    expect(await drainReceiver(stage, version)).toEqual(isEvicted ? ['0', '2', 'n'] : ['2', 'n'])
  })

  test.each(['drop-oldest', 'reject-publisher', 'disconnect'] as const)(
    'with %s a message of QoS 0 is none of the queue’s business',
    async queuePolicy => {
      const { stage, publisher } = await fullQueue(queuePolicy, one)
      const other = await receiverOn(stage, 'other')

      publisher.send(publishPacket('a', 'n'))
      await stage.settle()

      expect(other.takeAll()).toEqual(["PUBLISH a 'n'"])
      expect(publisher.state).toBe('open')
      expect(stage.broker.stats().drops).toMatchObject({ queueFull: 0, rejected: 0 })
      expect(stage.broker.stats().traffic.evicted).toBe(0)
    },
  )
})

describe('disconnect', () => {
  test('of a Session that ends with its connection nothing is left', async () => {
    const limits = { inFlightMessagesMax: 1, queuedMessagesMax: 2 }
    const stage = new Stage({ queuePolicy: 'disconnect', limits: { ...limits, sysIntervalMs: 10_000 } })
    const receiver = await stage.connect({ clientId: 'receiver', will: willOf('will', 'gone') })
    receiver.send(subscribePacket(1, [{ filter: 'a', qos: 1 }]))
    await receiver.next()
    const publisher = await stage.connect({ clientId: 'publisher' })
    publisher.send(subscribePacket(1, ['will']))

    const packets = Array.from({ length: 20 }, (_, index) => publishPacket('a', 'x', { qos: 1, packetId: index + 1 }))
    await publishOn(stage, publisher, ...packets)

    expect((await receiver.closing()).at(-1)).toBe('DISCONNECT 97')
    expect(stage.broker.stats()).toMatchObject({ sessions: 1, traffic: { evicted: 1 }, drops: { queueFull: 17 } })
    await stage.advance(10_000)
    publisher.send(subscribePacket(2, ['$SYS/broker/store/messages/count']))
    expect(await publisher.upToNow()).toContain("PUBLISH $SYS/broker/store/messages/count '0' retain")
  })

  test('many who are disconnected in one turn, each by the Will of another, end one after the other', async () => {
    const limits = { inFlightMessagesMax: 1, queuedMessagesMax: 1, connectionsPerAddressMax: 2_000 }
    const stage = new Stage({ queuePolicy: 'disconnect', limits })
    const count = 200
    for (let index = 0; index < count; index++) {
      const will = willOf(`t/${index + 1}`, 'w', { qos: 1 })
      const client = await stage.connect({ ...persistent(5, `client ${index}`), will })
      client.send(subscribePacket(1, [{ filter: `t/${index}`, qos: 1 }]))
    }
    const publisher = await stage.connect({ clientId: 'publisher' })
    const publish = (topic: string, times: number) =>
      publishOn(stage, publisher, ...Array(times).fill(publishPacket(topic, 'x', { qos: 1, packetId: 1 })))
    for (let index = 1; index < count; index++) await publish(`t/${index}`, 2)

    await publish('t/0', 2)
    await publish('t/0', 1)

    expect(stage.broker.stats().traffic.evicted).toBe(count)
    expect(stage.broker.stats().connections).toBe(1)
  })
})

describe('the log', () => {
  test('says ten lines a minute at most, one for each Session, and how many it kept to itself', async () => {
    const stage = new Stage({ limits: { queuedMessagesMax: 1 } })
    for (let index = 0; index < 12; index++) (await receiverOn(stage, `receiver ${index}`)).drop()
    await stage.settle()
    const publisher = await stage.connect({ clientId: 'publisher' })
    const publish = async (packetId: number) => {
      publisher.send(publishPacket('a', 'x', { qos: 1, packetId }))
      await publisher.upToNow()
    }

    for (let packetId = 1; packetId <= 3; packetId++) await publish(packetId)
    expect(warnings(stage)).toHaveLength(10)
    await stage.advance(60_000)
    await publish(4)

    expect(warnings(stage)).toHaveLength(20)
    expect(stage.log.entries[10]!.fields).toEqual({ clientId: 'receiver 0', unsaid: 14 })
    expect(stage.broker.stats().drops.queueFull).toBe(36)
  })
})

test('stats and $SYS say which policy there is', async () => {
  const stage = new Stage({ queuePolicy: 'reject-publisher', limits: { sysIntervalMs: 10_000 } })
  await stage.advance(10_000)
  const client = await stage.connect()

  client.send(subscribePacket(1, ['$SYS/broker/queue/policy', '$SYS/broker/dropped/rejected']))

  expect(await client.upToNow()).toEqual([
    'SUBACK 1 00 00',
    "PUBLISH $SYS/broker/queue/policy 'reject-publisher' retain",
    "PUBLISH $SYS/broker/dropped/rejected '0' retain",
  ])
  expect(stage.broker.stats().queuePolicy).toBe('reject-publisher')
  expect(new Stage().broker.stats().queuePolicy).toBe('drop-oldest')
})
