import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { certificatePathsIn } from './certificate.ts'
import { answerInspections } from './inspection.ts'

/**
 * Runs aedes, with its bounds on concurrent messages out of the way of the load, and prints its port. Arguments: what MQTT runs over and
 * the folder of the certificate. It lives among the peers of the tests; without them (`npm ci --prefix tests/peers`) there is no aedes to
 * compare with.
 */
interface AedesModule {
  readonly Aedes: {
    createBroker(options: {
      concurrency: number
      queueLimit: number
      maxInflightInbound: number
    }): Promise<{ readonly handle: (stream: Duplex) => void }>
  }
}

interface WsModule {
  readonly WebSocketServer: new (options: {
    readonly server: ReturnType<typeof createHttpServer>
    readonly perMessageDeflate: false
  }) => { on(event: 'connection', listener: (socket: object) => void): void }
  readonly createWebSocketStream: (socket: object) => Duplex
}

const [transport, certificateFolder = ''] = process.argv.slice(2)
const peers = createRequire(new URL('../../../../tests/peers/package.json', import.meta.url))
const { Aedes } = (await import(pathToFileURL(peers.resolve('aedes')).href)) as AedesModule
const broker = await Aedes.createBroker({ concurrency: 10_000, queueLimit: 10_000, maxInflightInbound: 0 })
const server = createListener()
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))

/** As aedes's own documentation has it. */
function createListener(): Server {
  if (transport === 'ws') return createWebSocketListener()
  const handle = (socket: Socket): void => broker.handle(socket)
  if (transport === 'tcp') return createServer({ noDelay: true }, handle)
  const { keyPath, certificatePath } = certificatePathsIn(certificateFolder)
  const certified = { key: readFileSync(keyPath), cert: readFileSync(certificatePath) }
  return createTlsServer({ ...certified, noDelay: true }, handle)
}

function createWebSocketListener(): Server {
  const { WebSocketServer, createWebSocketStream } = peers('ws') as WsModule
  const server = createHttpServer()
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false })
  webSockets.on('connection', socket => broker.handle(createWebSocketStream(socket)))
  return server
}

answerInspections()
process.stdin.resume().on('end', () => process.exit())
process.on('SIGTERM', () => process.exit())
