import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { connected, failure } from './support/connected.ts'
import { accept, refuse, ScriptedServer } from './support/scripted-server.ts'
import { settle, VirtualRuntime } from './support/virtual-runtime.ts'

test('a Client connects with MQTT 5.0 and what its options say', async () => {
  const server = new ScriptedServer()
  const runtime = new VirtualRuntime()

  const client = await connect([], {
    transport: server,
    runtime,
    clientId: 'me',
    keepAlive: 30,
    credentials: { userName: 'anna', password: 'secret' },
    will: { topic: 'gone', payload: 'me', qos: 1 },
  })

  const [packet] = await server.link.packets()
  expect(packet).toMatchObject({
    protocolVersion: 5,
    cleanStart: true,
    clientId: 'me',
    keepAlive: 30,
    userName: 'anna',
    will: { topic: 'gone', qos: 1, retain: false },
    properties: {
      sessionExpiryInterval: 3600,
      receiveMaximum: 256,
      maximumPacketSize: 16_777_216,
      topicAliasMaximum: 16,
    },
  })
  expect(client.state).toBe('connected')
  expect(client.protocolVersion).toBe(5)
})

test('a generated Client Identifier is one that every Server of 3.1.1 takes [MQTT-3.1.3-5]', async () => {
  const { client } = await connected({ protocolVersion: 4 })

  expect(client.clientId).toMatch(/^[0-9a-zA-Z]{1,23}$/)
})

test('a Client Identifier that the Server assigns is used from then on', async () => {
  const server = new ScriptedServer(accept({ assignedClientIdentifier: 'assigned' }))

  const { client, runtime } = await connected({ clientId: '' }, server)
  server.link.drop()
  await runtime.pass(1_000)

  expect(client.clientId).toBe('assigned')
  expect(await server.link.packets()).toMatchObject([{ clientId: 'assigned' }])
})

const refusals: [code: number, retryable: boolean][] = [
  [0x84, false],
  [0x85, false],
  [0x86, false],
  [0x87, false],
  [0x88, true],
  [0x89, true],
  [0x8a, false],
  [0x97, true],
  [0x9f, true],
]
for (const [reasonCode, retryable] of refusals) {
  test(`a refusal with ${reasonCode.toString(16)} is ${retryable ? '' : 'not '}worth another attempt`, async () => {
    const server = new ScriptedServer(refuse(reasonCode, { reasonString: 'because' }))
    const options = { transport: server, runtime: new VirtualRuntime(), protocolVersion: 5 as const }

    const error = await failure(connect([], options))

    expect(error).toMatchObject({ name: 'ClientError', code: 'ERR_REFUSED', reasonCode, retryable })
    expect((error as Error).message).toContain('because')
  })
}

test('return codes of 3.1.1 are told as Reason Codes', async () => {
  const server = new ScriptedServer(refuse(4))

  const error = await failure(connect([], { transport: server, runtime: new VirtualRuntime(), protocolVersion: 4 }))

  expect(error).toMatchObject({ code: 'ERR_REFUSED', reasonCode: 0x86 })
})

test('a Server that answers 5.0 with a refusal of 3.1.1 is asked for 3.1.1', async () => {
  const server = new ScriptedServer(link => (link.version === 5 ? link.sendBytes('20 02 00 01') : accept()(link)))

  const client = await connect([], { transport: server, runtime: new VirtualRuntime() })

  expect(client.protocolVersion).toBe(4)
  expect(server.links).toHaveLength(2)
})

test('such a refusal may come byte by byte, and so may a CONNACK of 5.0', async () => {
  const inPieces = (...pieces: string[]) =>
    new ScriptedServer(link => {
      if (link.version === 5) for (const piece of pieces) link.sendBytes(piece)
      else accept()(link)
    })

  const refused = await connect([], { transport: inPieces('20', '02', '0001'), runtime: new VirtualRuntime() })
  const accepted = await connect([], { transport: inPieces('20', '03 00', '00 00'), runtime: new VirtualRuntime() })

  expect([refused.protocolVersion, accepted.protocolVersion]).toEqual([4, 5])
})

test('a Server that refuses 5.0 as 5.0 does is asked for 3.1.1', async () => {
  const server = new ScriptedServer(link => (link.version === 5 ? refuse(0x84)(link) : accept()(link)))

  const client = await connect([], { transport: server, runtime: new VirtualRuntime() })

  expect(client.protocolVersion).toBe(4)
})

test('a Server that closes at the sight of 5.0 is asked for 3.1.1', async () => {
  const server = new ScriptedServer(link => (link.version === 5 ? link.drop() : accept()(link)))

  const client = await connect([], { transport: server, runtime: new VirtualRuntime() })

  expect(client.protocolVersion).toBe(4)
})

test('a version that was asked for is not given up', async () => {
  const server = new ScriptedServer(refuse(0x84))

  const error = await failure(connect([], { transport: server, runtime: new VirtualRuntime(), protocolVersion: 5 }))

  expect(error).toMatchObject({ reasonCode: 0x84 })
  expect(server.links).toHaveLength(1)
})

test('a Server that never answers CONNECT is given up', async () => {
  const server = new ScriptedServer(() => {})
  const runtime = new VirtualRuntime()

  const failed = failure(connect([], { transport: server, runtime, connectTimeoutMs: 5_000 }))
  await runtime.pass(5_000)

  expect(await failed).toMatchObject({ code: 'ERR_CONNECT_TIMEOUT', retryable: true })
  expect(server.link.isEnded).toBe(true)
})

