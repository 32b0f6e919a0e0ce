import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Broker, createBroker, type Limits } from '../../packages/broker/src/index.ts'
import { memoryBytes } from '../../packages/broker/test/support/heap.ts'
import { bytesOf } from '../../packages/broker/test/support/notation.ts'
import { connectPacket } from '../../packages/broker/test/support/packets.ts'
import { RawClient } from '../../packages/broker/test/support/raw-client.ts'
import { TcpWire } from '../../packages/broker/test/support/tcp-wire.ts'
import { hostTurn, VirtualRuntime } from '../../packages/broker/test/support/virtual-runtime.ts'

const SOCKETS = 1_000
const brokers: Broker[] = []
const sockets: Socket[] = []
const runtimes: VirtualRuntime[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  const closed = brokers.splice(0).map(broker => broker.close())
  for (const runtime of runtimes.splice(0)) await runtime.advance(2_000)
  await Promise.all(closed)
})

/** A broker on a real port whose time the test moves. */
async function start(limits: Partial<Limits> = {}) {
  const runtime = new VirtualRuntime({ turns: 'real' })
  const broker = createBroker({ runtime, limits })
  brokers.push(broker)
  runtimes.push(runtime)
  const { port } = await broker.listen({ protocol: 'mqtt' })
  return { broker, runtime, port }
}

/** Opens so many connections, each counting itself out when the broker has ended it. */
async function openSockets(port: number, count: number) {
  let openCount = count
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      sockets.push(socket)
      socket.on('error', () => {}) // followed by `close`
      socket.on('close', () => openCount--)
      await once(socket, 'connect')
      socket.resume()
      return socket
    }),
  )
  return { opened, openCount: () => openCount }
}

/** Lets the host work until it holds, or fails with the words. */
async function until(holds: () => boolean, words: () => string): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`after 20 s: ${words()}`)
    await hostTurn()
  }
}

test('a thousand sockets that claim a CONNECT of 256 MiB are closed on the claim', async () => {
  const { broker, port } = await start()
  const { opened, openCount } = await openSockets(port, SOCKETS)
  const before = memoryBytes()

  for (const socket of opened) socket.write(bytesOf("10 ff ff ff 7f 0004 'MQTT' 05"))
  await until(
    () => openCount() === 0,
    () => `${openCount()} sockets are still open`,
  )

  expect(memoryBytes() - before).toBeLessThan(20 * 1_048_576)
  await until(
    () => broker.stats().connections === 0,
    () => `${broker.stats().connections} connections are left`,
  )
}, 60_000)

test('a thousand sockets that claim the largest CONNECT allowed and dribble cost little memory and end at the deadline', async () => {
  const { broker, runtime, port } = await start()
  const { opened, openCount } = await openSockets(port, SOCKETS)
  await until(
    () => broker.stats().connections === SOCKETS,
    () => `only ${broker.stats().connections} connections`,
  )
  const before = memoryBytes()
  // 65 536 bytes with the fixed header; the first fields are right.
  const bytes = bytesOf("10 fc ff 03 0004 'MQTT' 05 02 0000 00 ffe0 'x'*200")

  for (let second = 0; second < 9; second++) {
    const [from, to] = [second * 20, second * 20 + 20]
    for (const socket of opened) socket.write(bytes.subarray(from, to))
    await until(
      () => broker.stats().traffic.receivedBytes === SOCKETS * to,
      () => `${broker.stats().traffic.receivedBytes} bytes came`,
    )
    await runtime.advance(1_000)
  }
  expect(openCount()).toBe(SOCKETS)
  expect(memoryBytes() - before).toBeLessThan(20 * 1_048_576)
  await runtime.advance(1_200)

  await until(
    () => openCount() === 0,
    () => `${openCount()} sockets are still open`,
  )
  expect(broker.stats()).toMatchObject({ sessions: 0, traffic: { receivedPackets: 0 } })
}, 60_000)

test.each([3, 4, 5] as const)(
  'a CONNECT of version %d at a byte per second has ten seconds in total',
  async version => {
    const { broker, runtime, port } = await start()
    const client = new RawClient(new TcpWire(port), version)
    sockets.push(client.wire.socket)
    const bytes = client.encode([connectPacket({ protocolVersion: version, clientId: 'x'.repeat(23) })])

    let sent = 0
    for (; sent < bytes.length && client.state === 'open'; sent++) {
      client.wire.write(bytes.subarray(sent, sent + 1))
      await until(
        () => broker.stats().traffic.receivedBytes > sent || client.state !== 'open',
        () => `byte ${sent} has not come`,
      )
      await runtime.advance(1_000)
      await hostTurn()
    }

    expect(await client.closing()).toEqual([])
    expect(sent).toBeLessThanOrEqual(12)
  },
)

test('those who connect in time are served while others dribble', async () => {
  const { runtime, port } = await start()
  const { opened } = await openSockets(port, 200)
  for (const socket of opened) socket.write(bytesOf("10 20 0004 'MQTT'"))
  const client = new RawClient(new TcpWire(port), 5)
  sockets.push(client.wire.socket)

  client.send(connectPacket({ keepAlive: 60 }))
  await client.next()
  await runtime.advance(11_500)

  expect(await client.upToNow()).toEqual([])
})
