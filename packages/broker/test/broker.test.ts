import { Duplex, PassThrough } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { type Broker, createBroker, MemoryStore, type StoredState } from '../src/index.ts'
import { connectPacket, publishPacket, subscribePacket } from './support/packets.ts'
import { RawClient } from './support/raw-client.ts'
import { Stage } from './support/stage.ts'
import { hostTurn } from './support/virtual-runtime.ts'

const opened: Broker[] = []
const open = (...options: Parameters<typeof createBroker>): Broker => {
  const broker = createBroker(...options)
  opened.push(broker)
  return broker
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map(broker => broker.close()))
})

test('a broker starts on a free port in milliseconds, and stops as fast', async () => {
  const roundsMs: number[] = []
  for (let round = 0; round < 10; round++) {
    const startMs = performance.now()
    const broker = open()
    const { port, url } = await broker.listen({ protocol: 'mqtt' })
    expect(url).toBe(`mqtt://127.0.0.1:${port}`)
    expect(port).toBeGreaterThan(0)
    await broker.close()
    roundsMs.push(performance.now() - startMs)
  }

  // One takes 1 to 3 ms; the bound leaves room for a busy machine, the median for one that stands still now and then.
  expect(roundsMs.sort((a, b) => a - b)[5]).toBeLessThan(100)
})

/** The two ends of a pair of streams such as applications have: bytes lie in the pair by reference until they are read. */
function pairOfPassThroughs(): [server: Duplex, client: Duplex] {
  const [toServer, toClient] = [new PassThrough(), new PassThrough()]
  return [
    Duplex.from({ readable: toServer, writable: toClient }),
    Duplex.from({ readable: toClient, writable: toServer }),
  ]
}

test('a stream that keeps what is written by reference delivers what was written', async () => {
  const [server, client] = pairOfPassThroughs()
  const { broker, runtime } = new Stage()
  await broker.attach(server)
  const raw = new RawClient(
    {
      start: () => {},
      write: bytes => client.write(bytes),
      end: () => client.end(),
      destroy: () => client.destroy(),
      arrival: async () => {
        await hostTurn()
        return false
      },
    },
    5,
  )
  raw.send(connectPacket(), subscribePacket(1, ['#']))
  await runtime.settle()

  for (let index = 0; index < 50; index++) {
    raw.send(publishPacket('t', `message ${index}`))
    await runtime.settle()
  }
  client.on('data', (chunk: Uint8Array) => raw.onBytes(chunk))
  for (let round = 0; round < 20; round++) await runtime.settle()

  const messages = Array.from({ length: 50 }, (_, index) => `PUBLISH t 'message ${index}'`)
  expect(raw.takeAll()).toEqual(['CONNACK 00', 'SUBACK 1 00', ...messages])
})

test('a stream that fails before it is served harms nobody', async () => {
  let release = (_: StoredState): void => {}
  const store = new MemoryStore()
  store.load = () => new Promise(resolve => (release = resolve))
  const broker = open({ store })
  const server = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() })
  const attached = broker.attach(server)

  server.destroy(new Error('the peer has gone'))
  await hostTurn()
  release({ sessions: [], retained: [] })

  await expect(attached).resolves.toBeUndefined()
  expect(broker.stats().connections).toBe(0)
})

test('events tell who has connected and who has gone, and why', async () => {
  const stage = new Stage()
  const told: unknown[] = []
  stage.broker.on('connected', event => told.push(['connected', event]))
  stage.broker.on('disconnected', event => told.push(['disconnected', event]))

  const client = await stage.connect({ clientId: 'a', protocolVersion: 4 })
  client.send('e0 00')
  await client.closing()
  const other = await stage.connect({ clientId: 'b' })
  other.send('00 00')
  await other.closing()

  const first = { clientId: 'a', protocolVersion: 4, remoteAddress: 'in process' }
  const second = { clientId: 'b', protocolVersion: 5, remoteAddress: 'in process' }
  expect(told).toEqual([
    ['connected', first],
    ['disconnected', { ...first, reason: 'the client disconnected', reasonCode: 0 }],
    ['connected', second],
    ['disconnected', { ...second, reason: expect.stringContaining('reserved'), reasonCode: 0x82 }],
  ])
})

test('a listener that is taken away hears nothing more, and one that throws stops nobody', async () => {
  const stage = new Stage()
  const heard: string[] = []
  const takeAway = stage.broker.on('connected', () => heard.push('first'))
  stage.broker.on('connected', () => {
    throw new Error('a fault of the application')
  })
  stage.broker.on('connected', () => heard.push('last'))

  await stage.connect({ clientId: 'a' })
  takeAway()
  const client = await stage.connect({ clientId: 'b' })

  expect(heard).toEqual(['first', 'last', 'last'])
  expect(client.state).toBe('open')
  expect(stage.log.lines('error')).toHaveLength(2)
})

test('stats() counts what there is and what has passed', async () => {
  const stage = new Stage()
  const client = await stage.connect({ clientId: 'a' })
  client.send(subscribePacket(1, ['a', 'b']), publishPacket('a', 'x', { retain: true }))
  await client.upToNow()
  const gone = await stage.connect({ clientId: 'b' })
  gone.drop()
  await stage.settle()

  expect(stage.broker.stats()).toMatchObject({
    connections: 1,
    sessions: 1,
    subscriptions: 2,
    retained: 1,
    traffic: { opened: 2, closed: 1, receivedPublishes: 1, sentPublishes: 1 },
    drops: { congested: 0, queueFull: 0, expired: 0, tooLarge: 0 },
  })
})

test('what an application has put in the environment does not matter: two brokers know nothing of each other', async () => {
  const [first, second] = [new Stage(), new Stage()]
  const subscriber = await second.connect()
  subscriber.send(subscribePacket(1, ['#']))
  await subscriber.next()
  const publisher = await first.connect()

  publisher.send(publishPacket('a', 'x'))
  await publisher.upToNow()

  expect(await subscriber.upToNow()).toEqual([])
})
