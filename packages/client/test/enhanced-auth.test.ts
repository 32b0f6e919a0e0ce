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
