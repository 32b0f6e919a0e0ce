import { describe, expect, test } from 'vitest'
import { SharedGroup, SharedGroups, type SharedStrategy, sharedStrategies } from '../../src/routing/shared-groups.ts'
import { messageOf, RecordingSubscriber, subscriptionOf } from '../support/subscribers.ts'

const sharedFilter = '$share/g/a/+'

/** A group with members `0`, `1`, … at QoS 1. @param random what the group takes for chance */
function groupOf(strategy: SharedStrategy, count: number, random: () => number = () => 0) {
  const group = new SharedGroup(sharedFilter, 'a/+', strategy, random)
  const members = Array.from({ length: count }, (_, index) => new RecordingSubscriber(String(index)))
  for (const member of members) group.join(subscriptionOf(member, sharedFilter, { qos: 1 }))
  return { group, members }
}

const countsOf = (members: readonly RecordingSubscriber[]) => members.map(({ deliveries }) => deliveries.length)

describe.each(sharedStrategies)('%s', strategy => {
  test('takes each message to exactly one member', () => {
    const { group, members } = groupOf(strategy, 5, Math.random)

    for (let count = 1; count <= 100; count++) {
      group.deliver(messageOf(`a/${count}`))
      expect(countsOf(members).reduce((sum, each) => sum + each)).toBe(count)
    }
  })

  test('takes none to a member that is away while another one is there', () => {
    const { group, members } = groupOf(strategy, 3, Math.random)
    members[0]!.isConnected = false
    members[2]!.isConnected = false

    for (let count = 0; count < 20; count++) group.deliver(messageOf(`a/${count}`))

    expect(countsOf(members)).toEqual([0, 20, 0])
  })

  test('lets each message wait with one member while all are away', () => {
    const { group, members } = groupOf(strategy, 3, Math.random)
    for (const member of members) member.isConnected = false

    for (let count = 0; count < 20; count++) group.deliver(messageOf(`a/${count}`))

    expect(countsOf(members).reduce((sum, each) => sum + each)).toBe(20)
  })

  test('takes nothing to a member that has left, and goes on with the others', () => {
    const { group, members } = groupOf(strategy, 3, Math.random)
    group.deliver(messageOf('a/b'))
    const before = members[1]!.deliveries.length

    expect(group.leave(members[1]!)).toBe(true)
    for (let count = 0; count < 20; count++) group.deliver(messageOf(`a/${count}`))

    expect(members[1]!.deliveries).toHaveLength(before)
    expect(countsOf(members).reduce((sum, each) => sum + each)).toBe(21)
  })

  test('takes the message of one member to another one', () => {
    const { group, members } = groupOf(strategy, 3, Math.random)

    for (let count = 0; count < 20; count++) {
      expect(group.redeliver(messageOf(`a/${count}`), members[1]!, false)).toBe(true)
    }

    expect(members[1]!.deliveries).toEqual([])
    expect(countsOf(members).reduce((sum, each) => sum + each)).toBe(20)
  })

  test('has nobody to take the message of the only member, or of the only one that is there', () => {
    const { group, members } = groupOf(strategy, 2)
    members[1]!.isConnected = false

    expect(group.redeliver(messageOf('a/b'), members[0]!, true)).toBe(false)
    expect(group.redeliver(messageOf('a/b'), members[0]!, false)).toBe(true)
    group.leave(members[1]!)
    expect(group.redeliver(messageOf('a/b'), members[0]!, false)).toBe(false)
  })

  test('says on whose behalf a member gets a message, and how', () => {
    const { group, members } = groupOf(strategy, 1)
    group.join(subscriptionOf(members[0]!, sharedFilter, { qos: 2, retainAsPublished: true, identifier: 7 }))

    group.deliver(messageOf('a/b'))

    expect(members[0]!.deliveries[0]!.terms).toEqual({
      qos: 2,
      retainAsPublished: true,
      subscriptionIdentifiers: [7],
      sharedFilter,
    })
    expect(group.memberCount).toBe(1)
  })
})

test('round-robin takes turns', () => {
  const { group, members } = groupOf('round-robin', 3)

  for (let count = 0; count < 9; count++) group.deliver(messageOf('a/b'))

  expect(countsOf(members)).toEqual([3, 3, 3])
})