test('a Server that cannot be reached is told with its cause', async () => {
  const server = new ScriptedServer()
  server.unreachable = new Error('no route')

  const error = await failure(connect([], { transport: server, runtime: new VirtualRuntime() }))

  expect(error).toMatchObject({ code: 'ERR_TRANSPORT', retryable: true, cause: server.unreachable })
})

test('a signal gives up connecting', async () => {
  const server = new ScriptedServer(() => {})
  const controller = new AbortController()
  const runtime = new VirtualRuntime()

  const failed = failure(connect([], { transport: server, runtime, signal: controller.signal }))
  await settle()
  controller.abort(new Error('enough'))

  expect(await failed).toMatchObject({ code: 'ERR_ABORTED', cause: new Error('enough') })
  await runtime.pass(2_000)
  expect(runtime.timerCount).toBe(0)
})

test('a signal that has fired already connects to nothing', async () => {
  const server = new ScriptedServer()

  const error = await failure(connect([], { transport: server, signal: AbortSignal.abort() }))

  expect(error).toMatchObject({ code: 'ERR_ABORTED' })
  expect(server.links).toEqual([])
})

test('credentials from a function are asked for before each attempt', async () => {
  let token = 0
  const credentials = async () => ({ userName: 'device', password: `token ${++token}` })

  const { server, runtime } = await connected({ credentials })
  server.link.drop()
  await runtime.pass(1_000)

  const [packet] = await server.link.packets()
  expect(packet).toMatchObject({ userName: 'device', password: new TextEncoder().encode('token 2') })
})

test('a token that is refused is fetched anew once, then it is over', async () => {
  let tokens = 0
  const { client, server, runtime } = await connected({ credentials: () => ({ userName: `${++tokens}` }) })
  server.greeting = refuse(0x87)

  server.link.drop()
  await runtime.pass(60_000)

  expect(tokens).toBe(3)
  expect(client.state).toBe('closed')
  expect(await client.closed).toMatchObject({ code: 'ERR_REFUSED', reasonCode: 0x87 })
})

test('credentials that cannot be had fail the attempt', async () => {
  const credentials = () => Promise.reject(new Error('no token'))

  const error = await failure(
    connect([], { transport: new ScriptedServer(), runtime: new VirtualRuntime(), credentials }),
  )

  expect(error).toMatchObject({ cause: new Error('no token') })
})

const bad: [options: object, name: string][] = [
  [{ keepAlive: -1 }, 'keepAlive'],
  [{ keepAlive: 65_536 }, 'keepAlive'],
  [{ protocolVersion: 6 }, 'protocolVersion'],
  [{ receiveMaximum: 0 }, 'receiveMaximum'],
  [{ maximumPacketSize: 1.5 }, 'maximumPacketSize'],
  [{ outbox: {} }, 'clientId'],
]
for (const [options, name] of bad) {
  test(`${JSON.stringify(options)} is refused by name`, async () => {
    const error = await failure(connect([], { transport: new ScriptedServer(), ...options }))

    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect((error as Error).message).toContain(name)
  })
}

test('a CONNECT that cannot be written fails the attempt and leaves nothing behind', async () => {
  const server = new ScriptedServer()
  const runtime = new VirtualRuntime()

  const error = await failure(connect([], { transport: server, runtime, will: { topic: 'a/#', payload: '' } }))

  expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  expect(server.link.isEnded).toBe(true)
  expect(runtime.timerCount).toBe(0)
})

test('a URL that is none, or no URL at all, is refused', async () => {
  expect(await failure(connect('mqtt://['))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  expect(await failure(connect([]))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
})

test('[MQTT-3.2.2-4] a Session that was to be forgotten ends the connection', async () => {
  const server = new ScriptedServer(accept({}, true))

  const error = await failure(connect([], { transport: server, runtime: new VirtualRuntime() }))

  expect(error).toMatchObject({ code: 'ERR_PROTOCOL' })
  expect(await server.link.take()).toEqual(['CONNECT 5 clean', 'DISCONNECT 82'])
})

test('close() says goodbye, ends the Session, and can be called again', async () => {
  const { client, server } = await connected()

  await client.close()
  await client.close()

  expect(await server.link.packets()).toMatchObject([
    { type: PacketType.Disconnect, reasonCode: 0, properties: { sessionExpiryInterval: 0 } },
  ])
  expect(client.state).toBe('closed')
  expect(await client.closed).toBeUndefined()
})

test('close() leaves a Session that was to last', async () => {
  const { client, server } = await connected({ cleanStart: false, clientId: 'me' })

  await client.close()

  const [packet] = await server.link.packets()
  expect(packet).toMatchObject({ type: PacketType.Disconnect, properties: {} })
})

test('calls on a closed Client reject', async () => {
  const { client } = await connected()
  await client.close()

  expect(await failure(client.publish('a', 'b', { qos: 1 }))).toMatchObject({ code: 'ERR_CLOSED' })
  expect(await failure(client.publish('a', 'b'))).toMatchObject({ code: 'ERR_CLOSED' })
  expect(await failure(client.subscribe('a'))).toMatchObject({ code: 'ERR_CLOSED' })
  await client.drain()
})

test('disposing of a Client closes it', async () => {
  const { client } = await connected()

  await client[Symbol.asyncDispose]()

  expect(client.state).toBe('closed')
})
