import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Client, Outbox } from '../src/index.ts'
import { Output } from '../src/output.ts'
import { hostRuntime } from '../src/runtime.ts'
import type { ByteStream } from '../src/transport/byte-stream.ts'
import { duplexStream } from '../src/transport/duplex-stream.ts'
import { connected, failure } from './support/connected.ts'
import { accept } from './support/scripted-server.ts'
import { publish, subscribed } from './support/subscribed.ts'
import { settle } from './support/virtual-runtime.ts'

/** What the application is called for while a connection is lost and made again, from within which it closes the Client. */
const occasions: [name: string, closeThen: (client: Client) => void][] = [
  ['the wait', client => client.on('waiting', () => void client.close())],
  ['the state of waiting', client => client.on('state', ({ state }) => state === 'waiting' && void client.close())],
  ['the attempt', client => client.on('state', ({ state }) => state === 'connecting' && void client.close())],
  ['the connection', client => client.on('connected', () => void client.close())],
  [
    'the state of being connected',
    client => client.on('state', ({ state }) => state === 'connected' && void client.close()),
  ],
  [
    'a message that leaves',
    client => void client.on('disconnected', () => client.send('a', '', {}, () => void client.close())),
  ],
]
test.each(occasions)('a Client that is closed by whoever is told of %s stays closed', async (_, closeThen) => {
  const { client, server, runtime } = await connected({ reconnect: { delayMs: 1_000 } })
  closeThen(client)

  server.link.drop()
  await runtime.pass(60_000)

  expect(client.state).toBe('closed')
  expect(await client.closed).toBeUndefined()
  expect(server.links.every(({ isEnded }, index) => isEnded || index === 0)).toBe(true)
  expect(server.links.length).toBeLessThanOrEqual(2)
  expect(await failure(client.publish('a', '', { qos: 1 }))).toMatchObject({ code: 'ERR_CLOSED' })
})

test('a handler that unsubscribes takes the message from nobody else, and all is acknowledged', async () => {
  const setting = await connected()
  const seen: string[] = []
  const once = await subscribed(setting, 'a', {
    handler: message => {
      seen.push(`once ${message.text()}`)
      void once.unsubscribe()
    },
  })
  await subscribed(setting, 'a', { handler: message => void seen.push(`always ${message.text()}`) })

  setting.server.link.send(publish('a', 'x', 1, { packetId: 7 }), publish('a', 'y', 1, { packetId: 8 }))

  expect(await setting.server.link.take()).toEqual(['PUBACK 7', 'PUBACK 8'])
  expect(seen).toEqual(['once x', 'always x', 'always y'])
})

test('a handler that subscribes gets the next message by that, and all is acknowledged', async () => {
  const setting = await connected()
  const seen: string[] = []
  let isAsked = false
  await subscribed(setting, 'a', {
    handler: message => {
      seen.push(message.text())
      if (!isAsked) void setting.client.subscribe('a', { handler: message => void seen.push(`too ${message.text()}`) })
      isAsked = true
    },
  })

  setting.server.link.send(publish('a', 'x', 1, { packetId: 7 }), publish('a', 'y', 1, { packetId: 8 }))

  const lines = await setting.server.link.take()
  expect(lines.filter(line => line.startsWith('PUBACK'))).toEqual(['PUBACK 7', 'PUBACK 8'])
  expect(seen).toEqual(['x', 'y', 'too y'])
})

test('an outbox that has failed holds up nothing that comes later', async () => {
  const nothing = (): void => {}
  const failed: Outbox = {
    load: async () => ({ messages: [], incoming: [] }),
    ...{ append: nothing, release: nothing, remove: nothing, acceptIncoming: nothing, releaseIncoming: nothing },
    clearIncoming: nothing,
    settle: callback => callback(new Error('disk full')),
    close: async () => {},
  }
  const { client, server } = await connected({ clientId: 'me', outbox: failed })

  const refused = await Promise.all([1, 2].map(() => failure(client.publish('a', 'x', { qos: 1 }))))
  await client.publish('a', 'y')
  await client.drain()

  expect(refused).toMatchObject([{ code: 'ERR_OUTBOX' }, { code: 'ERR_OUTBOX' }])
  expect(await server.link.take()).toEqual(["PUBLISH a 'y'"])
  expect(client.outbox.count).toBe(0)
})

