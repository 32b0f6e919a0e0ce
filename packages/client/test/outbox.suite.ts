import { expect, test } from 'vitest'
import { connect, type Outbox, type ReceivedMessage, type StoredMessage } from '../src/index.ts'
import { failure } from './support/connected.ts'
import { accept, ScriptedServer } from './support/scripted-server.ts'
import { grant } from './support/subscribed.ts'
import { VirtualRuntime } from './support/virtual-runtime.ts'

/** A place for an outbox that a test opens again and again, as the runs of a program do. */
export interface OutboxPlace {
  open(): Outbox
  /** Lets pass what the host does by itself, such as writing. */
  rest(): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function message(sequence: number, fields: Partial<StoredMessage> = {}): StoredMessage {
  const common = {
    topic: 'a',
    payload: bytes(`${sequence}`),
    qos: 1,
    retain: false,
    properties: {},
    isReleased: false,
  } as const
  return { sequence, ...common, ...fields }
}

const settled = (outbox: Outbox): Promise<unknown> => new Promise(resolve => outbox.settle(resolve))

/** Everything that holds for every durable outbox. @param place makes a new and empty one */
export function outboxSuite(name: string, place: () => Promise<OutboxPlace>): void {
  contentsSuite(name, place)
  endsSuite(name, place)
  restartSuite(name, place)
  processedSuite(name, place)
  storedFirstSuite(name, place)
}

type NewPlace = () => Promise<OutboxPlace>

function contentsSuite(name: string, place: NewPlace): void {
  test(`${name}: an empty one is empty`, async () => {
    const { open } = await place()

    expect(await open().load()).toEqual({ messages: [], incoming: [] })
  })

  test(`${name}: what was settled is there in the next run, in order and whole`, async () => {
    const { open } = await place()
    const first = open()
    await first.load()
    const properties = { contentType: 'text/plain', correlationData: bytes('x'), userProperties: [['a', 'b']] as const }
    for (const each of [message(0, { properties }), message(1, { qos: 2, retain: true }), message(2)])
      first.append(each)
    first.release(1)
    first.remove(2)
    for (const packetId of [7, 8]) first.acceptIncoming(packetId)
    first.releaseIncoming(7)
    expect(await settled(first)).toBeUndefined()

    const { messages, incoming } = await open().load()

    expect(messages).toMatchObject([
      {
        sequence: 0,
        topic: 'a',
        qos: 1,
        retain: false,
        isReleased: false,
        properties: { contentType: 'text/plain', userProperties: [['a', 'b']] },
      },
      { sequence: 1, qos: 2, retain: true, isReleased: true },
    ])
    expect(messages.map(({ payload }) => new TextDecoder().decode(payload))).toEqual(['0', '1'])
    expect(incoming).toEqual([8])
  })
}

function endsSuite(name: string, place: NewPlace): void {
  test(`${name}: received identifiers are forgotten with the Session`, async () => {
    const { open } = await place()
    const first = open()
    await first.load()
    first.acceptIncoming(7)
    first.clearIncoming()
    await settled(first)

    expect((await open().load()).incoming).toEqual([])
  })

  test(`${name}: close() stores what was not settled`, async () => {
    const { open } = await place()
    const first = open()
    await first.load()
    first.append(message(3))
    await first.close()

    expect((await open().load()).messages).toMatchObject([{ sequence: 3 }])
  })

  test(`${name}: a message says how long it has left`, async () => {
    const { open } = await place()
    const first = open()
    await first.load()
    first.append(message(0, { properties: { messageExpiryInterval: 100 } }))
    await settled(first)

    const [stored] = (await open().load()).messages

    expect(stored?.properties.messageExpiryInterval).toBeGreaterThan(90)
    expect(stored?.properties.messageExpiryInterval).toBeLessThanOrEqual(100)
  })
}

function restartSuite(name: string, place: NewPlace): void {
  for (const qos of [1, 2] as const) {
    test(`${name}: a QoS ${qos} delivery goes on in the next run from wherever the process died`, async () => {
      const { open, rest } = await place()
      const server = new ScriptedServer(accept({}, true))
      const runtime = new VirtualRuntime()
      const connectAgain = () => connect([], { transport: server, runtime, clientId: 'me', outbox: open() })
      const linesAfter = async (notation: string): Promise<string[]> => {
        if (notation !== '') server.link.sendBytes(notation)
        await rest()
        return server.link.take()
      }

      // Each run of the program ends without a word: nothing of the first is closed.
      void (await connectAgain()).publish('a', 'x', { qos })
      expect(await linesAfter('')).toEqual(['CONNECT 5', `PUBLISH a 'x' qos ${qos} id 1`])
      await connectAgain()
      expect(await linesAfter('')).toEqual(['CONNECT 5', `PUBLISH a 'x' qos ${qos} id 1 dup`])
      expect(await linesAfter(qos === 1 ? '40 02 0001' : '50 02 0001')).toEqual(qos === 1 ? [] : ['PUBREL 1'])
      await connectAgain()
      expect(await linesAfter('')).toEqual(['CONNECT 5', ...(qos === 1 ? [] : ['PUBREL 1'])])
      await linesAfter('70 02 0001')
      const client = await connectAgain()
      expect(await linesAfter('')).toEqual(['CONNECT 5'])
      expect(client.outbox.count).toBe(0)
    })
  }

  test(`${name}: a received QoS 2 message stays known over a restart`, async () => {
    const { open, rest } = await place()
    const server = new ScriptedServer(accept({}, true))
    const unhandled: string[] = []
    const run = async () => {
      const client = await connect([], {
        transport: server,
        runtime: new VirtualRuntime(),
        clientId: 'me',
        outbox: open(),
      })
      client.on('unhandled', ({ topic }) => unhandled.push(topic))
    }

    await run()
    server.link.sendBytes(`34 06 0001 'a' 0009 00`)
    await rest()
    expect(await server.link.take()).toEqual(['CONNECT 5', 'PUBREC 9'])
    await run()
    server.link.sendBytes(`3c 06 0001 'a' 0009 00`)
    await rest()

    expect(await server.link.take()).toEqual(['CONNECT 5', 'PUBREC 9'])
    expect(unhandled).toEqual(['a'])
  })
}

function processedSuite(name: string, place: NewPlace): void {
  test(`${name}: a received QoS 2 message that has not been processed comes again after a restart, one that has does not`, async () => {
    const { open, rest } = await place()
    const server = new ScriptedServer(accept({}, true))
    const run = async () => {
      const runtime = new VirtualRuntime()
      const client = await connect([], { transport: server, runtime, clientId: 'me', outbox: open() })
      const subscription = client.subscribe('a', { ack: 'manual' })
      await rest()
      await grant(server.link)
      const seen: ReceivedMessage[] = []
      void (async () => {
        for await (const message of await subscription) seen.push(message)
      })()
      server.link.sendBytes(`3c 06 0001 'a' 0009 00`)
      await rest()
      return { seen, lines: () => server.link.take() }
    }

    const first = await run()
    expect([first.seen.length, await first.lines()]).toEqual([1, []])
    const second = await run()
    expect([second.seen.length, await second.lines()]).toEqual([1, []])
    second.seen[0]!.ack()
    await rest()
    expect(await second.lines()).toEqual(['PUBREC 9'])
    const third = await run()
    expect([third.seen.length, await third.lines()]).toEqual([0, ['PUBREC 9']])
  })
}

function storedFirstSuite(name: string, place: NewPlace): void {
  test(`${name}: a PUBREL leaves only when the release is stored`, async () => {
    const { open, rest } = await place()
    const outbox = open()
    let isStored: (() => void) | undefined
    const slow: Outbox = {
      load: () => outbox.load(),
      append: each => outbox.append(each),
      release: sequence => outbox.release(sequence),
      remove: sequence => outbox.remove(sequence),
      acceptIncoming: packetId => outbox.acceptIncoming(packetId),
      releaseIncoming: packetId => outbox.releaseIncoming(packetId),
      clearIncoming: () => outbox.clearIncoming(),
      settle: callback =>
        outbox.settle(() => {
          isStored = () => callback()
        }),
      close: () => outbox.close(),
    }
    const server = new ScriptedServer()
    const client = await connect([], { transport: server, runtime: new VirtualRuntime(), clientId: 'me', outbox: slow })

    void client.publish('a', 'x', { qos: 2 })
    await rest()
    expect(await server.link.take()).toEqual(['CONNECT 5'])
    isStored?.()
    expect(await server.link.take()).toEqual([`PUBLISH a 'x' qos 2 id 1`])
    server.link.sendBytes('50 02 0001')
    await rest()
    expect(await server.link.take()).toEqual([])
    isStored?.()

    expect(await server.link.take()).toEqual(['PUBREL 1'])
  })
}
/** An outbox that holds what it is given, and forgets nothing. */
export function fullOutbox(messages: readonly StoredMessage[]): Outbox {
  return {
    load: async () => ({ messages, incoming: [] }),
    append: () => {},
    release: () => {},
    remove: () => {},
    acceptIncoming: () => {},
    releaseIncoming: () => {},
    clearIncoming: () => {},
    settle: callback => callback(),
    close: async () => {},
  }
}

/** A message whose outbox fails is rejected, and the Client tells. */
export async function expectFailure(outbox: Outbox): Promise<void> {
  const client = await connect([], {
    transport: new ScriptedServer(),
    runtime: new VirtualRuntime(),
    clientId: 'me',
    outbox,
  })
  const errors: unknown[] = []
  client.on('error', error => errors.push(error))

  const error = await failure(client.publish('a', 'x', { qos: 1 }))

  expect(error).toMatchObject({ code: 'ERR_OUTBOX' })
  expect(errors).toMatchObject([{ code: 'ERR_OUTBOX' }])
  expect(client.outbox.count).toBe(0)
}
