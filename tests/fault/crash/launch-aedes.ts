import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'

/**
 * Runs aedes with its defaults and says where it listens. It lives among the peers of the tests: `npm ci --prefix tests/peers`.
 *
 *     node launch-aedes.js memory|level <folder for level>
 */
interface AedesModule {
  readonly Aedes: {
    createBroker(options: { persistence?: unknown }): Promise<{ readonly handle: (socket: Socket) => void }>
  }
}

type LevelPersistence = new (database: unknown) => unknown
interface ClassicLevelModule {
  readonly ClassicLevel: new (folder: string, options: { valueEncoding: string }) => unknown
}

const peers = createRequire(new URL('../../../peers/package.json', import.meta.url))

/** Its main module is for aedes before 1.0, which wanted callbacks. */
function levelIn(folder: string): unknown {
  const { ClassicLevel } = peers('classic-level') as ClassicLevelModule
  const LevelPersistence = peers('aedes-persistence-level/asyncPersistence.js') as LevelPersistence
  return new LevelPersistence(new ClassicLevel(folder, { valueEncoding: 'utf8' }))
}

const [kind, folder] = process.argv.slice(2)
const { Aedes } = (await import(pathToFileURL(peers.resolve('aedes')).href)) as AedesModule
const options = kind === 'level' ? { persistence: levelIn(folder!) } : {}
const broker = await Aedes.createBroker(options)
const server = createServer({ noDelay: true }, broker.handle)
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`)
})
