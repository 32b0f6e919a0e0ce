import { type Auth, PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import { type AuthenticationExchange, type AuthenticationMethod, connect } from '../src/index.ts'
import { connected, failure } from './support/connected.ts'
import { accept, type Greeting, ScriptedServer } from './support/scripted-server.ts'
import { VirtualRuntime } from './support/virtual-runtime.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Counts its steps and says what it was asked. */
function method(exchange: Partial<AuthenticationExchange> = {}): AuthenticationMethod {
  return {
    name: 'counting',
    begin: () => ({ step: data => bytes(data ? `answer to ${new TextDecoder().decode(data)}` : 'hello'), ...exchange }),
  }
}

const auth = (reasonCode: Auth['reasonCode'], data: string, authenticationMethod = 'counting'): Auth => ({
  type: PacketType.Auth,
  reasonCode,
  properties: { authenticationMethod, authenticationData: bytes(data) },
})

const challenge: Greeting = link => link.send(auth(0x18, 'question'))

test('an exchange goes to and fro until CONNACK', async () => {
  const server = new ScriptedServer(challenge)
  const finished: unknown[] = []
  const authentication = method({ finish: data => void finished.push(data) })

  const connecting = connect([], { transport: server, runtime: new VirtualRuntime(), authentication })
  const [first, second] = [...((await server.link?.packets()) ?? []), ...(await settledPackets(server))]
  expect(first).toMatchObject({ properties: { authenticationMethod: 'counting', authenticationData: bytes('hello') } })
  expect(second).toMatchObject(auth(0x18, 'answer to question'))
  accept({ authenticationMethod: 'counting', authenticationData: bytes('proof') })(server.link)
  const client = await connecting

  expect(client.state).toBe('connected')
  expect(finished).toEqual([bytes('proof')])
})

async function settledPackets(server: ScriptedServer) {
  await new Promise(setImmediate)
  return server.link.packets()
}

test('a method that fails fails the attempt, and does not come back', async () => {
  const first = { authentication: method({ step: () => Promise.reject(new Error('no card')) }) }
  const later = { authentication: method({ step: data => (data ? Promise.reject(new Error('no card')) : undefined) }) }

  for (const options of [first, later]) {
    const server = new ScriptedServer(challenge)
    const error = await failure(connect([], { transport: server, runtime: new VirtualRuntime(), ...options }))
    expect(error).toMatchObject({ code: 'ERR_AUTHENTICATION', retryable: false, cause: new Error('no card') })
  }
})

test('a Server whose proof is wrong is not trusted', async () => {
  const server = new ScriptedServer(accept({ authenticationMethod: 'counting', authenticationData: bytes('forged') }))
  const authentication = method({ finish: () => Promise.reject(new Error('forged')) })

  const error = await failure(connect([], { transport: server, runtime: new VirtualRuntime(), authentication }))

  expect(error).toMatchObject({ code: 'ERR_AUTHENTICATION', cause: new Error('forged') })
  expect((await server.link.take()).at(-1)).toBe('DISCONNECT 87')
})

test('another method than ours ends the connection', async () => {
  const server = new ScriptedServer(link => link.send(auth(0x18, 'question', 'another')))

  const error = await failure(
    connect([], { transport: server, runtime: new VirtualRuntime(), authentication: method() }),
  )

  expect(error).toMatchObject({ code: 'ERR_PROTOCOL' })
})

test('reauthenticate() runs an exchange on the connection there is', async () => {
  const { client, server } = await connected({ authentication: method() })

  const done = client.reauthenticate()
  expect(await server.link.packets()).toMatchObject([auth(0x19, 'hello')])
  server.link.send(auth(0x18, 'again?'))
  expect(await server.link.packets()).toMatchObject([auth(0x18, 'answer to again?')])
  server.link.send(auth(0x00, 'fine'))
  await done
})

test('reauthenticate() rejects with why the Server ended the connection', async () => {
  const { client, server } = await connected({ authentication: method() })

  const done = failure(client.reauthenticate())
  await server.link.take()
  server.link.sendBytes('e0 01 87')

  expect(await done).toMatchObject({ code: 'ERR_DISCONNECTED', reasonCode: 0x87 })
})

test('reauthenticate() needs a method and a connection', async () => {
  const without = await connected()
  const lost = await connected({ authentication: method() })
  lost.server.unreachable = new Error('down')
  lost.server.link.drop()
  await lost.runtime.pass(1)

  expect(await failure(without.client.reauthenticate())).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  expect(await failure(lost.client.reauthenticate())).toMatchObject({ code: 'ERR_OFFLINE' })
})

test('a method that throws at once fails like one that rejects', async () => {
  const thrown = new Error('no card')
  const fail = (): never => {
    throw thrown
  }
  for (const authentication of [method({ step: fail }), { name: 'counting', begin: fail }]) {
    const server = new ScriptedServer()
    const error = await failure(connect([], { transport: server, runtime: new VirtualRuntime(), authentication }))
    expect(error).toMatchObject({ code: 'ERR_AUTHENTICATION', retryable: false, cause: thrown })
  }
})

test('a method that fails when it begins anew rejects reauthenticate() and leaves the connection', async () => {
  let exchanges = 0
  const fail = () => Promise.reject(new Error('no card'))
  const { client } = await connected({
    authentication: { name: 'counting', begin: () => ({ step: exchanges++ === 0 ? () => undefined : fail }) },
  })

  expect(await failure(client.reauthenticate())).toMatchObject({ code: 'ERR_AUTHENTICATION' })
  expect(client.state).toBe('connected')
})

test('a Server that does not wait for the answer to its AUTH ends the connection', async () => {
  const { client, server } = await connected({
    authentication: method({ step: data => (data ? new Promise(() => {}) : undefined) }),
  })
  const told: unknown[] = []
  client.on('disconnected', error => told.push(error))

  server.link.send(auth(0x18, 'one'), auth(0x18, 'two'))

  expect(await server.link.take()).toEqual(['DISCONNECT 82'])
  expect(told).toMatchObject([{ code: 'ERR_PROTOCOL' }])
})

test('reauthenticate() while it is under way waits for the same exchange', async () => {
  const { client, server } = await connected({ authentication: method() })

  const both = Promise.all([client.reauthenticate(), client.reauthenticate()])
  expect(await server.link.packets()).toHaveLength(1)
  server.link.send(auth(0x00, 'fine'))
  await both
  const later = client.reauthenticate()

  expect(await server.link.packets()).toHaveLength(1)
  server.link.send(auth(0x00, 'fine'))
  await later
})

test('reauthenticate() rejects when the connection goes while the method works', async () => {
  let answer = (_: undefined): void => {}
  let exchanges = 0
  const step = () => (exchanges++ === 0 ? undefined : new Promise<undefined>(resolve => (answer = resolve)))
  const { client, server, runtime } = await connected({ authentication: method({ step }), reconnect: false })

  const failed = failure(client.reauthenticate())
  server.link.drop()
  await runtime.pass(1)
  answer(undefined)

  expect(await failed).toMatchObject({ code: 'ERR_OFFLINE' })
})

const limits: [given: { timeoutMs?: number }, limitMs: number][] = [
  [{}, 30_000],
  [{ timeoutMs: 5_000 }, 5_000],
]
for (const [given, limitMs] of limits) {
  test(`a Server that does not answer reauthenticate(${JSON.stringify(given)}) in ${limitMs} ms loses the connection`, async () => {
    const { client, server, runtime } = await connected({ authentication: method(), keepAlive: 0 })
    const failed = failure(client.reauthenticate(given))
    await server.link.take()

    await runtime.pass(limitMs - 1)
    expect(client.state).toBe('connected')
    await runtime.pass(1)

    expect(await failed).toMatchObject({ code: 'ERR_TIMEOUT', retryable: true })
    expect(await server.link.take()).toEqual(['DISCONNECT 80'])
    expect(client.state).toBe('waiting')
  })
}

test('a Server that consents in time keeps the connection', async () => {
  const { client, server, runtime } = await connected({ authentication: method(), keepAlive: 0 })
  const done = client.reauthenticate()
  await server.link.take()
  await runtime.pass(29_999)

  server.link.send(auth(0x00, 'fine'))
  await done
  await runtime.pass(60_000)

  expect(client.state).toBe('connected')
})

test('a method that takes longer than timeoutMs rejects reauthenticate() and leaves the connection', async () => {
  let exchanges = 0
  const step = () => (exchanges++ === 0 ? undefined : new Promise<undefined>(() => {}))
  const { client, server, runtime } = await connected({ authentication: method({ step }), keepAlive: 0 })

  const failed = failure(client.reauthenticate({ timeoutMs: 10 }))
  await runtime.pass(10)

  expect(await failed).toMatchObject({ code: 'ERR_TIMEOUT' })
  expect(await server.link.take()).toEqual([])
  expect(client.state).toBe('connected')
})

test('what comes behind a CONNACK waits until the proof in it has been checked', async () => {
  const proven = accept({ authenticationMethod: 'counting', authenticationData: bytes('proof') })
  const server = new ScriptedServer(link => {
    proven(link)
    link.sendBytes("30 04 0001 'a' 00 30 04 0001 'b'")
    link.sendBytes('00')
  })
  let prove = (): void => {}
  const finish = () => new Promise<void>(resolve => (prove = resolve))
  const options = { transport: server, runtime: new VirtualRuntime(), authentication: method({ finish }) }
  const connecting = connect([], { ...options, startsOffline: true })
  const client = await connecting
  const topics: string[] = []
  client.on('unhandled', message => topics.push(message.topic))
  await server.link?.take()
  await new Promise(setImmediate)
  expect(topics).toEqual([])

  prove()
  await new Promise(setImmediate)

  expect(topics).toEqual(['a', 'b'])
  expect(client.state).toBe('connected')
  await client.close()
})

test('a Server that floods while its proof is checked is sent away', async () => {
  const server = new ScriptedServer(accept({ authenticationMethod: 'counting' }))
  const authentication = method({ finish: () => new Promise(() => {}) })
  const failed = failure(connect([], { transport: server, runtime: new VirtualRuntime(), authentication }))
  await new Promise(setImmediate)

  for (let count = 0; count < 300; count++) server.link.sendBytes("30 04 0001 'a' 00")

  expect(await failed).toMatchObject({ code: 'ERR_PROTOCOL' })
})