test('what has been sent cannot be taken back, and the outbox counts what is in it', async () => {
  const { client, server, runtime } = await connected()
  const takeBack = client.send('a', 'sent', {}, () => {})
  await settle()
  server.unreachable = new Error('down')
  server.link.drop()
  await runtime.pass(100)
  const waiting = client.publish('a', 'waits', { qos: 1 })

  takeBack()
  const { count } = client.outbox
  server.unreachable = undefined
  await runtime.pass(10_000)
  server.link.sendBytes('40 02 0001')
  await waiting
  await client.drain()

  expect([count, client.outbox.count]).toEqual([1, 0])
})

describe('a QoS 1 message with the Packet Identifier of one that the application still has', () => {
  const again = async (dup: boolean) => {
    const setting = await connected({ reconnect: { delayMs: 1_000 } })
    const seen: string[] = []
    const held = await subscribed(setting, 'a', { ack: 'manual' })
    const reading = (async () => {
      for await (const message of held) seen.push(message.text())
    })()
    setting.server.link.send(publish('a', 'first', 1, { packetId: 9 }))
    await settle()
    setting.server.greeting = accept({}, true)
    setting.server.link.drop()
    await setting.runtime.pass(2_000)

    setting.server.link.send(publish('a', dup ? 'first' : 'second', 1, { packetId: 9, dup }))
    await settle()
    return { seen, reading }
  }

  test('is another one after the Session has been resumed, unless DUP is set', async () => {
    expect((await again(false)).seen).toEqual(['first', 'second'])
  })

  test('is the same when DUP is set [MQTT-3.3.1-1]', async () => {
    expect((await again(true)).seen).toEqual(['first'])
  })
})

test('a Server that asks for answers and takes none is left', async () => {
  const { client, server, runtime } = await connected()
  const told: unknown[] = []
  client.on('disconnected', error => told.push(error))
  server.link.isFrozen = true
  const pubrels = Buffer.from('62020009'.repeat(100_000), 'hex')

  for (let round = 0; round < 4; round++) {
    server.link.sendRaw(pubrels)
    await runtime.pass(10)
  }

  expect(told).toMatchObject([
    { code: 'ERR_TRANSPORT', retryable: true, message: 'the Server takes none of the answers it asks for' },
  ])
})

/** A stream whose host takes all or nothing, and that keeps what was written. */
class Sink implements ByteStream {
  pendingBytes = 0
  isFrozen = false
  readonly chunks: Uint8Array[] = []
  onWrite = (): void => {}

  start(): void {}

  write(bytes: Uint8Array): void {
    if (this.isFrozen) this.pendingBytes += bytes.length
    this.chunks.push(this.isFrozen ? bytes : Uint8Array.from(bytes))
    this.onWrite()
  }

  end(): void {}
  destroy(): void {}
}

describe('the output', () => {
  test('writes each byte once when the far end answers from within the write and is answered', () => {
    const sink = new Sink()
    const output = new Output(sink, hostRuntime, 1_000_000, () => {})
    sink.onWrite = () => {
      sink.onWrite = () => {}
      output.writer().byte(2)
    }

    output.writer().byte(1)
    output.flush()
    output.flush()

    expect(sink.chunks.map(chunk => [...chunk])).toEqual([[1], [2]])
  })

  test('keeps little memory for little that the host does not take', () => {
    const sink = new Sink()
    sink.isFrozen = true
    const output = new Output(sink, hostRuntime, 1_000_000, () => {})

    for (let index = 0; index < 100; index++) {
      output.writer().byte(index)
      output.flush()
    }

    const memory = new Set(sink.chunks.map(({ buffer }) => buffer))
    expect([...memory].reduce((bytes, { byteLength }) => bytes + byteLength, 0)).toBeLessThan(20_000)
    expect(sink.chunks.map(([byte]) => byte)).toEqual(Array.from({ length: 100 }, (_, index) => index))
  })
})

test('what comes from within a write to a Duplex is told when the call is over, in order, before the end', async () => {
  const duplex = new Duplex({
    read() {},
    write(_chunk, _encoding, callback) {
      this.push('a')
      this.push('b')
      callback()
    },
  })
  const stream = duplexStream(duplex)
  const told: string[] = []
  let isCalling = false
  stream.start({
    onBytes: chunk => told.push(`${chunk}${isCalling ? ' from within' : ''}`),
    onDrain: () => {},
    onClose: () => told.push('close'),
  })
  await turn()

  isCalling = true
  stream.write(Uint8Array.of(1))
  isCalling = false
  duplex.push('c')
  duplex.destroy()
  await turn()

  expect(told).toEqual(['a', 'b', 'c', 'close'])
})
