import { expect, test } from 'vitest'
import { DiskStore } from '../../src/store/disk-store.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { puback, publishPacket, subscribePacket } from '../support/packets.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { persistent, Stage } from '../support/stage.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

const messageCount = 3_000

/** Members of a group that are away, and 3 000 messages that wait with them on the disk. */
async function setUp(...members: string[]) {
  const runtime = new VirtualRuntime()
  const engine = new MemoryEngine()
  const open = (on: MemoryEngine) => {
    const store = new DiskStore({ engine: on, runtime, log: new RecordingLog(), durability: 'always' })
    return new Stage({ runtime, store })
  }
  const stage = open(engine)
  for (const clientId of members) {
    const member = await stage.connect(persistent(5, clientId))
    member.send(subscribePacket(1, [{ filter: '$share/g/t', qos: 1 }]))
    await member.next()
    member.drop()
  }
  const publisher = await stage.connect({ clientId: 'publisher' })
  for (let index = 0; index < messageCount; index++) {
    publisher.send(publishPacket('t', `${index}`, { qos: 1, packetId: (index % 100) + 1 }))
    if (index % 100 === 99) await publisher.take(100)
  }
  await stage.advance(6_000)
  return { stage, engine, open }
}

/** Connects as a member of the group, and takes all that comes. */
async function drain(stage: Stage, clientId: string): Promise<string[]> {
  const member = await stage.connect(persistent(5, clientId))
  member.send(subscribePacket(1, [{ filter: '$share/g/t', qos: 1 }]))
  await stage.advance(100)
  const payloads: string[] = []
  for (let texts = await member.upToNow(); texts.length > 0; texts = await member.upToNow()) {
    for (const text of texts) {
      const [, payload, packetId] = /^PUBLISH t '(\d+)' qos 1 id (\d+)/.exec(text) ?? []
      if (payload === undefined) continue
      payloads.push(payload)
      member.send(puback(Number(packetId)))
    }
    await stage.advance(100)
  }
  return payloads
}

const all = Array.from({ length: messageCount }, (_, index) => `${index}`).toSorted()

test('what waits on the disk with a member that is away goes to one that comes', async () => {
  const { stage } = await setUp('away')

  expect((await drain(stage, 'member')).toSorted()).toEqual(all)
})

test('what waited on the disk with a member whose Session ends goes to the others, and its name is free at once', async () => {
  const { stage } = await setUp('gone', 'other')
  const again = await stage.connect({ clientId: 'gone', cleanStart: true })
  await stage.advance(6_000)

  expect(await again.upToNow()).toEqual([])
  expect((await drain(stage, 'other')).toSorted()).toEqual(all)
})

test('it goes to them in a later run of the broker, if this one crashes first', async () => {
  const { stage, engine, open } = await setUp('gone', 'other')
  engine.holdsReads = true
  await stage.connect({ clientId: 'gone', cleanStart: true })

  const next = open(engine.afterKill())

  expect((await drain(next, 'other')).toSorted()).toEqual(all)
  await next.advance(6_000)
  expect(next.broker.stats().sessions).toBe(1)
})
