import { matchesTopicFilter } from '@curlew/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultRoutingOptions, Router } from '../../src/routing/router.ts'
import type { Subscription } from '../../src/routing/subscription.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { topicFilter, topicName } from '../support/arbitrary-topics.ts'
import { heapBytes } from '../support/heap.ts'
import { messageOf, RecordingSubscriber, subscriptionOf } from '../support/subscribers.ts'

const limits = { retainedCountMax: 100, retainedBytesMax: 100_000 }

const setUp = () => {
  const store = new MemoryStore()
  const router = new Router(store, limits, defaultRoutingOptions, () => 0)
  const client = new RecordingSubscriber('client')
  const subscribe = (filter: string, fields: Partial<Subscription> = {}, subscriber = client): void =>
    router.subscribe(subscriptionOf(subscriber, filter, fields))
  return { store, router, client, subscribe }
}

test('[MQTT-4.5.0-1] [MQTT3-4.5.0-1] a message goes to every Subscriber with a matching filter, and to nobody else', () => {
  const { router, client, subscribe } = setUp()
  const [other, stranger] = [new RecordingSubscriber('other'), new RecordingSubscriber('stranger')]
  subscribe('a/b')
  subscribe('a/+', {}, other)
  subscribe('b/#', {}, stranger)

  expect(router.publish(messageOf('a/b'))).toBe(2)
  expect([client, other, stranger].map(({ deliveries }) => deliveries.length)).toEqual([1, 1, 0])
})

test.each([
  [16_384, 2, true],
  [16_384, 1, false],
  [16_383, 2, false],
])('of a payload of %d bytes %d Subscribers share one copy: %s', (length, count, isShared) => {
  const { router, subscribe } = setUp()
  for (let index = 0; index < count; index++) subscribe('a', {}, new RecordingSubscriber(`client ${index}`))
  const [published, reserved] = [messageOf('a', 'x'.repeat(length)), messageOf('a', 'x'.repeat(length))]

  router.publish(published)
  const deliveries = router.reserve(reserved)
  if ('full' in deliveries) throw new Error('full')
  router.deliver(reserved, deliveries)

  expect([published.isKept, reserved.isKept]).toEqual([isShared, isShared])
})

test('[MQTT-3.3.4-2] [MQTT3-3.3.5-1] overlapping Subscriptions come to one delivery at their highest QoS', () => {
  const { router, client, subscribe } = setUp()
  subscribe('a/#', { qos: 1 })
  subscribe('a/b', { qos: 2 })
  subscribe('+/b', { qos: 0 })

  router.publish(messageOf('a/b', 'x', { qos: 2 }))

  expect(client.deliveries.map(({ terms }) => terms.qos)).toEqual([2])
})

test('[MQTT-3.3.4-3] [MQTT-3.3.4-4] the delivery has the Subscription Identifiers of all that have one', () => {
  const { router, client, subscribe } = setUp()
  subscribe('a/#', { identifier: 7 })
  subscribe('a/b', { identifier: 3 })
  subscribe('+/b', { identifier: 7 })
  subscribe('#')

  router.publish(messageOf('a/b'))

  expect(client.deliveries[0]?.terms.subscriptionIdentifiers.toSorted()).toEqual([3, 7, 7])
})

test('Retain As Published of one of the Subscriptions is enough', () => {
  const { router, client, subscribe } = setUp()
  subscribe('a/#')
  router.publish(messageOf('a/b'))
  subscribe('a/b', { retainAsPublished: true })
  router.publish(messageOf('a/b'))

  expect(client.deliveries.map(({ terms }) => terms.retainAsPublished)).toEqual([false, true])
})

test('[MQTT-3.8.3-3] a No Local Subscription is left out for messages of its own Client', () => {
  const { router, client, subscribe } = setUp()
  subscribe('a/#', { noLocal: true, qos: 2, identifier: 1 })
  subscribe('a/b', { qos: 1, identifier: 2 })
  const own = { publisherId: 'client' }

  const counts = [messageOf('a/b'), messageOf('a/b', 'x', own), messageOf('a/c', 'x', own)].map(message =>
    router.publish(message),
  )

  expect(counts).toEqual([1, 1, 0])
  expect(client.deliveries.map(({ terms }) => [terms.qos, terms.subscriptionIdentifiers.toSorted()])).toEqual([
    [2, [1, 2]],
    [1, [2]],
  ])
})

test('the number of Subscribers that took the message tells whether there were any', () => {
  const { router, subscribe } = setUp()
  subscribe('a')

  expect([router.publish(messageOf('a')), router.publish(messageOf('b'))]).toEqual([1, 0])
  expect(router.counters).toEqual({ routed: 2, unmatched: 1, retainRefused: 0 })
})

test('a route that is remembered follows every change of Subscriptions', () => {
  const { router, client, subscribe } = setUp()
  const steps: [what: string, change: () => void, count: number][] = [
    ['nothing', () => {}, 0],
    ['subscribe a/b', () => subscribe('a/b'), 1],
    ['subscribe another one to +/b', () => subscribe('+/b', {}, new RecordingSubscriber('other')), 2],
    ['unsubscribe a/b', () => router.unsubscribe('a/b', client), 1],
    ['subscribe #', () => subscribe('#'), 2],
    ['unsubscribe #', () => router.unsubscribe('#', client), 1],
    ['unsubscribe what is not there', () => router.unsubscribe('a/b', client), 1],
  ]

  const counts = steps.map(([, change]) => {
    change()
    return router.publish(messageOf('a/b'))
  })

  expect(counts).toEqual(steps.map(([, , count]) => count))
})

