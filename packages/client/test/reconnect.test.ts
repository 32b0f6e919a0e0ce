import { expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { connected, failure } from './support/connected.ts'
import { accept, refuse, ScriptedServer } from './support/scripted-server.ts'
import { settle, VirtualRuntime } from './support/virtual-runtime.ts'

test('a lost connection is told, waited for and made again', async () => {
  const { client, server, runtime } = await connected({ reconnect: { delayMs: 1_000 } })
  const told: string[] = []
  client.on('state', ({ state }) => told.push(state))
  client.on('disconnected', error => told.push(error.code))
  client.on('waiting', ({ delayMs }) => told.push(`${delayMs} ms`))
  client.on('connected', ({ sessionPresent }) => told.push(`present: ${sessionPresent}`))

  server.greeting = accept({}, true)
  server.link.drop(new Error('reset'))
  await runtime.pass(500)

  expect(told).toEqual(['ERR_TRANSPORT', 'waiting', '500 ms', 'connecting', 'present: true', 'connected'])
})

test('attempts are spread further and further apart while the Server is away', async () => {
  const { client, server, runtime } = await connected({ reconnect: { delayMs: 1_000, delayMaxMs: 8_000 } })
  const waits: number[] = []
  client.on('waiting', ({ delayMs }) => waits.push(delayMs))

  server.unreachable = new Error('down')
  server.link.drop()
  await runtime.pass(20_000)

  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000])
  expect(client.state).toBe('waiting')
})

const ends: [bytes: string, code: string, reasonCode: number][] = [
  ['e0 01 8e', 'ERR_DISCONNECTED', 0x8e],
  ['e0 01 87', 'ERR_DISCONNECTED', 0x87],
  ['e0 01 82', 'ERR_DISCONNECTED', 0x82],
  ['e0 01 9d', 'ERR_DISCONNECTED', 0x9d],
]
for (const [bytes, code, reasonCode] of ends) {
  test(`a DISCONNECT ${bytes} is the end`, async () => {
    const { client, server, runtime } = await connected()

    server.link.sendBytes(bytes)
    await runtime.pass(60_000)

    expect(await client.closed).toMatchObject({ code, reasonCode, retryable: false })
    expect(server.links).toHaveLength(1)
  })
}

for (const bytes of ['e0 00', 'e0 01 8b', 'e0 01 89', 'e0 01 8d', 'e0 01 97', 'e0 01 98']) {
  test(`after a DISCONNECT ${bytes} the Client comes back`, async () => {
    const { client, server, runtime } = await connected()

    server.link.sendBytes(bytes)
    await runtime.pass(10_000)

    expect(client.state).toBe('connected')
    expect(server.links).toHaveLength(2)
  })
}

test('a refusal that cannot heal ends the Client, also later', async () => {
  const { client, server, runtime } = await connected()
  const published = failure(client.publish('a', '', { qos: 1 }))

  server.greeting = refuse(0x86)
  server.link.drop()
  await runtime.pass(60_000)

  expect(await client.closed).toMatchObject({ code: 'ERR_REFUSED', reasonCode: 0x86 })
  expect(await published).toMatchObject({ code: 'ERR_CLOSED' })
})

test('reconnect: false ends the Client with its connection', async () => {
  const { client, server } = await connected({ reconnect: false })

  server.link.drop()

  expect(await client.closed).toMatchObject({ code: 'ERR_TRANSPORT' })
})

test('attemptsMax ends it after so many failures', async () => {
  const { client, server, runtime } = await connected({ reconnect: { attemptsMax: 3 } })

  server.unreachable = new Error('down')
  server.link.drop()
  await runtime.pass(600_000)

  expect(await client.closed).toMatchObject({ code: 'ERR_TRANSPORT', cause: server.unreachable })
})

test('a Client that starts offline is there at once and connects when it can', async () => {
  const server = new ScriptedServer()
  const runtime = new VirtualRuntime()
  server.unreachable = new Error('down')

  const client = await connect([], { transport: server, runtime, startsOffline: true })
  const published = client.publish('a', 'x', { qos: 1 })
  await runtime.pass(1_000)
  server.unreachable = undefined
  await runtime.pass(60_000)
  server.link.sendBytes('40 02 0001')
  await published

  expect(client.state).toBe('connected')
})

test('close() ends the waiting', async () => {
  const { client, server, runtime } = await connected()
  server.unreachable = new Error('down')
  server.link.drop()
  await settle()

  await client.close()
  await runtime.pass(60_000)

  expect(runtime.timerCount).toBe(0)
  expect(server.links).toHaveLength(1)
})

test('the Session of 5.0 is resumed; that of 3.1.1 only if it was to last', async () => {
  const five = await connected()
  const four = await connected({ protocolVersion: 4 })
  const lasting = await connected({ protocolVersion: 4, cleanStart: false })

  for (const { server, runtime } of [five, four, lasting]) {
    server.link.drop()
    await runtime.pass(1_000)
  }

  expect(await five.server.link.take()).toEqual(['CONNECT 5'])
  expect(await four.server.link.take()).toEqual(['CONNECT 4 clean'])
  expect(await lasting.server.link.take()).toEqual(['CONNECT 4'])
})

test('a listener that throws harms nobody and is told', async () => {
  const { client, server, runtime } = await connected()
  const errors: unknown[] = []
  client.on('disconnected', () => {
    throw new Error('mine')
  })
  client.on('error', error => {
    errors.push(error)
    throw new Error('mine as well')
  })

  server.link.drop()
  await runtime.pass(1_000)

  expect(client.state).toBe('connected')
  expect(errors).toMatchObject([{ code: 'ERR_HANDLER', cause: new Error('mine') }])
})

test('a listener can be taken away', async () => {
  const { client, server, runtime } = await connected()
  const told: string[] = []
  const remove = client.on('state', ({ state }) => told.push(state))

  remove()
  server.link.drop()
  await runtime.pass(1_000)

  expect(told).toEqual([])
})

for (const count of [1, 2, 3]) {
  test(`${count} Servers that accept and hang up are not asked without a pause`, async () => {
    const server = new ScriptedServer(link => {
      accept()(link)
      queueMicrotask(() => queueMicrotask(() => link.drop()))
    })
    const runtime = new VirtualRuntime()
    const urls = Array.from({ length: count }, (_, index) => `mqtt://server-${index}`)
    const client = await connect(urls, { transport: server, runtime })

    await runtime.pass(1)
    const attempts = server.links.length
    void client.close()

    expect(attempts).toBeLessThanOrEqual(count)
  })
}

test('Servers that accept and then refer to each other are not asked without a pause', async () => {
  const server = new ScriptedServer(link => {
    accept()(link)
    link.sendBytes("e0 08 9c 06 1c 0003 'a:1'")
  })
  const runtime = new VirtualRuntime()
  const client = await connect('mqtt://b:1', { transport: server, runtime })

  await runtime.pass(1)
  const attempts = server.links.length
  void client.close()

  expect(attempts).toBeLessThanOrEqual(7)
})
