import { ReasonCode } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { authenticating, authPacket, CuedMethod, continueWith, reAuthenticate } from '../support/cued-method.ts'
import { DeferredStore } from '../support/deferred-store.ts'
import { connectPacket, publishPacket, subscribePacket } from '../support/packets.ts'
import { Stage, type StageOptions } from '../support/stage.ts'

function setUp(options: StageOptions = {}) {
  const method = new CuedMethod()
  const stage = new Stage({ ...options, authenticationMethods: { cued: method } })
  return { method, stage }
}

/** Cues of the Client, one per step, and what the broker sends in the end. `AUTH` comes between two of them. */
const exchanges: [cues: string[], end: string][] = [
  [['yes'], 'CONNACK 00'],
  [['yes without data'], 'CONNACK 00'],
  [['yes later'], 'CONNACK 00'],
  [['ask', 'yes'], 'CONNACK 00'],
  [['ask later', 'ask', 'ask later', 'yes later'], 'CONNACK 00'],
  [['no'], 'CONNACK 87'],
  [['ask', 'no later'], 'CONNACK 87'],
  [['no, banned'], 'CONNACK 8a'],
  [['throw'], 'CONNACK 88'],
  [['reject'], 'CONNACK 88'],
  [['ask', 'throw'], 'CONNACK 88'],
  [['ask', 'reject'], 'CONNACK 88'],
  [['no, administrative'], 'CONNACK 87'],
  [['no, successfully'], 'CONNACK 87'],
]
test.each(exchanges)('a CONNECT and its answers %j come to %s', async ([first, ...rest], end) => {
  const { stage } = setUp()
  const client = await stage.dial(authenticating(first))

  for (const cue of rest) {
    expect(await client.next()).toBe('AUTH')
    client.send(continueWith(cue))
  }

  expect(await client.next()).toBe(end)
  expect(stage.broker.stats().sessions).toBe(end === 'CONNACK 00' ? 1 : 0)
})

/** The same when the Client is connected. DISCONNECT has fewer codes than CONNACK. */
const reExchanges: [cues: string[], end: string][] = [
  [['yes'], 'AUTH'],
  [['yes later'], 'AUTH'],
  [['ask later', 'yes'], 'AUTH'],
  [['no'], 'DISCONNECT 87'],
  [['ask', 'no later'], 'DISCONNECT 87'],
  [['no, administrative'], 'DISCONNECT 98'],
  [['no, banned'], 'DISCONNECT 87'],
  [['no, successfully'], 'DISCONNECT 87'],
  [['throw'], 'DISCONNECT 87'],
  [['reject'], 'DISCONNECT 87'],
]
test.each(reExchanges)('[MQTT-4.12.1-2] re-authentication with %j comes to %s', async ([first, ...rest], end) => {
  const { stage } = setUp()
  const client = await stage.connect(authenticating('yes'))

  client.send(reAuthenticate(first))
  for (const cue of rest) {
    expect(await client.next()).toBe('AUTH')
    client.send(continueWith(cue))
  }

  expect(await client.next()).toBe(end)
  await stage.settle()
  expect(client.state).toBe(end === 'AUTH' ? 'open' : 'ended')
})

test.each(['throw', 'reject'])('what a method does wrong (%s) is logged', async cue => {
  const { stage } = setUp()

  await stage.dial(authenticating(cue))

  const [entry] = stage.log.entries.filter(({ line }) => line.startsWith('error'))
  expect(entry).toMatchObject({ line: 'error an authentication method broke down', fields: { method: 'cued' } })
  expect(entry!.fields['error']).toBeInstanceOf(Error)
})

test('a method whose beginning throws has failed like one whose step throws', async () => {
  const begin = () => {
    throw new Error('no such realm')
  }
  const stage = new Stage({ authenticationMethods: { cued: { begin } } })

  const client = await stage.dial(authenticating('yes'))

  expect(await client.closing()).toEqual(['CONNACK 88'])
  expect(stage.log.lines('error')).toEqual(['error an authentication method broke down'])
})

