import { emptyPublishHeader, PublishForms } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { Output } from '../../src/connection/output.ts'
import { ConnectionCounters } from '../../src/connection/services.ts'
import { Turn } from '../../src/connection/turn.ts'
import { WriterPool } from '../../src/connection/writer-pool.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { FakeStream } from '../support/fake-stream.ts'
import { publishPacket, subscribePacket } from '../support/packets.ts'
import { Stage, type StageOptions } from '../support/stage.ts'
import { messageOf } from '../support/subscribers.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

const header = emptyPublishHeader()

const setUp = (outputHighWaterBytes = 1_048_576) => {
  const runtime = new VirtualRuntime()
  const errors: unknown[] = []
  const turn = new Turn(runtime, new MemoryStore(), error => errors.push(error))
  const calls: string[] = []
  const owner = { onPending: () => calls.push('pending'), onDrain: () => calls.push('drain') }
  const counters = new ConnectionCounters()
  const services = {
    writers: new WriterPool(),
    publishForms: new PublishForms(),
    turn,
    limits: { outputHighWaterBytes },
    counters,
  }
  const open = () => {
    const stream = new FakeStream()
    return { stream, output: new Output(stream, owner, services) }
  }
  const publish = (output: Output, payload: string | Uint8Array): void => {
    const bytes = Buffer.from(payload as string)
    output.publish(messageOf('t', '', { bytes, payloadEnd: bytes.length }), header, 4)
  }
  return { runtime, services, errors, calls, publish, open, ...open() }
}

test('what a turn collects leaves with one write when the turn ends', () => {
  const { runtime, stream, output, publish, services } = setUp()

  for (let index = 0; index < 100; index++) publish(output, 'x')
  output.writer().byte(0xd0)
  const before = stream.writes.length
  runtime.endTurn()

  expect([before, stream.writes.length, stream.written.length]).toEqual([0, 1, 601])
  expect([output.sentBytes, services.counters.sentBytes, output.pendingBytes]).toEqual([601, 601, 0])
})

test('an output that fails keeps no other from being written', () => {
  const { runtime, services, errors, open, publish } = setUp()
  const [before, after] = [open(), open()]
  const error = new Error('broken')
  publish(before.output, 'x')
  services.turn.flushAtEnd({
    flush() {
      throw error
    },
  })
  publish(after.output, 'x')

  runtime.endTurn()

  expect([before.stream.writes.length, after.stream.writes.length]).toEqual([1, 1])
  expect(errors).toEqual([error])
})

test('a turn in which nothing is collected writes nothing', () => {
  const { runtime, stream, output } = setUp()
  output.writer()

  runtime.endTurn()
  runtime.endTurn()

  expect(stream.writes).toEqual([])
})

/** A message as it came from the network, whose memory the next read will use again. */
const arrived = (length: number, content: string) =>
  messageOf('t', '', { bytes: Uint8Array.from(Buffer.alloc(length, content)), payloadEnd: length })

/** PUBLISH of 3.1.1 for topic `t`, with at least 16 381 bytes. */
const packetOf = (length: number, content: string): Buffer => {
  const bytes = [
    0x30,
    ((length + 3) & 0x7f) | 0x80,
    (((length + 3) >> 7) & 0x7f) | 0x80,
    (length + 3) >> 14,
    0,
    1,
    0x74,
  ]
  return Buffer.concat([Buffer.from(bytes), Buffer.alloc(length, content)])
}

test('a large payload that somebody keeps is handed over where it is to all receivers, a small one is copied for each', () => {
  const { runtime, stream, output } = setUp()
  const [large, small] = [arrived(16_384, 'L').own(), arrived(16_383, 'S').own()]

  for (const message of [large, small, large]) output.publish(message, header, 4)
  runtime.endTurn()

  const linked = stream.writes.flat().filter(chunk => chunk.buffer === large.bytes.buffer)
  expect(linked.map(({ length }) => length)).toEqual([16_384, 16_384])
  const packets = [packetOf(16_384, 'L'), packetOf(16_383, 'S'), packetOf(16_384, 'L')]
  expect(stream.written.equals(Buffer.concat(packets))).toBe(true)
})

