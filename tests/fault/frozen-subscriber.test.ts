import { afterEach, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, createBroker } from '../../packages/broker/src/index.ts'
import { settledMemoryBytes } from '../../packages/broker/test/support/heap.ts'
import { connectPacket, publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { RawClient } from '../../packages/broker/test/support/raw-client.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { TcpWire } from '../../packages/broker/test/support/tcp-wire.ts'
import { VirtualRuntime } from '../../packages/broker/test/support/virtual-runtime.ts'

const runtimes: VirtualRuntime[] = []
const brokers: Broker[] = []
const clients: RawClient<TcpWire>[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.drop()
  const closed = brokers.splice(0).map(broker => broker.close())
  for (const runtime of runtimes.splice(0)) await runtime.advance(2_000)
  await Promise.all(closed)
})

const MESSAGES = 5_000
/** Virtual seconds until the frozen one is ended, of which the flood takes less than ten; the others may be silent for longer. */
const FROZEN_S = 30_000
const KEEP_ALIVE_S = 65_535
const payload = (index: number): string => `${index};`.padEnd(4_096, 'x')
const numberOf = (bytes: Uint8Array): number => Number.parseInt(Buffer.from(bytes.subarray(0, 8)).toString(), 10)

async function start(options: BrokerOptions) {
  const runtime = new VirtualRuntime({ turns: 'real' })
  runtimes.push(runtime)
  const broker = createBroker({ ...options, runtime })
  brokers.push(broker)
  const { port } = await broker.listen({ protocol: 'mqtt' })
  const dial = async (fields: Parameters<typeof connectPacket>[0]) => {
    const client = new RawClient(new TcpWire(port), 5)
    clients.push(client)
    client.send(connectPacket({ keepAlive: KEEP_ALIVE_S, ...fields }))
    expect(await client.next()).toMatch(/^CONNACK 00/)
    return client
  }
  const subscriber = async (clientId: string, qos: 0 | 1, keepAlive = KEEP_ALIVE_S) => {
    const client = await dial({ ...persistent(5, clientId), keepAlive })
    client.send(subscribePacket(1, [{ filter: 'flood', qos }]))
    await client.next()
    return client
  }
  return { runtime, broker, dial, subscriber }
}

/** Takes messages and acknowledges them until the last has come; returns their numbers in the order they came. */
async function receiveAll(client: RawClient): Promise<number[]> {
  const numbers: number[] = []
  while (numbers.at(-1) !== MESSAGES - 1) {
    const packet = await client.receive()
    if (!('payload' in packet)) continue
    numbers.push(numberOf(packet.payload))
    if (packet.qos === 1) client.send(`40 02 ${packet.packetId.toString(16).padStart(4, '0')}`)
  }
  return numbers
}

/** Lets a little time go by with each turn until `work` is done: a publisher waits a second for a subscriber that is behind. */
async function withTime<Result>(runtime: VirtualRuntime, work: Promise<Result>): Promise<Result> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) await runtime.advance(10)
  return done
}

/** Publishes all messages at QoS 1, a hundred under way at a time. */
async function flood(publisher: RawClient): Promise<void> {
  for (let first = 0; first < MESSAGES; first += 100) {
    publisher.send(
      ...Array.from({ length: 100 }, (_, index) =>
        publishPacket('flood', payload(first + index), { qos: 1, packetId: index + 1 }),
      ),
    )
    await publisher.take(100)
  }
}

/** At QoS 0 the pending bytes give it away; what may be in flight at QoS 1 fits in the buffers of the hosts, and silence does. */
const frozenAt: [qos: 0 | 1, keepAlive: number, reason: string][] = [
  [0, KEEP_ALIVE_S, 'takes nothing of what is pending'],
  [1, FROZEN_S / 1.5, 'one and a half times the Keep Alive'],
]
test.each(frozenAt)(
  'a subscriber at QoS %d that never reads costs the others nothing, is bounded in memory, and is ended with its Session kept',
  async (qos, keepAlive, expectedReason) => {
    const queuedBytesMax = 4_194_304
    const { runtime, broker, dial, subscriber } = await start({
      limits: { keepAliveMax: 65_535, stalledOutputTimeoutMs: FROZEN_S * 1000, queuedBytesMax, lingerMs: 100 },
    })
    const ended = new Promise<string>(resolve => {
      broker.on('disconnected', ({ clientId, reason }) => clientId === 'frozen' && resolve(reason))
    })
    const frozen = await subscriber('frozen', qos, keepAlive)
    const healthy = [await subscriber('first', 1), await subscriber('second', 1), await subscriber('third', 0)]
    const publisher = await dial({ clientId: 'publisher' })
    const before = await settledMemoryBytes()
    frozen.wire.freeze()

    const everything = Array.from({ length: MESSAGES }, (_, index) => index)
    const [, ...received] = await withTime(runtime, Promise.all([flood(publisher), ...healthy.map(receiveAll)]))
    for (const numbers of received) expect(numbers).toEqual(everything)

    // One high water mark, one flight and one queue, beside what the healthy ones still have in their buffers.
    expect((await settledMemoryBytes()) - before).toBeLessThan(1_048_576 + 1_048_576 + queuedBytesMax + 16_000_000)
    const { drops, connections } = broker.stats()
    expect([qos === 0 ? drops.congested : drops.queueFull, connections]).toEqual([
      expect.toSatisfy(count => count > 500),
      5,
    ])
    await runtime.advance(FROZEN_S * 1000 + 1_000)
    expect(await ended).toContain(expectedReason)
    const back = await dial({ ...persistent(5, 'frozen') })
    expect(broker.stats().sessions).toBe(5)
    if (qos === 1) {
      const late = await receiveAll(back)
      expect(late.length).toBeGreaterThan(queuedBytesMax / 4_300 - 10)
      expect(late).toEqual(late.toSorted((a, b) => a - b))
    }
  },
  40_000,
)

test('publishers and subscribers that freeze by the hundred leave the broker able to serve', async () => {
  const { broker, dial } = await start({ limits: { stalledOutputTimeoutMs: 60_000, outputHighWaterBytes: 65_536 } })
  for (let index = 0; index < 100; index++) {
    const frozen = await dial({ clientId: `frozen ${index}` })
    frozen.send(subscribePacket(1, ['flood']))
    await frozen.next()
    frozen.wire.freeze()
  }
  const [subscriber, publisher] = [await dial({ clientId: 'subscriber' }), await dial({ clientId: 'publisher' })]
  subscriber.send(subscribePacket(1, ['calm']))
  await subscriber.next()

  for (let index = 0; index < 30; index++) {
    publisher.send(publishPacket('flood', 'x'.repeat(100_000)), publishPacket('calm', `${index}`))
    expect(await subscriber.next()).toBe(`PUBLISH calm '${index}'`)
  }

  expect(broker.stats().connections).toBe(102)
}, 40_000)