test('a method hears who begins', async () => {
  const { stage, method } = setUp()
  const client = await stage.connect(authenticating('yes', { clientId: 'c', userName: 'u' }))

  client.send(reAuthenticate('yes'))
  await client.next()

  const who = { clientId: 'c', userName: 'u', remoteAddress: 'in process' }
  expect(method.begun).toEqual([who, who])
})

test('a Client that names no method is let in without one, also below 5.0', async () => {
  const { stage, method } = setUp()

  await stage.connect({ clientId: 'a' })
  await stage.connect({ clientId: 'b', protocolVersion: 4 })

  expect(method.begun).toEqual([])
})

const outOfTurn: [what: string, packet: ReturnType<typeof authPacket>][] = [
  ['AUTH 0x18 while the method thinks', continueWith('yes')],
  ['AUTH 0x19 while the method thinks', reAuthenticate('yes')],
]
test.each(outOfTurn)('%s closes without CONNACK, and what the method says then is ignored', async (_, packet) => {
  const { stage, method } = setUp()
  const client = await stage.dial(authenticating('wait'))

  client.send(packet)
  await stage.settle()
  method.answer('yes')

  expect(await client.closing()).toEqual([])
  expect(stage.broker.stats().sessions).toBe(0)
})

test.each(outOfTurn)('%s of a connected Client closes with DISCONNECT 0x82, and nothing follows', async (_, packet) => {
  const { stage, method } = setUp()
  const client = await stage.connect(authenticating('yes'))
  client.send(reAuthenticate('wait'), packet)
  await stage.settle()

  method.answer('yes')

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
})

test('AUTH 0x18 of a connected Client that was not asked is a Protocol Error', async () => {
  const { stage } = setUp()
  const client = await stage.connect(authenticating('yes'))

  client.send(continueWith('yes'))

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
})

const early = [
  ['PUBLISH', publishPacket('a', 'x')],
  ['SUBSCRIBE', subscribePacket(1, ['a'])],
  ['PINGREQ', 'c0 00'],
  ['CONNECT', connectPacket()],
  ['DISCONNECT', 'e0 00'],
] as const
describe.each(['ask', 'wait'])('while a Client that said %s authenticates', cue => {
  test.each(early)('[MQTT-3.1.2-30] %s closes the connection and is not handled', async (_, packet) => {
    const { stage } = setUp()
    const other = await stage.connect({ clientId: 'other' })
    other.send(subscribePacket(1, ['a']))
    await other.next()
    const client = await stage.dial(authenticating(cue))
    client.takeAll()

    client.send(packet)

    expect(await client.closing()).toEqual([])
    expect(await other.upToNow()).toEqual([])
    expect(stage.broker.stats().sessions).toBe(1)
  })

  test('the connection closes when the time for CONNECT is over', async () => {
    const { stage, method } = setUp({ limits: { connectTimeoutMs: 5_000 } })
    const client = await stage.dial(authenticating(cue))
    client.takeAll()
    await stage.advance(4_000)
    expect(client.state).toBe('open')

    await stage.advance(2_000)
    if (cue === 'wait') method.answer('yes')

    expect(await client.closing()).toEqual([])
    expect(stage.broker.stats()).toMatchObject({ sessions: 0 })
  })
})

const endings: [
  what: string,
  end: (setting: ReturnType<typeof setUp>, client: { end(): void; drop(): void }) => unknown,
][] = [
  ['the Client has closed its side', (_, client) => client.end()],
  ['the connection is lost', (_, client) => client.drop()],
  ['the time for CONNECT is over', ({ stage }) => stage.advance(10_500)],
]
test.each(endings)('a method that says yes when %s lets nobody in', async (_, end) => {
  const setting = setUp({ limits: { lingerMs: 60_000 } })
  const { stage, method } = setting
  const connected: string[] = []
  stage.broker.on('connected', ({ clientId }) => connected.push(clientId))
  const client = await stage.dial(authenticating('wait'))

  end(setting, client)
  await stage.settle()
  method.answer('yes')
  await stage.advance(120_000)

  expect([connected, client.takeAll()]).toEqual([[], []])
  expect(stage.broker.stats()).toMatchObject({ sessions: 0, connections: 0 })
})

