import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair as nodePair } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { type Broker, createBroker } from '@curlew/broker'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Client, type ConnectOptions, connect, type Dial, duplexStream } from '../src/index.ts'
import { failure } from './support/connected.ts'

let broker: Broker
let mqttUrl: string
let wsUrl: string

beforeAll(async () => {
  broker = createBroker()
  mqttUrl = (await broker.listen({ protocol: 'mqtt', port: 0 })).url
  wsUrl = (await broker.listen({ protocol: 'ws', port: 0 })).url
})
afterAll(() => broker.close())

async function open(urls: string | string[], options: ConnectOptions = {}): Promise<Client> {
  const client = await connect(urls, options)
  onTestFinished(() => client.close())
  return client
}

/** Sends a message of each size to oneself, at every QoS. */
async function expectRoundTrips(client: Client): Promise<void> {
  const subscription = await client.subscribe('round/trip', { qos: 2 })
  for (const qos of [0, 1, 2] as const) {
    for (const size of [0, 1, 1_000, 200_000]) {
      const payload = new Uint8Array(size).fill(size % 251)
      await client.publish('round/trip', payload, { qos })
      const { value } = await subscription.next()
      expect(value?.qos).toBe(qos)
      expect(Buffer.compare(value!.payload, payload)).toBe(0)
    }
  }
  await subscription.unsubscribe()
}

for (const protocolVersion of [4, 5] as const) {
  test(`[MQTT3-7.1.2-1] TCP (version ${protocolVersion})`, async () => {
    await expectRoundTrips(await open(mqttUrl, { protocolVersion }))
  })

  test(`WebSocket (version ${protocolVersion})`, async () => {
    await expectRoundTrips(await open(wsUrl, { protocolVersion, headers: { 'x-token': 'a' } }))
  })
}

test('a pair of streams in memory', async () => {
  const transport = {
    connect: async () => {
      const [ours, theirs] = pair()
      await broker.attach(theirs)
      return duplexStream(ours)
    },
  }

  const client = await connect([], { transport })
  onTestFinished(() => client.close())
  await expectRoundTrips(client)
})

/** Two streams of which each reads what is written to the other; Node has them from 20.17 on. */
function pair(): [Duplex, Duplex] {
  return nodePair()
}

/** A certificate for localhost that nobody has signed but itself. */
function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'curlew-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(folder, name)) as [string, string]
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}

test('TLS verifies the Server unless it is told not to', async () => {
  const { key, cert } = certificate()
  const port = await listening(createTlsServer({ key, cert }, socket => void broker.attach(socket)))
  const url = `mqtts://localhost:${port}`

  const untrusted = await failure(connect(url))
  expect(untrusted).toMatchObject({ code: 'ERR_TRANSPORT', retryable: false })
  await expectRoundTrips(await open(url, { tls: { ca: cert } }))
  await expectRoundTrips(await open(url, { tls: { rejectUnauthorized: false } }))
})

test('WebSocket over TLS', async () => {
  const { key, cert } = certificate()
  const plainPort = Number(new URL(wsUrl).port)
  const forward = (socket: Socket): void => {
    const plain = connectTcp(plainPort, '127.0.0.1')
    for (const end of [socket, plain]) end.on('error', () => {})
    socket.pipe(plain).pipe(socket)
  }
  const port = await listening(createTlsServer({ key, cert }, forward))

  expect(await failure(connect(`wss://localhost:${port}`))).toMatchObject({ code: 'ERR_TRANSPORT', retryable: false })
  await expectRoundTrips(await open(`wss://localhost:${port}`, { tls: { ca: cert } }))
})