test('[MQTT-3.3.1-5] [MQTT3-3.3.1-5] a retained message is kept and stored with a payload of its own', async () => {
  const { router, store } = setUp()
  const bytes = Buffer.from('..payload..')
  const message = messageOf('a', '', { bytes, payloadStart: 2, payloadEnd: 9, retain: true })

  expect(router.retain(message)).toBe(true)
  bytes.fill(0)

  expect(Buffer.from(router.retained.get('a')!.payload).toString()).toBe('payload')
  expect((await store.load()).retained.map(({ topic }) => topic)).toEqual(['a'])
})

test('[MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT3-3.3.1-10] [MQTT3-3.3.1-11] an empty payload clears and is not kept itself', async () => {
  const { router, store } = setUp()
  router.retain(messageOf('a', 'x'))

  expect([router.retain(messageOf('a', '')), router.retain(messageOf('b', ''))]).toEqual([true, true])

  expect(router.retained.count).toBe(0)
  expect((await store.load()).retained).toEqual([])
})

test('what a limit keeps from being retained is counted and not stored', async () => {
  const { router, store } = setUp()
  const topics = Array.from({ length: 101 }, (_, index) => `t/${index}`)

  const kept = topics.map(topic => router.retain(messageOf(topic)))

  expect(kept.filter(isKept => isKept)).toHaveLength(100)
  expect(router.counters.retainRefused).toBe(1)
  expect((await store.load()).retained).toHaveLength(100)
})

test('long Topic Names are not remembered: the memory of routes would grow by 64 KiB per message', () => {
  const { router } = setUp()
  const before = heapBytes()

  for (let index = 0; index < 1_000; index++) {
    router.publish(messageOf(Buffer.alloc(60_000, `${index}/`).toString('latin1')))
  }

  expect(heapBytes() - before).toBeLessThan(20_000_000)
})

test('topics that nobody has heard of are remembered up to a number, and then all are forgotten', () => {
  const { router } = setUp()
  const publish = (from: number, to: number): void => {
    for (let index = from; index < to; index++) router.publish(messageOf(`fleet/device-${index}/state`))
  }
  publish(0, 51_000)
  const before = heapBytes()

  publish(51_000, 151_000)

  expect(heapBytes() - before).toBeLessThan(12_000_000)
})

const operation = fc.oneof(
  fc.record({
    kind: fc.constant('subscribe' as const),
    who: fc.nat(2),
    filter: topicFilter,
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    identifier: fc.constantFrom(undefined, 1, 2),
  }),
  fc.record({ kind: fc.constant('unsubscribe' as const), who: fc.nat(2), filter: topicFilter }),
  fc.record({ kind: fc.constant('publish' as const), who: fc.nat(2), topic: topicName }),
)

/** What each Subscriber gets of one message, by looking at every Subscription. */
function modelDeliveries(subscriptions: readonly Subscription[], topic: string, publisherId: string): string[] {
  const matching = subscriptions.filter(
    ({ filter, noLocal, subscriber }) =>
      matchesTopicFilter(filter, topic) && !(noLocal && subscriber.clientId === publisherId),
  )
  return ['0', '1', '2'].flatMap(clientId => {
    const own = matching.filter(({ subscriber }) => subscriber.clientId === clientId)
    if (own.length === 0) return []
    const qos = Math.max(...own.map(subscription => subscription.qos))
    const identifiers = own.flatMap(({ identifier }) => identifier ?? []).sort()
    return [`${clientId} qos ${qos} ${own.some(({ retainAsPublished }) => retainAsPublished)} [${identifiers}]`]
  })
}

test('every sequence of subscribing, unsubscribing and publishing delivers what the rules say', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), operations => {
      const router = new Router(new MemoryStore(), limits, defaultRoutingOptions, () => 0)
      const subscribers = ['0', '1', '2'].map(clientId => new RecordingSubscriber(clientId))
      const model = new Map<string, Subscription>()
      for (const step of operations) {
        const subscriber = subscribers[step.who]!
        if (step.kind === 'subscribe') {
          const { kind: _, who: __, ...fields } = step
          const subscription = subscriptionOf(subscriber, step.filter, fields)
          router.subscribe(subscription)
          model.set(`${step.who} ${step.filter}`, subscription)
        } else if (step.kind === 'unsubscribe') {
          expect(router.unsubscribe(step.filter, subscriber)).toBe(model.delete(`${step.who} ${step.filter}`))
        } else {
          const count = router.publish(messageOf(step.topic, 'x', { publisherId: String(step.who) }))
          const delivered = subscribers.flatMap(({ clientId, deliveries }) =>
            deliveries.splice(0).map(({ terms }) => {
              const identifiers = terms.subscriptionIdentifiers.toSorted()
              return `${clientId} qos ${terms.qos} ${terms.retainAsPublished} [${identifiers}]`
            }),
          )
          expect(delivered).toEqual(modelDeliveries([...model.values()], step.topic, String(step.who)))
          expect(count).toBe(delivered.length)
        }
        expect(router.subscriptionCount).toBe(model.size)
      }
    }),
    { numRuns: 300 },
  )
})

test('a message of the Server is delivered and retained, and the store is not told', async () => {
  const { router, store, client, subscribe } = setUp()
  subscribe('$SYS/#')
  subscribe('#')
  const message = messageOf('$SYS/broker/x', 'x', { retain: true })

  router.publishSystem(message)

  expect(client.deliveries.map(delivery => delivery.message)).toEqual([message])
  expect(router.retained.get('$SYS/broker/x')).toBe(message)
  expect((await store.load()).retained).toEqual([])
})
