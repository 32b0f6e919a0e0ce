import { appendFileSync } from 'node:fs'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { duplexStream, type Transport } from '@curlew/client'
import type { ServerAddress } from './server-address.ts'

/** What the client library's own transports cannot be told. */
export interface SocketPlace {
  /** Path of a Unix domain socket. */
  readonly path?: string | undefined
  /** Address of this machine. */
  readonly localAddress?: string | undefined
  /** File to which the keys of TLS are added, for whoever looks at the packets. */
  readonly keylog?: string | undefined
}

/** A way to the Server over a Unix domain socket, from one of this machine's addresses, or with the keys of TLS in a file. */
export function socketTransport(
  { host, port, isTls }: ServerAddress,
  { path, localAddress, keylog }: SocketPlace,
  tls: ConnectionOptions,
): Transport {
  return {
    connect(signal) {
      const place = path === undefined ? { host, port, ...(localAddress !== undefined && { localAddress }) } : { path }
      const socket = connectTcp(place)
      socket.setNoDelay(true)
      if (!isTls) return opened(socket, 'connect', signal)
      const servername = isIP(host) ? {} : { servername: host }
      const secured = connectTls({ socket, host, ...servername, ...tls })
      if (keylog !== undefined) secured.on('keylog', line => appendFileSync(keylog, line))
      return opened(secured, 'secureConnect', signal)
    },
  }
}

function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): ReturnType<Transport['connect']> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    socket.once('error', reject)
    socket.once(event, () => {
      signal.removeEventListener('abort', giveUp)
      resolve(duplexStream(socket))
    })
  })
}
