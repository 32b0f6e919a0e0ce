import { matchesTopicFilter } from '@curlew/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TopicTree } from '../../src/routing/topic-tree.ts'
import { topicFilter, topicName } from '../support/arbitrary-topics.ts'
import { heapBytes } from '../support/heap.ts'
import { RecordingSubscriber, subscriptionOf } from '../support/subscribers.ts'

const filtersThatMatch = (tree: TopicTree, topic: string): string[] =>
  tree
    .match(topic)
    .map(({ filter }) => filter)
    .sort()

const treeOf = (...filters: string[]): TopicTree => {
  const tree = new TopicTree()
  const subscriber = new RecordingSubscriber('client')
  for (const filter of filters) tree.add(subscriptionOf(subscriber, filter))
  return tree
}

const tables: [statement: string, topic: string, matching: string[], others: string[]][] = [
  ['[MQTT-4.7.1-1] [MQTT3-4.7.1-2] # matches its parent level and all below', 'sport', ['sport/#', '#'], ['sport/+']],
  ['# matches the levels below', 'sport/a/b', ['sport/#', '#', 'sport/a/#'], ['sport/b/#', 'sports/#', 'sport/a/b/c/#']],
  ['[MQTT-4.7.1-2] [MQTT3-4.7.1-3] + matches one level', 'sport/a', ['sport/+', '+/a', '+/+'], ['+', '+/+/+', 'sport/+/+']],
  ['+ matches an empty level', '/a', ['+/a', '/+', '+/+', '/a', '/#'], ['+', 'a', 'a/#']],
  ['an empty last level is a level', 'a/', ['a/', 'a/+', 'a/#', 'a//#'], ['a', '+', 'a/b']],
  ['empty levels between count', 'a//b', ['a//b', 'a/+/b', 'a/#', 'a//#', '+/+/+'], ['a/b', 'a/+', '+/b']],
  ['[MQTT-4.7.2-1] [MQTT3-4.7.2-1] a wildcard at the first level stays away from $', '$SYS/x', ['$SYS/#', '$SYS/+', '$SYS/x'], ['#', '+/x', '+/#', '+/+']],
  ['$ is no exception behind the first level', 'a/$b', ['a/+', '#', '+/#', 'a/#', 'a/$b'], []],
  ['[MQTT-4.7.3-4] [MQTT3-4.7.3-4] names are not normalised', 'A/\u00e4', ['A/\u00e4', 'A/+'], ['a/\u00e4', 'A/a\u0308', 'A/\u00c4', 'A/\u00e4 ']],
  ['a name of one separator', '/', ['/', '+/+', '/+', '+/', '#', '/#'], ['+', '']],
] // biome-ignore format: one row for each rule
test.each(tables)('%s', (_, topic, matching, others) => {
  const tree = treeOf(...matching, ...others)

  expect(filtersThatMatch(tree, topic)).toEqual([...matching].sort())
})

test('a Subscription is found for each Subscriber that has it', () => {
  const tree = new TopicTree()
  const [first, second] = [new RecordingSubscriber('1'), new RecordingSubscriber('2')]
  for (const subscriber of [first, second])
    for (const filter of ['a/b', 'a/+']) tree.add(subscriptionOf(subscriber, filter))

  expect(tree.match('a/b')).toHaveLength(4)
  tree.remove('a/+', first)
  tree.remove('a/b', second)

  expect(
    tree
      .match('a/b')
      .map(({ filter, subscriber }) => `${subscriber.clientId} ${filter}`)
      .sort(),
  ).toEqual(['1 a/b', '2 a/+'])
})

test.each(['a/b', 'a/+'])('[MQTT-3.8.4-3] [MQTT3-3.8.4-3] a second Subscription of %s replaces the first', filter => {
  const tree = new TopicTree()
  const subscriber = new RecordingSubscriber('client')
  tree.add(subscriptionOf(subscriber, filter, { qos: 1 }))
  tree.add(subscriptionOf(subscriber, filter, { qos: 2 }))

  expect(tree.match('a/b').map(({ qos }) => qos)).toEqual([2])
  expect(tree.size).toBe(1)
})

test.each(['a/b', 'a/+', '#', '+', '/'])('removing %s twice says the second time that there was none', filter => {
  const tree = new TopicTree()
  const subscriber = new RecordingSubscriber('client')
  tree.add(subscriptionOf(subscriber, filter))

  expect(tree.remove(filter, new RecordingSubscriber('other'))).toBe(false)
  expect(tree.remove(filter, subscriber)).toBe(true)
  expect(tree.remove(filter, subscriber)).toBe(false)
  expect(tree.size).toBe(0)
})

test('a filter of 65 535 levels neither recurses nor stays behind', () => {
  const tree = new TopicTree()
  const subscriber = new RecordingSubscriber('client')
  const deep = `${'/'.repeat(65_533)}/+`
  tree.add(subscriptionOf(subscriber, deep))

  expect(filtersThatMatch(tree, '/'.repeat(65_534))).toEqual([deep])
  expect(tree.remove(deep, subscriber)).toBe(true)
})

test('nodes that lead nowhere any more are given back', () => {
  const tree = new TopicTree()
  const subscriber = new RecordingSubscriber('client')
  const filters = Array.from({ length: 20_000 }, (_, index) => `fleet/${index}/+/state/${index}/#`)
  const before = heapBytes()
  for (const filter of filters) tree.add(subscriptionOf(subscriber, filter))
  const full = heapBytes() - before
  for (const filter of filters) tree.remove(filter, subscriber)
  const emptied = heapBytes() - before

  expect(full).toBeGreaterThan(10_000_000)
  expect(emptied).toBeLessThan(full / 20)
})

test('every sequence of adding and removing matches as one comparison after the other does', () => {
  const operation = fc.record({
    filter: topicFilter,
    who: fc.nat(2),
    adds: fc.boolean(),
    qos: fc.constantFrom(0, 1, 2),
  })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), fc.array(topicName, { minLength: 1 }), (operations, topics) => {
      const tree = new TopicTree()
      const subscribers = [0, 1, 2].map(index => new RecordingSubscriber(String(index)))
      const model = new Map<string, { filter: string; text: string }>()
      for (const { filter, who, adds, qos } of operations) {
        const key = `${who} ${filter}`
        const had = model.has(key)
        if (adds) tree.add(subscriptionOf(subscribers[who]!, filter, { qos: qos as 0 }))
        else expect(tree.remove(filter, subscribers[who]!)).toBe(had)
        if (adds) model.set(key, { filter, text: `${key} ${qos}` })
        else model.delete(key)
      }

      expect(tree.size).toBe(model.size)
      for (const topic of topics) {
        const found = tree.match(topic).map(({ subscriber, filter, qos }) => `${subscriber.clientId} ${filter} ${qos}`)
        const wanted = [...model.values()].filter(({ filter }) => matchesTopicFilter(filter, topic))
        expect(found.sort()).toEqual(wanted.map(({ text }) => text).sort())
      }
    }),
    { numRuns: 400 },
  )
})
