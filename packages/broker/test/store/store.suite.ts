import { noProperties, type PublishProperties } from '@curlew/codec'
import { NEVER, PayloadSlab } from '@curlew/protocol'
import { describe, expect, test } from 'vitest'
import type { QueuedRecord } from '../../src/store/queued-record.ts'
import type { Store } from '../../src/store/store.ts'
import { plainMessage, type ReadState, readState } from '../support/stored-state.ts'
import { messageOf } from '../support/subscribers.ts'
import { checkAgainstMemory } from './store-changes.ts'
import { queued, session, subscription } from './store-records.ts'

/** A Store with the means to look at what it has kept. */
export interface StoreUnderTest {
  readonly store: Store
  /** Closes the Store and opens what is left of it, as the next run of a broker does. */
  reopen(): Promise<Store>
}

/** Commits, waits until it is durable, and reads it back as a later run would. */
async function kept({ store, reopen }: StoreUnderTest): Promise<ReadState> {
  store.commit()
  await new Promise<void>(resolve => store.whenSettled(resolve))
  return readState(await reopen())
}

/** What every {@link Store} must do. @param open makes a new and empty one */
export function describeStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    describeSessions(open)
    describeDeletion(open)
    describeQueues(open)
    describeMessages(open)
    describeSharing(open)
    describeExchanges(open)
    describeRetained(open)
    describeSettling(open)
    test('any sequence of changes leaves what it leaves in memory', () => checkAgainstMemory(open))
  })
}

function describeSessions(open: () => Promise<StoreUnderTest>): void {
  test('a new store is empty', async () => {
    expect(await kept(await open())).toEqual({ sessions: [], retained: [] })
  })

  test('[MQTT-4.1.0-1] [MQTT3-4.1.0-1] a Session comes back as it was saved last, with its Subscriptions', async () => {
    const it = await open()
    const options = subscription('a/+', {
      qos: 2,
      noLocal: true,
      retainAsPublished: true,
      retainHandling: 2,
      identifier: 7,
    })
    it.store.saveSession(session('client', { expiryInterval: 60 }))
    it.store.saveSubscription('client', options)
    it.store.saveSubscription('client', subscription('b'))
    it.store.saveSession(session('client', { expiryInterval: 0xffffffff, disconnectedAtMs: 1_700_000_000_123 }))

    const { sessions } = await kept(it)

    expect(sessions).toHaveLength(1)
    expect(sessions[0]).toMatchObject({
      clientId: 'client',
      expiryInterval: 0xffffffff,
      disconnectedAtMs: 1_700_000_000_123,
    })
    expect(sessions[0]!.subscriptions.toSorted((a, b) => (a.filter < b.filter ? -1 : 1))).toEqual([
      options,
      subscription('b'),
    ])
  })

  test('[MQTT-3.1.2-7] a Will Message that waits for its delay comes back', async () => {
    const it = await open()
    const message = messageOf('w', 'gone', { qos: 2, retain: true })
    const will = { message, messageExpiryInterval: 60, delayInterval: 7, dueAtMs: 1_700_000_000_000 }
    it.store.saveSession(session('client', { will }))
    it.store.saveSession(session('other', { will }))
    it.store.saveSession(session('other'))

    const { sessions } = await kept(it)
    const [own, other] = sessions.toSorted((a, b) => (a.clientId < b.clientId ? -1 : 1))

    expect({ ...own?.will, message }).toEqual(will)
    expect(plainMessage(own!.will!.message)).toEqual(plainMessage(will.message))
    expect(other?.will).toBeUndefined()
  })

  test('[MQTT-3.8.4-3] [MQTT3-3.8.4-3] a Subscription replaces the one with the same filter, and can be deleted', async () => {
    const it = await open()
    it.store.saveSession(session('client'))
    for (const filter of ['a', 'b', 'c']) it.store.saveSubscription('client', subscription(filter, { qos: 0 }))
    it.store.saveSubscription('client', subscription('a', { qos: 2 }))
    it.store.deleteSubscription('client', 'b')
    it.store.deleteSubscription('client', 'never there')

    const [stored] = (await kept(it)).sessions

    expect(stored!.subscriptions.map(({ filter, qos }) => `${filter} ${qos}`).sort()).toEqual(['a 2', 'c 0'])
  })
}

