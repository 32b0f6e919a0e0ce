import { type AddressInfo, createServer, type Server } from 'node:net'
import { type Broker, createBroker } from '@curlew/broker'

const host = '127.0.0.1'

/** What a program finds: a broker, and places where something is wrong. */
export interface Setting {
  readonly url: string
  readonly webSocketUrl: string
  /** A broker that offers less. */
  readonly strictUrl: string
  /** Nobody listens there. */
  readonly deadUrl: string
  /** CONNECT is refused there: not authorized. */
  readonly refusingUrl: string
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

export async function openSetting(): Promise<Setting> {
  let broker = createBroker()
  const { url, port } = await broker.listen({ protocol: 'mqtt', host, port: 0 })
  const webSocket = await broker.listen({ protocol: 'ws', host, port: 0 })
  const strict: Broker = createBroker({ capabilities: { sharedSubscriptionAvailable: false } })
  const strictAddress = await strict.listen({ protocol: 'mqtt', host, port: 0 })
  const refusing = createServer(socket => {
    socket.on('error', () => {}).once('data', () => socket.write(Uint8Array.of(0x20, 2, 0, 5)))
  })
  return {
    url,
    webSocketUrl: `${webSocket.url}/mqtt`,
    strictUrl: strictAddress.url,
    deadUrl: `mqtt://${host}:1`,
    refusingUrl: `mqtt://${host}:${await listening(refusing)}`,
    stop: () => broker.close(),
    async start() {
      broker = createBroker()
      await broker.listen({ protocol: 'mqtt', host, port })
    },
    async close() {
      await Promise.all([broker.close(), strict.close(), new Promise(resolve => refusing.close(resolve))])
    },
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  return (server.address() as AddressInfo).port // A TCP server that listens has an AddressInfo.
}