test('a method that says yes to a re-authentication when the connection is closing sends nothing behind DISCONNECT', async () => {
  const { stage, method } = setUp()
  const client = await stage.connect(authenticating('yes', { clientId: 'same' }))
  client.send(reAuthenticate('wait'))
  await stage.settle()

  await stage.connect({ clientId: 'same' })
  method.answer('yes')

  expect(await client.closing()).toEqual(['DISCONNECT 8e'])
})

test('the broker stops while a method thinks', async () => {
  const { stage, method } = setUp()
  const client = await stage.dial(authenticating('wait'))

  const stopped = stage.broker.close()
  await stage.advance(5_000)
  method.answer('yes')

  await stopped
  expect(client.takeAll()).toEqual([])
})

test('Clients authenticate at the same time, each for itself', async () => {
  const { stage, method } = setUp()
  const first = await stage.dial(authenticating('wait', { clientId: 'first' }))
  const second = await stage.dial(authenticating('wait', { clientId: 'second' }))

  method.answer('no')
  method.answer('yes')

  expect([await first.closing(), await second.next()]).toEqual([['CONNACK 87'], 'CONNACK 00'])
})

test('a Session is taken over only when the other Client has authenticated', async () => {
  const { stage } = setUp()
  const before = await stage.connect({ clientId: 'same' })
  const after = await stage.dial(authenticating('ask', { clientId: 'same' }))
  expect([await after.next(), before.state]).toEqual(['AUTH', 'open'])

  after.send(continueWith('yes'))

  expect(await after.next()).toBe('CONNACK 00')
  expect(await before.closing()).toEqual(['DISCONNECT 8e'])
})

test('a Session that is kept is stored before an asynchronous success is told', async () => {
  const store = new DeferredStore()
  const { stage } = setUp({ store })
  const client = await stage.dial(authenticating('yes later', { properties: { sessionExpiryInterval: 60 } }))
  expect(client.takeAll()).toEqual([])

  store.settle()
  await stage.settle()

  expect(client.takeAll()).toEqual(['CONNACK 00'])
})

const tooLarge: [what: string, cues: string[]][] = [
  ['[MQTT-3.1.2-24] an AUTH', ['ask at length']],
  ['[MQTT-3.1.2-24] a CONNACK', ['ask', 'yes at length']],
]
test.each(tooLarge)('%s that the Client does not take closes the connection', async (_, [first, ...rest]) => {
  const { stage } = setUp()
  const client = await stage.dial(authenticating(first, { properties: { maximumPacketSize: 100 } }))

  for (const cue of rest) {
    expect(await client.next()).toBe('AUTH')
    client.send(continueWith(cue))
  }

  expect(await client.closing()).toEqual([])
  expect(stage.broker.stats().sessions).toBe(0)
})

test('[MQTT-3.1.2-24] an AUTH in a re-authentication that the Client does not take ends with DISCONNECT 0x95', async () => {
  const { stage } = setUp()
  const client = await stage.connect(authenticating('yes', { properties: { maximumPacketSize: 100 } }))

  client.send(authPacket(ReasonCode.ReAuthenticate, 'ask at length'))

  expect(await client.closing()).toEqual(['DISCONNECT 95'])
})

test('sessionsMax holds for Clients that authenticate at the same time', async () => {
  const { method, stage } = setUp({ limits: { sessionsMax: 1 } })
  const first = await stage.dial(authenticating('wait', { clientId: 'first' }))
  const second = await stage.dial(authenticating('wait', { clientId: 'second' }))

  for (let count = 0; count < 2; count++) method.answer('yes')

  expect([await first.next(), await second.next()]).toEqual(['CONNACK 00', 'CONNACK 97'])
  expect(stage.broker.stats().sessions).toBe(1)
})