function describeDeletion(open: () => Promise<StoreUnderTest>): void {
  test('a deleted Session is gone with all it had, and one of the same name begins empty', async () => {
    const it = await open()
    for (const clientId of ['client', 'again', 'other']) {
      it.store.saveSession(session(clientId))
      it.store.saveSubscription(clientId, subscription('a'))
      it.store.enqueue(clientId, queued(1))
      it.store.acceptIncoming(clientId, 5)
    }
    it.store.deleteSession('client')
    it.store.deleteSession('again')
    it.store.saveSession(session('again'))

    const { sessions } = await kept(it)

    expect(
      sessions
        .map(({ clientId, subscriptions, queue, incoming }) =>
          [clientId, subscriptions.length, queue.length, incoming.length].join(' '),
        )
        .sort(),
    ).toEqual(['again 0 0 0', 'other 1 1 1'])
  })

  test('what is said of a Session that is not there changes nothing', async () => {
    const it = await open()
    it.store.deleteSession('nobody')
    it.store.saveSubscription('nobody', subscription('a'))
    it.store.deleteSubscription('nobody', 'a')
    it.store.enqueue('nobody', queued(1))
    it.store.dequeue('nobody', queued(1))
    it.store.release('nobody', queued(1))
    it.store.acceptIncoming('nobody', 1)
    it.store.releaseIncoming('nobody', 1)

    expect(await kept(it)).toEqual({ sessions: [], retained: [] })
  })

  test('Client Identifiers are told apart whatever is in them', async () => {
    const it = await open()
    const names = [
      '',
      'a',
      'a/b',
      'a/',
      '/',
      'A',
      '\u0001',
      'a\u0001b',
      'a:b',
      'a!',
      'ä',
      'a\u0308',
      'x'.repeat(65_535),
    ]
    for (const [index, clientId] of names.entries()) {
      it.store.saveSession(session(clientId))
      it.store.saveSubscription(clientId, subscription(`f${index}`))
      it.store.enqueue(clientId, queued(index))
    }

    const { sessions } = await kept(it)
    const found = sessions.map(({ clientId, subscriptions, queue }) =>
      [names.indexOf(clientId), subscriptions[0]?.filter, queue[0]?.sequence].join(' '),
    )

    expect(found.sort()).toEqual(names.map((_, index) => `${index} f${index} ${index}`).sort())
  })
}

function describeQueues(open: () => Promise<StoreUnderTest>): void {
  test('[MQTT-4.6.0-5] [MQTT3-4.6.0-6] queued messages come back in the order of their sequence', async () => {
    const it = await open()
    it.store.saveSession(session('client'))
    const sequences = [0, 1, 9, 10, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 40]
    for (const sequence of sequences) it.store.enqueue('client', queued(sequence))

    const [stored] = (await kept(it)).sessions

    expect(stored!.queue.map(({ sequence }) => sequence)).toEqual(sequences)
  })

  test('ten thousand queued messages come back whole', async () => {
    const it = await open()
    it.store.saveSession(session('client'))
    for (let sequence = 0; sequence < 10_000; sequence++) it.store.enqueue('client', queued(sequence))

    const [stored] = (await kept(it)).sessions

    expect(stored!.queue.every((record, index) => Buffer.from(record.message.payload).toString() === `m${index}`)).toBe(
      true,
    )
    expect(stored!.queue).toHaveLength(10_000)
  })
}

function describeMessages(open: () => Promise<StoreUnderTest>): void {
  test('a queued message comes back with every field', async () => {
    const it = await open()
    const properties: PublishProperties = {
      payloadFormatIndicator: 1,
      contentType: 'text/plain',
      responseTopic: 'answers/here',
      correlationData: Uint8Array.of(0, 255, 10),
      userProperties: [
        ['b', '2'],
        ['a', '1'],
        ['b', '2'],
      ],
    }
    const payload = Buffer.from([0, 255, 13, 10])
    const fields = { bytes: payload, payloadEnd: 4, qos: 2, retain: true, publisherId: 'p', properties } as const
    const message = messageOf('ä/b', '', fields)
    const record: QueuedRecord = {
      ...queued(7, message),
      qos: 2,
      retain: true,
      subscriptionIdentifiers: [1, 268_435_455],
      sharedFilter: undefined,
    }
    it.store.saveSession(session('client'))
    it.store.enqueue('client', record)

    const [found] = (await kept(it)).sessions[0]!.queue

    const own = { message: undefined, envelope: 0, bodyId: 0 }
    expect({ ...found, ...own }).toEqual({ ...record, ...own })
    expect(plainMessage(found!.message)).toEqual(plainMessage(message))
  })

  test('a message without properties comes back without, and one with an empty payload with that', async () => {
    const it = await open()
    it.store.saveSession(session('client'))
    it.store.enqueue('client', queued(1, messageOf('t', '', { properties: noProperties })))

    const [found] = (await kept(it)).sessions[0]!.queue

    expect([found!.message.payloadLength, found!.message.encodedProperties.length]).toEqual([0, 0])
  })
}

