import type { Message } from '@curlew/protocol'
import { matchesTopicFilter } from '@curlew/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RetainedMessages } from '../../src/routing/retained-messages.ts'
import { topicFilter, topicName } from '../support/arbitrary-topics.ts'
import { messageOf } from '../support/subscribers.ts'

const limits = { retainedCountMax: 1_000_000, retainedBytesMax: 1_000_000_000 }

/** So many nodes may be looked at. */
function allowanceOf(count: number) {
  let left = count
  return { take: () => left-- > 0 }
}

/** Goes on with a search in steps of so many nodes. @returns the topics found in each */
function stepsOf(retained: RetainedMessages, filter: string, nodesPerStep: number): string[][] {
  const search = retained.search(filter)
  const steps: string[][] = []
  while (!search.isFinished) {
    const allowance = allowanceOf(nodesPerStep)
    const topics: string[] = []
    for (;;) {
      const node = retained.next(search, 0, allowance)
      if (node === undefined) break
      topics.push(node.value!.topic)
    }
    steps.push(topics)
  }
  return steps
}

test.each([1, 2, 7, 1_000])('in steps of %d nodes a search finds what it finds in one go', nodesPerStep => {
  const retained = new RetainedMessages(limits, () => {})
  const topics = ['a', 'a/b', 'a/b/c', 'a/c', 'b', 'b//c', '/', '$x/a']
  for (const topic of topics) retained.set(messageOf(topic))

  for (const filter of ['#', '+', 'a/#', '+/+/c', '+/b/#', 'a/b', '$x/#', 'none/+']) {
    const found = stepsOf(retained, filter, nodesPerStep).flat()

    expect(found.toSorted()).toEqual(topics.filter(topic => matchesTopicFilter(filter, topic)).toSorted())
  }
})

test('nodes that do not match count, too', () => {
  const retained = new RetainedMessages(limits, () => {})
  for (let index = 0; index < 1_000; index++) retained.set(messageOf(`a/${index}/b`))

  const steps = stepsOf(retained, 'a/+/c', 100)

  expect(steps.length).toBeGreaterThanOrEqual(10)
  expect(steps.flat()).toEqual([])
})

test('topics that come while a search goes on do not prolong it', () => {
  const retained = new RetainedMessages(limits, () => {})
  for (let index = 0; index < 10; index++) retained.set(messageOf(`a/${index}`))
  const search = retained.search('#')
  const topics: string[] = []

  for (let round = 0; !search.isFinished; round++) {
    for (let index = 0; index < 10; index++) retained.set(messageOf(`a/new ${round} ${index}`))
    const node = retained.next(search, 0, allowanceOf(3))
    if (node !== undefined) topics.push(node.value!.topic)
    expect(round).toBeLessThan(30)
  }

  expect(topics).toEqual(Array.from({ length: 10 }, (_, index) => `a/${index}`))
})

test('whatever is set and cleared in between, what stays is found once, and is ahead until then', () => {
  const change = fc.record({ topic: topicName, isSet: fc.boolean() })
  const before = fc.uniqueArray(topicName, { maxLength: 25 })
  const steps = fc.array(
    fc.record({ changes: fc.array(change, { maxLength: 4 }), nodes: fc.integer({ min: 1, max: 4 }) }),
  )
  fc.assert(
    fc.property(before, topicFilter, steps, (topics, filter, list) => {
      const retained = new RetainedMessages(limits, () => {})
      for (const topic of topics) retained.set(messageOf(topic))
      const wanted = topics.filter(topic => matchesTopicFilter(filter, topic))
      const untouched = new Map<string, Message>(wanted.map(topic => [topic, retained.get(topic)!]))
      const search = retained.search(filter)
      const found: Message[] = []
      const walk = (nodes: number) => {
        const node = retained.next(search, 0, allowanceOf(nodes))
        if (node !== undefined) found.push(node.value!)
        for (const [topic, message] of untouched) {
          expect(search.isAhead(retained.nodeOf(topic)!, topic)).toBe(!found.includes(message))
        }
      }

      for (const { changes, nodes } of list) {
        for (const { topic, isSet } of changes) {
          if (isSet) retained.set(messageOf(topic, 'changed'))
          else retained.clear(topic)
          untouched.delete(topic)
        }
        walk(nodes)
      }
      while (!search.isFinished) walk(2)

      expect(new Set(found).size).toBe(found.length)
      expect([...untouched.values()].filter(message => !found.includes(message))).toEqual([])
      expect(found.filter(({ topic }) => !matchesTopicFilter(filter, topic))).toEqual([])
    }),
    { numRuns: 500 },
  )
})
