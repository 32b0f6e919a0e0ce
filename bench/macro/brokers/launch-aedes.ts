import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'

/**
 * Runs aedes, with its bounds on concurrent messages out of the way of the load, and prints its port. It lives among the peers of
 * the tests; without them (`npm ci --prefix tests/peers`) there is no aedes to compare with.
 */
interface AedesModule {
  readonly Aedes: {
    createBroker(options: {
      concurrency: number
      queueLimit: number
      maxInflightInbound: number
    }): Promise<{ readonly handle: (socket: Socket) => void }>
  }
}

const peers = createRequire(new URL('../../../../tests/peers/package.json', import.meta.url))
const { Aedes } = (await import(pathToFileURL(peers.resolve('aedes')).href)) as AedesModule
const broker = await Aedes.createBroker({ concurrency: 10_000, queueLimit: 10_000, maxInflightInbound: 0 })
const server = createServer({ noDelay: true }, broker.handle)
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))

process.stdin.resume().on('end', () => process.exit())
process.on('SIGTERM', () => process.exit())