test.each([16_384, 65_536, 65_537, 200_000])(
  'a payload of %d bytes that nobody keeps survives the next read',
  length => {
    const { runtime, stream, output } = setUp()
    const message = arrived(length, 'L')
    const network = message.bytes

    output.publish(message, header, 4)
    output.publish(message, header, 4)
    network.fill(0xff)
    runtime.endTurn()

    expect(message.isKept).toBe(length > 65_536)
    expect(stream.written.equals(Buffer.concat([packetOf(length, 'L'), packetOf(length, 'L')]))).toBe(true)
  },
)

test('more than 128 KiB leave before the turn ends, in order', () => {
  const { runtime, stream, output, publish } = setUp()

  for (let index = 0; index < 300; index++) publish(output, `${index};`.padStart(1_000))
  const early = stream.written.length
  runtime.endTurn()

  expect(early).toBeGreaterThan(128 * 1_024)
  const numbers = stream.written
    .toString('latin1')
    .match(/ +(\d+)/g)
    ?.map(Number)
  expect(numbers).toEqual(Array.from({ length: 300 }, (_, index) => index))
  expect(stream.writes.length).toBeLessThan(5)
})

test('bytes that the host has not taken are left alone, whatever is written later', () => {
  const { runtime, open, publish } = setUp()
  const slow = open()
  slow.stream.room = 3
  const others = Array.from({ length: 5 }, open)
  publish(slow.output, 'kept')
  runtime.endTurn()

  for (let turn = 0; turn < 20; turn++) {
    for (const { output } of others) publish(output, 'XXXXXXXX')
    runtime.endTurn()
  }

  expect(slow.stream.written.toString('latin1')).toBe('0\u0007\u0000\u0001tkept')
})

test('while the host holds bytes, what small turns bring collects, and leaves with one write when they have been taken', () => {
  const { runtime, stream, output, publish } = setUp()
  stream.room = 0
  for (let turn = 0; turn < 1_000; turn++) {
    publish(output, `${turn};`)
    runtime.endTurn()
  }
  const whileHeld = stream.writes.length

  stream.pendingBytes = 0
  stream.room = Number.POSITIVE_INFINITY
  output.resume()

  expect([whileHeld, stream.writes.length, output.pendingBytes]).toEqual([1, 2, 0])
  expect(
    stream.written
      .toString('latin1')
      .match(/\d+(?=;)/g)
      ?.map(Number),
  ).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
})

test('much does not wait for that, nor does anything when the connection ends', () => {
  const { runtime, stream, output, publish } = setUp()
  stream.room = 0
  publish(output, 'x')
  runtime.endTurn()

  publish(output, 'y'.repeat(200_000))
  runtime.endTurn()
  const afterMuch = stream.writes.length
  publish(output, 'z')
  output.end()

  expect([afterMuch, stream.writes.length]).toEqual([2, 3])
})

test('that there is room again is not said while a packet is being written', () => {
  const { runtime, output, publish, calls } = setUp(100)
  output.hold()
  publish(output, 'x'.repeat(200))
  output.release()
  calls.length = 0

  output.writer().utf8String('y'.repeat(150), 'test')
  publish(output, 'z')
  const during = [...calls]
  runtime.endTurn()

  expect([during, calls]).toEqual([[], ['drain']])
})

test('pending bytes are those collected and those the host has not taken', () => {
  const { runtime, stream, output, publish, calls } = setUp()
  stream.room = 5
  publish(output, 'abc')
  expect(output.pendingBytes).toBe(8)
  runtime.endTurn()
  publish(output, 'abc')

  expect(output.pendingBytes).toBe(3 + 8)
  expect(calls).toEqual(['pending'])
})

test('above the high water mark the output is congested until the host has taken it', () => {
  const { runtime, stream, output, publish } = setUp(100)
  stream.room = 0

  publish(output, 'x'.repeat(95))
  runtime.endTurn()
  const atMark = output.isCongested
  publish(output, 'x')
  const above = output.isCongested
  runtime.endTurn()
  stream.pendingBytes = 0

  expect([atMark, above, output.isCongested]).toEqual([false, true, false])
})

test('a single payload above the high water mark congests only as long as the host holds it', () => {
  const { stream, output, publish } = setUp(1_000)

  publish(output, 'x'.repeat(5_000))
  const whenTaken = output.isCongested
  stream.room = 0
  publish(output, 'x'.repeat(5_000))

  expect([whenTaken, output.isCongested]).toEqual([false, true])
})

