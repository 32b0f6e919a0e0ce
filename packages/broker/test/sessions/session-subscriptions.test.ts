import { expect, test } from 'vitest'
import type { Subscription } from '../../src/routing/subscription.ts'
import { SessionSubscriptions } from '../../src/sessions/session-subscriptions.ts'

/** What of a Subscription matters here. */
function to(filter: string, qos: 0 | 1 | 2 = 0): Subscription {
  return { filter, qos } as Subscription
}

function filled(...filters: string[]): SessionSubscriptions {
  const subscriptions = new SessionSubscriptions()
  for (const filter of filters) subscriptions.set(to(filter))
  return subscriptions
}

test.each([
  { name: 'none', filters: [] },
  { name: 'one', filters: ['a'] },
  { name: 'several', filters: ['b', 'a', 'c'] },
])('$name: knows how many there are and their filters in order', ({ filters }) => {
  const subscriptions = filled(...filters)

  expect([subscriptions.size, subscriptions.filters()]).toEqual([filters.length, filters])
  expect(['a', 'x'].map(filter => subscriptions.has(filter))).toEqual([filters.includes('a'), false])
})

test.each([
  { name: 'the only one', filters: ['a'] },
  { name: 'one of several', filters: ['a', 'b'] },
])('a Subscription takes the place of $name with its filter', ({ filters }) => {
  const subscriptions = filled(...filters)

  subscriptions.set(to('a', 2))

  expect(subscriptions.filters()).toEqual(filters)
})

test.each([
  { name: 'the only one', filters: ['a'], left: [] },
  { name: 'one of several', filters: ['a', 'b'], left: ['b'] },
])('$name can be taken out, once', ({ filters, left }) => {
  const subscriptions = filled(...filters)

  const found = ['a', 'a', 'x'].map(filter => subscriptions.delete(filter))

  expect([found, subscriptions.filters(), subscriptions.size]).toEqual([[true, false, false], left, left.length])
})

test.each([{ filters: ['a'] }, { filters: ['a', 'b'] }])('$filters can be cleared and filled again', ({ filters }) => {
  const subscriptions = filled(...filters)

  subscriptions.clear()
  subscriptions.set(to('c'))

  expect(subscriptions.filters()).toEqual(['c'])
})