test('sticky keeps a topic with its member, and spreads topics', () => {
  const { group, members } = groupOf('sticky', 3)

  for (let round = 0; round < 5; round++)
    for (let topic = 0; topic < 60; topic++) group.deliver(messageOf(`a/${topic}`))

  const topics = members.map(({ deliveries }) => new Set(deliveries.map(({ message }) => message.topic)).size)
  expect(topics.reduce((sum, each) => sum + each)).toBe(60)
  expect(Math.min(...topics)).toBeGreaterThan(5)
})

test('random follows chance from its lowest to its highest value', () => {
  const chances = [0, 0.34, 0.67, 0.999_999]
  const { group, members } = groupOf('random', 3, () => chances.shift()!)

  for (let count = 0; count < 4; count++) group.deliver(messageOf('a/b'))

  expect(countsOf(members)).toEqual([1, 1, 2])
})

test('local-first takes turns among the members of this node, and among the others when it has none', () => {
  const { group, members } = groupOf('local-first', 4)
  members[0]!.isLocal = false
  members[3]!.isLocal = false
  for (let count = 0; count < 6; count++) group.deliver(messageOf('a/b'))
  expect(countsOf(members)).toEqual([0, 3, 3, 0])

  members[1]!.isConnected = false
  members[2]!.isConnected = false
  for (let count = 0; count < 6; count++) group.deliver(messageOf('a/b'))

  expect(countsOf(members)).toEqual([3, 3, 3, 3])
})

test('least-in-flight chooses who has the least to do', () => {
  const { group, members } = groupOf('least-in-flight', 3)
  for (const [index, count] of [5, 1, 3].entries()) members[index]!.unfinishedCount = count

  for (let count = 0; count < 4; count++) group.deliver(messageOf('a/b'))

  expect(countsOf(members)).toEqual([0, 4, 0])
})

test('least-in-flight takes turns among those that have equally little to do', () => {
  const { group, members } = groupOf('least-in-flight', 4)

  for (let count = 0; count < 8; count++) group.deliver(messageOf('a/b'))

  expect(countsOf(members)).toEqual([2, 2, 2, 2])
})

const absences: [members: number, connected: number[]][] = [
  [4, [0, 3]],
  [40, [32, 33, 34, 35, 36, 37, 38, 39]],
  [40, [5, 32, 33, 34, 35, 36, 37, 38]],
]
test.each(absences)('least-in-flight of %d members gives the same to each that is there: %j', (count, connected) => {
  const { group, members } = groupOf('least-in-flight', count)
  for (const [index, member] of members.entries()) member.isConnected = connected.includes(index)

  for (let round = 0; round < 5 * connected.length; round++) group.deliver(messageOf('a/b'))

  expect(connected.map(index => members[index]!.deliveries.length)).toEqual(connected.map(() => 5))
})

test('least-in-flight takes turns among all while nobody is there', () => {
  const { group, members } = groupOf('least-in-flight', 20)
  for (const member of members) member.isConnected = false

  for (let round = 0; round < 40; round++) group.deliver(messageOf('a/b'))

  expect(countsOf(members)).toEqual(members.map(() => 2))
})

test('least-in-flight looks at 16 members for one message, and at others for the next', () => {
  const { group, members } = groupOf('least-in-flight', 40)
  for (const member of members) member.unfinishedCount = 9
  members[30]!.unfinishedCount = 0

  for (let count = 0; count < 40; count++) group.deliver(messageOf('a/b'))

  expect(members[30]!.deliveries.length).toBeGreaterThanOrEqual(16)
})

test('groups exist from their first use until they are closed, each for its whole filter', () => {
  const groups = new SharedGroups('random', () => 0)

  const one = groups.open('$share/g/a')
  expect(groups.open('$share/g/a')).toBe(one)
  expect(groups.open('$share/g/b')).not.toBe(one)
  expect(groups.open('$share/h/a')).not.toBe(one)
  expect([one.filter, one.sharedFilter]).toEqual(['a', '$share/g/a'])

  groups.close(one)
  expect(groups.get('$share/g/a')).toBeUndefined()
  expect(() => groups.open('a')).toThrow(TypeError)
})
