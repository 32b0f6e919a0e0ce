import type { Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Broker, createBroker } from '../../packages/broker/src/index.ts'
import { connectPacket, publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { RawClient } from '../../packages/broker/test/support/raw-client.ts'
import { TcpWire } from '../../packages/broker/test/support/tcp-wire.ts'
import { hostTurn, VirtualRuntime } from '../../packages/broker/test/support/virtual-runtime.ts'
import { WebSocketWire } from '../../packages/broker/test/support/websocket-wire.ts'
import type { Wire } from '../../packages/broker/test/support/wire.ts'

const runtimes: VirtualRuntime[] = []
const brokers: Broker[] = []
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.drop()
  const closed = brokers.splice(0).map(broker => broker.close())
  for (const runtime of runtimes.splice(0)) await runtime.advance(2_000)
  await Promise.all(closed)
})

const SIZE = 30_000_000
const PART = 3_000_000
/** So long, in milliseconds, TCP may take for one part. */
const PATIENCE_MS = 5_000
const limits = { packetBytesMax: SIZE + 1_000, stalledOutputTimeoutMs: 2_000 }

/** The socket under a wire, and how to make one. */
const transports = {
  mqtt: (url: string) => {
    const wire = new TcpWire(Number(new URL(url).port))
    return { wire: wire as Wire, socket: wire.socket, bytesRead: () => wire.socket.bytesRead }
  },
  ws: (url: string) => {
    const wire = new WebSocketWire(url)
    const host = wire.socket as unknown as { readonly _socket?: Socket }
    return { wire: wire as Wire, socket: wire.socket, bytesRead: () => host._socket?.bytesRead ?? 0 }
  },
}

test.each(['mqtt', 'ws'] as const)(
  'over %s, a subscriber that reads slowly but goes on reading is not taken to be stalled',
  async protocol => {
    const runtime = new VirtualRuntime({ turns: 'real' })
    const broker = createBroker({ runtime, limits })
    runtimes.push(runtime)
    brokers.push(broker)
    const { url } = await broker.listen({ protocol })
    const { wire, socket, bytesRead } = transports[protocol](url)
    const client = new RawClient(wire, 5)
    clients.push(client)
    client.send(connectPacket({ keepAlive: 600 }), subscribePacket(1, ['large']))
    await client.take(2)

    socket.pause()
    const publisher = new RawClient(new TcpWire((await broker.listen({ protocol: 'mqtt' })).port), 5)
    clients.push(publisher)
    publisher.send(connectPacket({ clientId: 'publisher', keepAlive: 600 }), publishPacket('large', Buffer.alloc(SIZE)))
    await publisher.upToNow()
    // A second goes by, then a part is read: small beside the message, large beside the steps in which TCP opens its window.
    let seconds = 0
    for (let received: string[] = []; received.length === 0 && client.state === 'open' && seconds < 1_000; seconds++) {
      await runtime.advance(1_000)
      const enough = Math.min(bytesRead() + PART, SIZE)
      socket.resume()
      const giveUpAtMs = performance.now() + PATIENCE_MS
      while (bytesRead() < enough && performance.now() < giveUpAtMs) await hostTurn()
      socket.pause()
      for (let turn = 0; turn < 20; turn++) await hostTurn()
      received = client.takeAll()
    }

    expect(client.state).toBe('open')
    expect(seconds).toBeGreaterThan(3 * (limits.stalledOutputTimeoutMs / 1_000))
  },
)