function describeSharing(open: () => Promise<StoreUnderTest>): void {
  test('a message that several Sessions queue is each one’s own to finish', async () => {
    const it = await open()
    const message = messageOf('t', 'shared').own()
    const records = ['first', 'second'].map(clientId => {
      const record = queued(3, message)
      it.store.saveSession(session(clientId))
      it.store.enqueue(clientId, record)
      return record
    })
    it.store.dequeue('first', records[0]!)

    const { sessions } = await kept(it)

    expect(sessions.map(({ clientId, queue }) => `${clientId} ${queue.length}`).sort()).toEqual(['first 0', 'second 1'])
  })

  test('a held message keeps its payload when its slab goes on to hold others', async () => {
    const it = await open()
    const slab = new PayloadSlab()
    it.store.saveSession(session('client'))
    for (let sequence = 0; sequence < 100; sequence++) {
      it.store.enqueue('client', queued(sequence, messageOf('t', `${sequence}`.padStart(500)).hold(slab)))
    }

    const [stored] = (await kept(it)).sessions

    expect(stored!.queue.map(({ message }) => Number(Buffer.from(message.payload).toString()))).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    )
  })
}

function describeExchanges(open: () => Promise<StoreUnderTest>): void {
  test('[MQTT-4.3.3-5] [MQTT3-4.3.3-1] a released message comes back released, a dequeued one not at all', async () => {
    const it = await open()
    it.store.saveSession(session('client'))
    const [first, second, third] = [1, 2, 3].map(sequence => ({ ...queued(sequence), qos: 2 as const }))
    for (const record of [first!, second!, third!]) it.store.enqueue('client', record)
    second!.isReleased = true
    it.store.release('client', second!)
    it.store.dequeue('client', first!)
    it.store.dequeue('client', queued(99))

    const [stored] = (await kept(it)).sessions

    expect(stored!.queue.map(({ sequence, isReleased }) => [sequence, isReleased])).toEqual([
      [2, true],
      [3, false],
    ])
  })

  test('[MQTT-4.3.3-10] [MQTT3-4.3.3-2] Packet Identifiers of incoming QoS 2 messages come back until they are released', async () => {
    const it = await open()
    it.store.saveSession(session('client'))
    for (const packetId of [1, 65_535, 7, 7]) it.store.acceptIncoming('client', packetId)
    it.store.releaseIncoming('client', 7)
    it.store.releaseIncoming('client', 8)

    const [stored] = (await kept(it)).sessions

    expect(stored!.incoming.toSorted((a, b) => a - b)).toEqual([1, 65_535])
  })
}

function describeRetained(open: () => Promise<StoreUnderTest>): void {
  test('[MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT3-3.3.1-5] [MQTT3-3.3.1-10] retained messages are replaced and cleared by topic', async () => {
    const it = await open()
    for (const [topic, payload] of [
      ['a', '1'],
      ['a/b', '2'],
      ['a', '3'],
      ['', 'odd'],
    ] as const) {
      it.store.saveRetained(topic, messageOf(topic, payload, { retain: true }))
    }
    it.store.saveRetained('a/b', undefined)
    it.store.saveRetained('never there', undefined)

    const { retained } = await kept(it)

    expect(retained.map(({ topic, payload }) => `${topic}=${Buffer.from(payload)}`).sort()).toEqual(['=odd', 'a=3'])
  })

  test('[MQTT3-3.1.2-7] retained messages outlive the Session of their publisher', async () => {
    const it = await open()
    it.store.saveSession(session('publisher'))
    it.store.saveRetained('a', messageOf('a', 'x', { publisherId: 'publisher' }))
    it.store.deleteSession('publisher')

    expect((await kept(it)).retained.map(plainMessage)).toEqual([
      plainMessage(messageOf('a', 'x', { publisherId: 'publisher' })),
    ])
  })

  test('[MQTT-3.3.2-5] what does not expire comes back so', async () => {
    const it = await open()
    it.store.saveRetained('a', messageOf('a'))

    expect((await kept(it)).retained[0]!.expiresAt).toBe(NEVER)
  })
}

function describeSettling(open: () => Promise<StoreUnderTest>): void {
  test('a store in which nothing has changed is settled, and says so to whoever asks', async () => {
    const { store } = await open()

    expect(store.isSettled).toBe(true)
    await expect(new Promise<string>(resolve => store.whenSettled(() => resolve('settled')))).resolves.toBe('settled')
  })

  test('callbacks come in the order they were given, when what was told before is durable', async () => {
    const { store } = await open()
    const calls: string[] = []
    store.saveSession(session('client'))
    store.whenSettled(() => calls.push(`first, settled: ${store.isSettled}`))
    store.commit()
    store.saveSubscription('client', subscription('a'))
    store.whenSettled(() => calls.push('second'))
    store.commit()

    await new Promise<void>(resolve => store.whenSettled(resolve))

    expect(calls.map(call => call.split(',')[0])).toEqual(['first', 'second'])
    expect(store.isSettled).toBe(true)
  })

  test('close() settles what is open', async () => {
    const it = await open()
    it.store.saveSession(session('client'))

    const reopened = await it.reopen()

    expect((await reopened.load()).sessions.map(({ clientId }) => clientId)).toEqual(['client'])
  })
}
