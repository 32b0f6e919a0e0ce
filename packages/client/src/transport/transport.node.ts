import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ByteStream } from './byte-stream.ts'
import { duplexStream } from './duplex-stream.ts'
import type { TransportOptions } from './open.ts'
import { openStream as openWebStream } from './transport.web.ts'
import { opened, subProtocols, type WebSocketLike } from './websocket.ts'

/** The one class that is used of the package `ws`, which is optional. */
type WsClass = new (url: string, protocols: string[], options: object) => WebSocketLike

/** Opens a stream to an `mqtt:`, `mqtts:`, `ws:` or `wss:` URL; `tcp:`, `ssl:` and `tls:` are other names for the first two. */
export async function openStream(url: URL, options: TransportOptions, signal: AbortSignal): Promise<ByteStream> {
  switch (url.protocol) {
    case 'mqtt:':
    case 'tcp:':
      return duplexStream(await connected(connectTcp(address(url, 1883)), 'connect', signal))
    case 'mqtts:':
    case 'ssl:':
    case 'tls:': {
      const { host, port, noDelay } = address(url, 8883)
      const servername = isIP(host) ? {} : { servername: host }
      const socket = connectTls({ host, port, ...servername, ...options.tls })
      socket.setNoDelay(noDelay)
      return duplexStream(await connected(socket, 'secureConnect', signal))
    }
    default:
      return openWebSocket(url, options, signal)
  }
}

/** Bytes are collected by ourselves, so the host's own collecting would only delay them. */
function address(url: URL, defaultPort: number): { host: string; port: number; noDelay: true } {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort), noDelay: true }
}

function connected(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    socket.once('error', error => {
      signal.removeEventListener('abort', giveUp)
      reject(error)
    })
    socket.once(event, () => {
      signal.removeEventListener('abort', giveUp)
      resolve(socket)
    })
  })
}

/** With the package `ws` if it is installed: it knows TLS options and headers. Otherwise with the host's own, from Node 22 on. */
async function openWebSocket(url: URL, options: TransportOptions, signal: AbortSignal): Promise<ByteStream> {
  const ws = await optionalWs()
  if (!ws) return openWebStream(url, options, signal)
  const { tls, headers } = options
  return opened(new ws(url.href, subProtocols, { ...tls, headers, perMessageDeflate: false }), signal)
}

async function optionalWs(): Promise<WsClass | undefined> {
  try {
    const { WebSocket } = await import('ws')
    return WebSocket as unknown as WsClass
  } catch (error) {
    if ('WebSocket' in globalThis) return undefined
    throw new TypeError('this version of Node has no WebSocket: install the package ws', { cause: error })
  }
}
