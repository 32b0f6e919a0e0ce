import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../src/index.ts'
import { connectPacket, publishPacket, subscribePacket, willOf } from './support/packets.ts'
import { persistent, Stage } from './support/stage.ts'
import { allVersions, versions } from './support/versions.ts'

/** Closes the broker of a stage, letting time go on until that is done. @returns milliseconds it took */
async function close(stage: Stage): Promise<number> {
  const start = stage.runtime.monotonicMs()
  let isClosed = false
  const closed = stage.broker.close().then(() => {
    isClosed = true
  })
  await stage.settle()
  while (!isClosed && stage.runtime.monotonicMs() - start < 60_000) await stage.advance(100)
  await Promise.race([closed, Promise.reject(new Error('the broker has not closed within a minute'))])
  return stage.runtime.monotonicMs() - start
}

describe.each(allVersions)('in %s', ({ version }) => {
  test('close() tells Clients of 5.0 that the Server is shutting down, and others nothing', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version })

    const closed = close(stage)

    expect(await client.closing()).toEqual(version === 5 ? ['DISCONNECT 8b'] : [])
    await closed
  })

  test('connections without CONNECT are closed as well', async () => {
    const stage = new Stage()
    const client = await stage.open(version)

    const closed = close(stage)

    expect(await client.closing()).toEqual([])
    await closed
  })
})

describe.each(versions)('in %s', ({ version }) => {
  test('what is pending for a Client that reads is sent before', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version })
    client.send(subscribePacket(1, ['#']), publishPacket('a', 'x'.repeat(500_000)), publishPacket('a', 'last'))
    await Promise.resolve() // it has arrived, and the turn goes on

    const closed = close(stage)

    const received = await client.closing()
    expect(received.slice(0, 3)).toEqual(['SUBACK 1 00', 'PUBLISH a <500000 bytes>', "PUBLISH a 'last'"])
    await closed
  })

  test('a frozen Client does not hold up the end for longer than lingerMs', async () => {
    const stage = new Stage({ limits: { lingerMs: 2_000 } })
    const client = await stage.connect({ protocolVersion: version })
    client.send(subscribePacket(1, ['#']))
    await client.next()
    client.wire.freeze()
    client.send(publishPacket('a', 'x'.repeat(500_000)))

    expect(await close(stage)).toBeLessThanOrEqual(2_200)
    expect(client.state).toBe('closed')
  })

  test('a Client that closes too lets the end come at once', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version })
    client.onEnd = () => client.end()

    expect(await close(stage)).toBe(0)
  })

  test('Wills are not published because the broker stops', async () => {
    const stage = new Stage()
    const watcher = await stage.connect({ protocolVersion: version, clientId: 'watcher' })
    watcher.send(subscribePacket(1, ['#']))
    await watcher.next()
    await stage.connect({ ...persistent(version, 'client'), will: willOf('w', 'gone') })
    await stage.connect({ protocolVersion: version, clientId: 'other', will: willOf('w', 'gone') })

    await close(stage)

    expect(watcher.takeAll().filter(text => text.startsWith('PUBLISH'))).toEqual([])
  })

  test('nobody is let in any more', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version })
    const closed = close(stage)

    const late = await stage.open(version)
    late.send(connectPacket({ protocolVersion: version }))

    expect(await late.closing()).toEqual([])
    await closed
    expect(client.state).toBe('closed')
    expect((await stage.open(version)).state).toBe('closed')
  })
})

test('close() of a broker that never started resolves, each time with the same promise', async () => {
  const { broker } = new Stage()

  const first = broker.close()

  expect(broker.close()).toBe(first)
  await expect(first).resolves.toBeUndefined()
})

test('nothing runs after the end: no timer, and the store is closed once, after the last change', async () => {
  const store = new MemoryStore()
  const calls: string[] = []
  const [saveSession, closeStore] = [store.saveSession.bind(store), store.close.bind(store)]
  store.saveSession = record => {
    calls.push('save')
    saveSession(record)
  }
  store.close = () => {
    calls.push('close')
    return closeStore()
  }
  const stage = new Stage({ store })
  await stage.connect(persistent(5, 'client'))
  const away = await stage.connect(persistent(5, 'away'))
  away.drop()
  await stage.settle()

  await close(stage)

  expect(calls.filter(call => call === 'close')).toHaveLength(1)
  expect(calls.at(-1)).toBe('close')
  expect(stage.runtime.timerCount).toBe(0)
})

test('a broker that is closed does not listen any more', async () => {
  const { broker } = new Stage()
  await broker.close()

  await expect(broker.listen({ protocol: 'mqtt' })).rejects.toMatchObject({
    name: 'ListenError',
    code: 'ERR_LISTEN_FAILED',
  })
})

test('a listener that is just starting when the broker is closed does not stay', async () => {
  const { broker, runtime } = new Stage()
  const refused = expect(broker.listen({ protocol: 'mqtt' })).rejects.toMatchObject({ code: 'ERR_LISTEN_FAILED' })

  await broker.close()
  await runtime.settle()

  await refused
})
