import { type AddressInfo, createServer } from 'node:net'
import { type AcceptStream, addressOf, type Listener, type ListenOptions, listenError } from './listener.ts'
import { shareReads } from './shared-reads.ts'
import { SocketStream } from './socket-stream.ts'

/** Connections that the host completes before we accept them; beyond it clients wait and try again. */
export const BACKLOG = 1024
/** After so much silence TCP itself asks whether the peer is still there, in milliseconds. */
const TCP_KEEP_ALIVE_MS = 60_000

/**
 * Listens for MQTT over TCP.
 *
 * @throws {ListenError} when that is not possible
 */
export function listenTcp(options: ListenOptions, accept: AcceptStream): Promise<Listener> {
  const { host = '127.0.0.1', port = 0 } = options
  // The peer may close its side and still wait for answers; we coalesce writes ourselves, so no Nagle.
  const server = createServer(
    {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      pauseOnConnect: true,
    },
    socket => {
      shareReads(socket)
      accept(new SocketStream(socket))
    },
  )
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(listenError(error, host, port)))
    server.listen({ host, port, backlog: BACKLOG }, () => {
      const address = addressOf('mqtt', host, (server.address() as AddressInfo).port)
      resolve({ address, close: () => new Promise(closed => server.close(() => closed())) })
    })
  })
}
