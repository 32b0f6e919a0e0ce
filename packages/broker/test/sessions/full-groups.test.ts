import { expect, test } from 'vitest'
import type { QueuePolicy } from '../../src/index.ts'
import { drain, publishOn, receiverOn } from '../support/full-queue.ts'
import { publishPacket } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { v5 } from '../support/versions.ts'

const shared = (filter: string) => [{ filter: `$share/g/${filter}`, qos: 1 as const }]

/** Members `one` and `two`, of which each can have one message in flight and `room` waiting. */
async function groupOn(queuePolicy: QueuePolicy, room: number) {
  const limits = { inFlightMessagesMax: 1, queuedMessagesMax: room }
  const stage = new Stage({ queuePolicy, limits, routing: { sharedStrategy: 'sticky' } })
  const one = await receiverOn(stage, 'one', v5, shared('a'))
  const two = await receiverOn(stage, 'two', v5, shared('a'))
  const publisher = await stage.connect({ clientId: 'publisher' })
  const publish = (packetId: number) =>
    publishOn(stage, publisher, publishPacket('a', String(packetId), { qos: 1, packetId }))
  return { stage, one, two, publish }
}

test.each(['drop-oldest', 'reject-publisher', 'disconnect'] as const)(
  'with %s a group goes on while one of its members has room, also one that is away',
  async queuePolicy => {
    const { stage, one, two, publish } = await groupOn(queuePolicy, 2)
    two.drop()
    await stage.settle()

    for (let packetId = 1; packetId <= 5; packetId++) expect(await publish(packetId)).toEqual([`PUBACK ${packetId}`])

    expect(stage.broker.stats().drops).toMatchObject({ queueFull: 0, rejected: 0 })
    expect(one.state).toBe('open')
    const back = await stage.connect(persistent(5, 'two'))
    const payloads = [...(await drain(stage, one)), ...(await drain(stage, back))]
    expect(payloads.toSorted()).toEqual(['1', '2', '3', '4', '5'])
  },
)

test('with reject-publisher a message is refused when no member has room; the group is named', async () => {
  const { stage, one, two, publish } = await groupOn('reject-publisher', 1)
  for (let packetId = 1; packetId <= 4; packetId++) expect(await publish(packetId)).toEqual([`PUBACK ${packetId}`])

  expect(await publish(5)).toEqual(['PUBACK 5 97'])

  expect(stage.log.entries.at(-1)!.fields).toMatchObject({ receiver: '$share/g/a' })
  expect([...(await drain(stage, one)), ...(await drain(stage, two))].toSorted()).toEqual(['1', '2', '3', '4'])
  expect(await publish(6)).toEqual(['PUBACK 6'])
})

test('what a member leaves behind does not push messages of a full member out', async () => {
  const { stage, one, two, publish } = await groupOn('drop-oldest', 1)
  for (let packetId = 1; packetId <= 4; packetId++) await publish(packetId)

  one.drop()
  await stage.settle()

  expect(stage.broker.stats().drops.queueFull).toBe(0)
  const payloads = await drain(stage, two)
  const back = await stage.connect(persistent(5, 'one'))
  expect([...payloads, ...(await drain(stage, back))].toSorted()).toEqual(['1', '2', '3', '4'])
})

test('two groups with a common member never promise its last place twice', async () => {
  const limits = { inFlightMessagesMax: 1, queuedMessagesMax: 1 }
  const stage = new Stage({ queuePolicy: 'reject-publisher', limits })
  await receiverOn(stage, 'both', v5, [...shared('a'), { filter: '$share/h/a', qos: 1 }])
  const publisher = await stage.connect({ clientId: 'publisher' })

  const first = await publishOn(stage, publisher, publishPacket('a', '1', { qos: 1, packetId: 1 }))
  const second = await publishOn(stage, publisher, publishPacket('a', '2', { qos: 1, packetId: 2 }))

  expect([first, second]).toEqual([['PUBACK 1'], ['PUBACK 2 97']])
  expect(stage.broker.stats().drops.queueFull).toBe(0)
})
