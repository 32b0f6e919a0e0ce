import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { type AcceptStream, addressOf, type Listener, type ListenOptions, listenError } from './listener.ts'
import { isOriginAllowed } from './origins.ts'
import { BACKLOG } from './tcp.ts'
import { WebSocketStream } from './websocket-stream.ts'

/** Sub-protocols we speak: that of the specification and those which clients send in its place [MQTT-6.0.0-3]. */
const SUB_PROTOCOLS = ['mqtt', 'mqttv3.1', 'mqttv5']
/** Milliseconds that a client has for its HTTP request. */
const REQUEST_TIMEOUT_MS = 10_000
/** How often the host looks for requests that take too long, in milliseconds; by default it would be every 30 000. */
const TIMEOUT_CHECK_MS = 1_000

/**
 * Listens for MQTT over WebSocket (section 6), on any path.
 *
 * @param maxFrameBytes bytes of one message at most; larger ones end the connection before they are read
 * @throws {ListenError} when that is not possible
 */
export function listenWebSocket(
  options: ListenOptions,
  accept: AcceptStream,
  maxFrameBytes: number,
): Promise<Listener> {
  const { host = '127.0.0.1', port = 0 } = options
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    (_, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' })
      response.end('This is an MQTT broker. Connect with an MQTT client over WebSocket.\n')
    },
  )
  upgradeTo(server, accept, maxFrameBytes, origin => isOriginAllowed(origin, host, options.origins))
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(listenError(error, host, port)))
    server.listen({ host, port, backlog: BACKLOG }, () => {
      const address = addressOf('ws', host, (server.address() as AddressInfo).port)
      resolve({ address, close: () => closeServer(server) })
    })
  })
}

function upgradeTo(
  server: Server,
  accept: AcceptStream,
  maxFrameBytes: number,
  isAllowed: (origin: string | undefined) => boolean,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    // The first sub-protocol that we know; ws answers without one when the client offers none.
    handleProtocols: offered => SUB_PROTOCOLS.find(name => offered.has(name)) ?? false, // [MQTT-6.0.0-4]
  })
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    socket.on('error', () => {}) // followed by `close`
    if (!isAllowed(request.headers.origin)) return refuse(socket)
    sockets.handleUpgrade(request, socket, head, webSocket => {
      accept(new WebSocketStream(webSocket, request.socket.remoteAddress ?? 'unknown'))
    })
  })
}

/** The developer of the page reads this in the browser's tools. */
function refuse(socket: Duplex): void {
  const body = 'This page may not use the broker. Name its origin in the option origins of the listener.\n'
  const head = `HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}`
  socket.end(`${head}\r\n\r\n${body}`)
}

function closeServer(server: Server): Promise<void> {
  return new Promise(closed => {
    server.close(() => closed())
    server.closeAllConnections() // those that are no WebSockets yet; nobody else would ever end them
  })
}
