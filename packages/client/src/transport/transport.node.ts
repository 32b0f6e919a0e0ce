import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { ByteStream } from './byte-stream.ts'
import { duplexStream } from './duplex-stream.ts'
import type { TransportOptions } from './open.ts'
import { openStream as openWebStream } from './transport.web.ts'
import { opened, subProtocols, type WebSocketLike } from './websocket.ts'

/** The one class that is used of the package `ws`, which is optional. */
type WsClass = new (url: string, protocols: string[], options: object) => WebSocketLike

/** By scheme: the port that it stands for, and whether TLS is spoken. */
const schemes: Readonly<Record<string, readonly [port: number, isTls: boolean]>> = {
  'mqtt:': [1883, false],
  'tcp:': [1883, false],
  'mqtts:': [8883, true],
  'ssl:': [8883, true],
  'tls:': [8883, true],
  'ws:': [80, false],
  'wss:': [443, true],
}

/** Opens a stream to an `mqtt:`, `mqtts:`, `ws:` or `wss:` URL; `tcp:`, `ssl:` and `tls:` are other names for the first two. */
export async function openStream(url: URL, options: TransportOptions, signal: AbortSignal): Promise<ByteStream> {
  if (schemes[url.protocol] === undefined) throw new TypeError(`cannot connect to ${url.protocol} from here`)
  if (url.protocol.startsWith('ws')) return openWebSocket(url, options, signal)
  return duplexStream(await openDuplex(url, options, signal))
}

/** What MQTT or WebSocket is spoken over: TCP, or what `dial` gives in its place, with TLS on top if the URL says so. */
async function openDuplex(url: URL, { dial, tls, onKeylog }: TransportOptions, signal: AbortSignal): Promise<Duplex> {
  const [defaultPort, isTls] = schemes[url.protocol]!
  const to = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) }
  const socket = dial && ((await dial(to, signal)) as Duplex) // of Node's: the type is for hosts that do not know it
  // Bytes are collected by ourselves, so the host's own collecting would only delay them.
  if (!isTls) return socket ?? connected(connectTcp({ ...to, noDelay: true }), 'connect', signal)
  const servername = isIP(to.host) ? {} : { servername: to.host }
  const secured = connectTls({ ...to, ...(socket && { socket }), ...servername, ...tls })
  secured.setNoDelay(true)
  if (onKeylog) secured.on('keylog', onKeylog)
  return connected(secured, 'secureConnect', signal)
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
  const { tls, headers, dial, onKeylog } = options
  const ws = await optionalWs(dial !== undefined || onKeylog !== undefined)
  if (!ws) return openWebStream(url, options, signal)
  const agent = dial || onKeylog ? agentOf(url, await openDuplex(url, options, signal)) : undefined
  return opened(new ws(url.href, subProtocols, { ...tls, headers, agent, perMessageDeflate: false }), signal)
}

/** An agent for one request, whose connection there is already. */
function agentOf({ protocol }: URL, duplex: Duplex): HttpAgent {
  const agent = protocol === 'wss:' ? new HttpsAgent() : new HttpAgent()
  return Object.assign(agent, { createConnection: () => duplex })
}

/** @param isNeeded whether options are given that the host's own WebSocket would not heed */
async function optionalWs(isNeeded: boolean): Promise<WsClass | undefined> {
  try {
    const { WebSocket } = await import('ws')
    return WebSocket as unknown as WsClass
  } catch (error) {
    if ('WebSocket' in globalThis && !isNeeded) return undefined
    const why = isNeeded ? 'dial and onKeylog need it for WebSocket' : 'this version of Node has no WebSocket'
    throw new TypeError(`${why}: install the package ws`, { cause: error })
  }
}
