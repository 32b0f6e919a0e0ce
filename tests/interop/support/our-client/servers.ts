import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { createBroker } from '@curlew/broker'
import type { ProtocolVersion, Transport } from '../interop-client.ts'
import { startMosquitto } from '../mosquitto-broker.ts'
import { loadPeer, missingPeer, missingProgram, peerEntry } from '../peers.ts'
import type { Target } from '../target.ts'

/** What not every Server does as the specification has it. */
export type ServerFeature = 'shared Subscriptions' | 'the granted QoS' | 'order after a lost connection'

/** A Server that our client is tested against. */
export interface ServerUnderTest {
  readonly name: string
  /** Why it cannot run here, and what would change that. */
  readonly unavailable?: string | undefined
  readonly versions: readonly ProtocolVersion[]
  readonly transports: readonly Transport[]
  /** What it lacks, and how that shows. */
  readonly lacks: Partial<Record<ServerFeature, string>>
  start(): Promise<Target>
}

const host = '127.0.0.1'

async function startCurlew(): Promise<Target> {
  const broker = createBroker()
  const mqtt = await broker.listen({ protocol: 'mqtt', host, port: 0 })
  const webSocket = await broker.listen({ protocol: 'ws', host, port: 0 })
  return { host, mqttPort: mqtt.port, webSocketPort: webSocket.port, close: () => broker.close() }
}

/** As much of aedes and ws as is used here. */
interface AedesModule {
  readonly Aedes: {
    createBroker(): Promise<{ handle(stream: Duplex, request?: unknown): void; close(done: () => void): void }>
  }
}
interface WsModule {
  readonly WebSocketServer: new (options: {
    server: Server
  }) => {
    on(event: 'connection', listener: (socket: object, request: unknown) => void): void
  }
  createWebSocketStream(socket: object): Duplex
}

async function startAedes(): Promise<Target> {
  const { Aedes } = (await import(pathToFileURL(peerEntry('aedes')).href)) as AedesModule
  const { WebSocketServer, createWebSocketStream } = loadPeer<WsModule>('ws')
  const aedes = await Aedes.createBroker()
  const sockets = new Set<Socket>()
  const mqtt = createServer({ noDelay: true }, socket => aedes.handle(socket))
  const http = createHttpServer()
  new WebSocketServer({ server: http }).on('connection', (socket, request) => {
    aedes.handle(
      createWebSocketStream(socket).on('error', () => {}),
      request,
    )
  })
  for (const server of [mqtt, http]) {
    server.on('connection', socket => sockets.add(socket))
    await new Promise<void>(resolve => server.listen(0, host, resolve))
  }
  return {
    host,
    mqttPort: portOf(mqtt),
    webSocketPort: portOf(http),
    async close() {
      await new Promise<void>(resolve => aedes.close(resolve))
      for (const socket of sockets) socket.destroy()
      for (const server of [mqtt, http]) await new Promise(resolve => server.close(resolve))
    },
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port // A TCP server that listens has an AddressInfo.
}

/** Everything that our client meets, each with what it speaks. */
export const servers: readonly ServerUnderTest[] = [
  {
    name: 'Curlew',
    versions: [5, 4, 3],
    transports: ['tcp', 'ws'],
    lacks: {},
    start: startCurlew,
  },
  {
    name: 'Mosquitto',
    unavailable: missingProgram('mosquitto', 'mosquitto'),
    versions: [5, 4, 3],
    transports: ['tcp', 'ws'],
    lacks: {},
    start: startMosquitto,
  },
  {
    name: 'aedes',
    unavailable: missingPeer('aedes') ?? missingPeer('ws'),
    versions: [4, 3],
    transports: ['tcp', 'ws'],
    lacks: {
      'shared Subscriptions': 'aedes has none',
      'the granted QoS': 'aedes sends a message of QoS 2 as it is to a Subscription of QoS 1',
      'order after a lost connection': 'aedes sends what is new before what it has to send again',
    },
    start: startAedes,
  },
]
