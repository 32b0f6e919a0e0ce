import { type Message, matchesTopicFilter } from '@curlew/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RetainedMessages } from '../../src/routing/retained-messages.ts'
import { topicFilter, topicName } from '../support/arbitrary-topics.ts'
import { heapBytes } from '../support/heap.ts'
import { messageOf } from '../support/subscribers.ts'

const limits = { retainedCountMax: 1_000, retainedBytesMax: 1_000_000 }
const topicsOf = (messages: readonly Message[]): string[] => messages.map(({ topic }) => topic).sort()

/** What a search finds that is not interrupted. */
function matches(retained: RetainedMessages, filter: string, now: number): Message[] {
  const found: Message[] = []
  const search = retained.search(filter)
  for (let node = retained.next(search, now, endless); node !== undefined; node = retained.next(search, now, endless)) {
    found.push(node.value!)
  }
  return found
}
const endless = { take: () => true }
const payloadOf = (message: Message | undefined): string => Buffer.from(message?.payload ?? []).toString()

test('[MQTT-3.3.1-5] [MQTT3-3.3.1-5] [MQTT3-3.3.1-7] a message replaces the one its topic had', () => {
  const retained = new RetainedMessages(limits, () => {})
  retained.set(messageOf('a', 'old', { qos: 1 }))
  retained.set(messageOf('a', 'new', { qos: 0 }))

  expect(matches(retained, 'a', 0).map(payloadOf)).toEqual(['new'])
  expect([retained.count, retained.bytes]).toEqual([1, 4])
})

test('[MQTT-3.3.1-6] [MQTT3-3.3.1-10] clearing removes the message of that topic only', () => {
  const retained = new RetainedMessages(limits, () => {})
  for (const topic of ['a', 'a/b', 'a/b/c']) retained.set(messageOf(topic))

  expect(retained.clear('a/b')).toBe(true)
  expect(retained.clear('a/b')).toBe(false)
  expect(retained.clear('a/x/y')).toBe(false)
  expect(topicsOf(matches(retained, '#', 0))).toEqual(['a', 'a/b/c'])
})

test('[MQTT-4.7.2-1] [MQTT3-4.7.2-1] a wildcard at the first level stays away from $', () => {
  const retained = new RetainedMessages(limits, () => {})
  for (const topic of ['$SYS/x', '$SYS', 'a/$b', 'a']) retained.set(messageOf(topic))

  expect(topicsOf(matches(retained, '#', 0))).toEqual(['a', 'a/$b'])
  expect(topicsOf(matches(retained, '+/#', 0))).toEqual(['a', 'a/$b'])
  expect(topicsOf(matches(retained, '+/x', 0))).toEqual([])
  expect(topicsOf(matches(retained, '$SYS/#', 0))).toEqual(['$SYS', '$SYS/x'])
})

test('messages of the Server stand beside those of Clients and count for nothing', () => {
  const retained = new RetainedMessages({ retainedCountMax: 1, retainedBytesMax: 10 }, () => {})
  retained.set(messageOf('a', '1'))
  for (const value of ['1', '2']) retained.setSystem(messageOf('$SYS/broker/x', value))
  retained.setSystem(messageOf('$SYS/broker/y', 'x'.repeat(100)))

  expect([retained.count, retained.bytes]).toEqual([1, 2])
  expect(payloadOf(retained.get('$SYS/broker/x'))).toBe('2')
  expect(topicsOf(matches(retained, '$SYS/broker/x', 0))).toEqual(['$SYS/broker/x'])
  expect(topicsOf(matches(retained, '$SYS/#', 0))).toEqual(['$SYS/broker/x', '$SYS/broker/y'])
  expect(topicsOf(matches(retained, '#', 0))).toEqual(['a'])
  expect([retained.clear('$SYS/broker/x'), retained.clear('a')]).toEqual([false, true])
  expect(topicsOf(matches(retained, '$SYS/broker/+', 0))).toEqual(['$SYS/broker/x', '$SYS/broker/y'])
})

test('what has expired is not found, and is forgotten when it is met', () => {
  const expired: string[] = []
  const retained = new RetainedMessages(limits, topic => expired.push(topic))
  retained.set(messageOf('a/1', 'x', { expiresAt: 5_000 }))
  retained.set(messageOf('a/2', 'x'))

  expect(topicsOf(matches(retained, 'a/+', 4_999))).toEqual(['a/1', 'a/2'])
  expect(topicsOf(matches(retained, 'a/+', 5_000))).toEqual(['a/2'])
  expect([retained.get('a/1'), retained.count, expired]).toEqual([undefined, 1, ['a/1']])
  expect(matches(retained, 'a/1', 5_000)).toEqual([])
})