test('what is held waits for release(), and ending drops it', () => {
  const { runtime, stream, output, publish, open } = setUp()
  const dropped = open()
  for (const held of [output, dropped.output]) {
    held.hold()
    publish(held, 'held')
  }
  runtime.endTurn()
  const before = stream.writes.length
  publish(output, 'later')

  output.release()
  dropped.output.end()
  dropped.output.release()
  runtime.endTurn()

  expect(before).toBe(0)
  expect(stream.written.toString('latin1')).toMatch(/held.*later/s)
  expect([dropped.stream.writes.length, dropped.output.pendingBytes]).toEqual([0, 0])
})

test('what is held counts as pending, so that it stays bounded', () => {
  const { output, publish } = setUp(1_000)
  output.hold()

  publish(output, 'x'.repeat(2_000))

  expect(output.isCongested).toBe(true)
})

/** A Client that subscribes to everything at QoS 0 and 1, and a publisher. */
async function connectPair(options: StageOptions) {
  const stage = new Stage(options)
  const client = await stage.connect()
  client.send(subscribePacket(1, [{ filter: '#', qos: 1 }]))
  await client.next()
  const publisher = await stage.connect({ clientId: 'publisher' })
  return { stage, client, publisher }
}

describe('a subscriber', () => {
  test('that reads gets everything of a turn with one write', async () => {
    const { client, publisher } = await connectPair({})
    const before = client.wire.writes.length

    publisher.send(...Array.from({ length: 1_000 }, (_, index) => publishPacket(`t/${index}`, 'x')))
    await publisher.upToNow()

    expect(client.takeAll()).toHaveLength(1_000)
    expect(client.wire.writes.length - before).toBe(1)
  })

  test('that reads loses nothing behind a payload larger than the high water mark', async () => {
    const { stage, client, publisher } = await connectPair({ limits: { outputHighWaterBytes: 10_000 } })

    publisher.send(publishPacket('t', 'x'.repeat(50_000)), publishPacket('t', 'next'), publishPacket('t', 'last'))
    await publisher.upToNow()

    expect(client.takeAll()).toEqual(['PUBLISH t <50000 bytes>', "PUBLISH t 'next'", "PUBLISH t 'last'"])
    expect(stage.broker.stats().drops.congested).toBe(0)
  })

  test('that reads loses nothing of a burst larger than the high water mark', async () => {
    const { stage, client, publisher } = await connectPair({ limits: { outputHighWaterBytes: 1_000 } })

    publisher.send(...Array.from({ length: 500 }, () => publishPacket('t', 'x'.repeat(30))))
    await publisher.upToNow()

    expect(client.takeAll()).toHaveLength(500)
    expect(stage.broker.stats().drops.congested).toBe(0)
  })

  test('that is frozen is sent what the high water mark allows: QoS 0 is dropped and counted, QoS 1 waits', async () => {
    const limits = { outputHighWaterBytes: 1_000, queuedMessagesMax: 1_000, inFlightMessagesMax: 1_000 }
    const { stage, client, publisher } = await connectPair({ limits })
    client.wire.freeze()

    for (let index = 0; index < 100; index++) {
      publisher.send(
        publishPacket('t'.repeat(60), `zero${index}`),
        publishPacket('t', `one${index}`, { qos: 1, packetId: 1 }),
      )
      await publisher.upToNow()
    }
    const { congested } = stage.broker.stats().drops
    expect(congested).toBeGreaterThan(80)
    client.wire.thaw()
    await stage.settle()

    const received = client.takeAll()
    const numbersOf = (word: string) =>
      received.flatMap(text => new RegExp(`${word}(\\d+)'`).exec(text)?.[1] ?? []).map(Number)
    expect(numbersOf('one')).toEqual(Array.from({ length: 100 }, (_, index) => index))
    expect(numbersOf('zero')).toEqual(Array.from({ length: 100 - congested }, (_, index) => index))
  })

  test('that thaws in the midst of a burst gets what waited before what comes', async () => {
    const { stage, client, publisher } = await connectPair({ limits: { outputHighWaterBytes: 500 } })
    client.wire.freeze()
    for (let index = 0; index < 50; index++) publisher.send(publishPacket('t', `m${index}`, { qos: 1, packetId: 1 }))
    await publisher.upToNow()

    client.wire.thaw()
    for (let index = 50; index < 60; index++) publisher.send(publishPacket('t', `m${index}`, { qos: 1, packetId: 1 }))
    await stage.settle()

    const numbers = client.takeAll().map(text => Number(/'m(\d+)'/.exec(text)?.[1]))
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, index) => index))
  })
})