/** A Dial that goes to 127.0.0.1 whatever the host is, and notes where it was to go. */
function noting(dialed: string[]): Dial {
  return async ({ host, port }) => {
    dialed.push(`${host} ${port}`)
    const socket = connectTcp(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
}

test('dial opens the connection under MQTT, WebSocket and TLS; the name of the Server is its own affair', async () => {
  const { key, cert } = certificate()
  const secured = createTlsServer({ key, cert }, socket => void broker.attach(socket))
  const [plainPort, securedPort] = [Number(new URL(mqttUrl).port), await listening(secured)]
  const wsPort = Number(new URL(wsUrl).port)
  const forward = (socket: Socket): void => void socket.pipe(connectTcp(wsPort, '127.0.0.1')).pipe(socket)
  const wssPort = await listening(createTlsServer({ key, cert }, forward))
  const dialed: string[] = []
  const keys: string[] = []
  const options = {
    dial: noting(dialed),
    tls: { ca: cert, servername: 'localhost' },
    onKeylog: (line: Uint8Array) => keys.push(String(line)),
  }

  await expectRoundTrips(await open(`mqtt://broker.invalid:${plainPort}`, options))
  await expectRoundTrips(await open(`ws://[::1]:${wsPort}/mqtt`, options))
  expect(keys).toEqual([])
  await expectRoundTrips(await open(`mqtts://broker.invalid:${securedPort}`, options))
  expect(keys.splice(0).join('')).toMatch(/^CLIENT_TRAFFIC_SECRET_0 /m)
  await expectRoundTrips(await open(`wss://broker.invalid:${wssPort}/mqtt`, options))

  expect(keys.join('')).toMatch(/^CLIENT_TRAFFIC_SECRET_0 /m)
  const names = [`broker.invalid ${plainPort}`, `::1 ${wsPort}`]
  expect(dialed).toEqual([...names, `broker.invalid ${securedPort}`, `broker.invalid ${wssPort}`])
})

test('what dial rejects with is the cause, and it is told when the attempt is given up', async () => {
  const cause = new Error('no way there')
  const refused = await failure(connect('ws://127.0.0.1', { dial: () => Promise.reject(cause) }))
  const signals: AbortSignal[] = []
  const hang: Dial = (_, signal) => {
    signals.push(signal)
    return new Promise(() => {})
  }

  const late = await failure(connect('mqtts://127.0.0.1', { dial: hang, connectTimeoutMs: 1 }))

  expect(refused).toMatchObject({ code: 'ERR_TRANSPORT', message: 'cannot reach 127.0.0.1: no way there', cause })
  expect(late).toMatchObject({ code: 'ERR_CONNECT_TIMEOUT' })
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
})

test('of several Servers the first that accepts is used', async () => {
  const port = await listening(createServer(socket => socket.destroy()))

  const client = await open(['mqtt://127.0.0.1:1', `mqtt://127.0.0.1:${port}`, mqttUrl])

  await expectRoundTrips(client)
})

test('when all fail, the last failure is told', async () => {
  const error = await failure(connect(['mqtt://127.0.0.1:1', 'ws://127.0.0.1:1']))

  expect(error).toMatchObject({ code: 'ERR_TRANSPORT', retryable: true })
})

test('a scheme that nobody knows is told', async () => {
  expect(await failure(connect('gopher://127.0.0.1'))).toMatchObject({ name: 'ClientError' })
})

test('a Server Reference is followed, within limits', async () => {
  const elsewhere = createBroker({
    capabilities: { serverReference: { reasonCode: 0x9c, reference: new URL(mqttUrl).host } },
  })
  onTestFinished(() => elsewhere.close())
  const { url } = await elsewhere.listen({ protocol: 'mqtt', port: 0 })
  await expectRoundTrips(await open(url))

  const circular = createBroker()
  onTestFinished(() => circular.close())
  let connections = 0
  const loop = createServer((socket: Socket) => {
    connections++
    const reference = `127.0.0.1:${port}`
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.end(
        Buffer.from([
          0x20,
          6 + reference.length,
          0,
          0x9c,
          3 + reference.length,
          0x1c,
          0,
          reference.length,
          ...Buffer.from(reference),
        ]),
      )
    })
  })
  const port = await listening(loop)

  expect(await failure(connect(`mqtt://127.0.0.1:${port}`))).toMatchObject({ code: 'ERR_REFUSED', reasonCode: 0x9c })
  expect(connections).toBeLessThanOrEqual(7)
})

test('a connection attempt is given up when the signal fires', async () => {
  const port = await listening(createServer(() => {}))
  const controller = new AbortController()

  const failed = failure(connect(`ws://127.0.0.1:${port}`, { signal: controller.signal }))
  await new Promise(setImmediate)
  controller.abort()

  expect(await failed).toMatchObject({ code: 'ERR_ABORTED' })
})

test('a Client comes back when its Server does', async () => {
  let first = createBroker()
  const { port } = await first.listen({ protocol: 'mqtt', port: 0 })
  const client = await open(`mqtt://127.0.0.1:${port}`, { reconnect: { delayMs: 20, delayMaxMs: 50 } })
  const subscription = await client.subscribe('a')
  const disconnected = new Promise(resolve => client.on('disconnected', resolve))

  await first.close()
  await disconnected
  const published = client.publish('a', 'kept', { qos: 1 })
  first = createBroker()
  onTestFinished(() => first.close())
  await first.listen({ protocol: 'mqtt', port })
  await published

  expect((await subscription.next()).value?.text()).toBe('kept')
})