test('at retainedCountMax no new topic is taken, but those that are there are replaced and cleared', () => {
  const retained = new RetainedMessages({ ...limits, retainedCountMax: 2 }, () => {})
  retained.set(messageOf('a', '1'))
  retained.set(messageOf('b', '1'))

  expect(retained.set(messageOf('c', '1'))).toBe(false)
  expect(retained.set(messageOf('a', '2'))).toBe(true)
  expect(topicsOf(matches(retained, '#', 0))).toEqual(['a', 'b'])
  retained.clear('b')
  expect(retained.set(messageOf('c', '1'))).toBe(true)
})

test('at retainedBytesMax nothing grows, but messages may shrink', () => {
  const retained = new RetainedMessages({ ...limits, retainedBytesMax: 40 }, () => {})
  expect(retained.set(messageOf('a', 'x'.repeat(29)))).toBe(true)

  expect(retained.set(messageOf('b', 'x'.repeat(10)))).toBe(false)
  expect(retained.set(messageOf('b', 'x'.repeat(9)))).toBe(true)
  expect(retained.set(messageOf('a', 'x'.repeat(30)))).toBe(false)
  expect(retained.set(messageOf('a', 'x'))).toBe(true)
  expect(retained.bytes).toBe(12)
})

test('properties count as bytes: they may be larger than the payload', () => {
  const retained = new RetainedMessages({ ...limits, retainedBytesMax: 1_000 }, () => {})
  const correlationData = new Uint8Array(2_000)

  expect(retained.set(messageOf('a', 'x', { properties: { correlationData } }))).toBe(false)
})

test('nodes that lead nowhere any more are given back', () => {
  const retained = new RetainedMessages({ retainedCountMax: 50_000, retainedBytesMax: 1e9 }, () => {})
  const topics = Array.from({ length: 20_000 }, (_, index) => `fleet/${index}/of/state/${index}/now`)
  const before = heapBytes()
  for (const topic of topics) retained.set(messageOf(topic))
  const full = heapBytes() - before
  for (const topic of topics) retained.clear(topic)
  const emptied = heapBytes() - before

  expect(full).toBeGreaterThan(10_000_000)
  expect(emptied).toBeLessThan(full / 20)
  expect([retained.count, retained.bytes]).toEqual([0, 0])
})

test('a topic of 65 535 levels neither recurses nor stays behind', () => {
  const retained = new RetainedMessages(limits, () => {})
  const deep = '/'.repeat(65_534)
  retained.set(messageOf(deep))

  expect(topicsOf(matches(retained, '#', 0))).toEqual([deep])
  expect(topicsOf(matches(retained, `${'+/'.repeat(65_534)}+`, 0))).toEqual([deep])
  expect(retained.clear(deep)).toBe(true)
})

test('every sequence of setting and clearing matches as one comparison after the other does', () => {
  const operation = fc.record({ topic: topicName, size: fc.nat(3), expiresAt: fc.constantFrom(100, 200, Infinity) })
  const look = fc.record({ filter: topicFilter, now: fc.constantFrom(0, 100, 150, 200) })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), fc.array(look, { minLength: 1 }), (operations, looks) => {
      const retained = new RetainedMessages(limits, () => {})
      const model = new Map<string, Message>()
      for (const { topic, size, expiresAt } of operations) {
        const message = messageOf(topic, 'x'.repeat(size), { expiresAt })
        if (size === 0) expect(retained.clear(topic)).toBe(model.delete(topic))
        else expect(retained.set(message)).toBe(true)
        if (size > 0) model.set(topic, message)
      }

      expect(retained.count).toBe(model.size)
      for (const { filter, now } of looks.sort((a, b) => a.now - b.now)) {
        const found = matches(retained, filter, now)
        const wanted = [...model.values()].filter(
          message => matchesTopicFilter(filter, message.topic) && message.expiresAt > now,
        )
        expect(new Set(found)).toEqual(new Set(wanted))
        expect(found).toHaveLength(wanted.length)
      }
    }),
    { numRuns: 400 },
  )
})
