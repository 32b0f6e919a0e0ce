import type { PublishProperties } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { StoredState } from '../../src/store/store.ts'

/** Everything about a message that must come back, as plain data; the expiry is the business of a test of its own. */
export function plainMessage({ topic, payload, qos, retain, properties, publisherId }: Message): unknown {
  const { correlationData, ...others } = properties as PublishProperties
  const present = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined))
  const correlation = correlationData && Buffer.from(correlationData).toString('hex')
  return { topic, payload: Buffer.from(payload).toString('hex'), qos, retain, present, correlation, publisherId }
}

/** What a Store holds, as plain data in an order of its own where the order means nothing. */
export function plainState({ sessions, retained }: StoredState): unknown {
  const byKey = <Value>(values: readonly Value[], key: (value: Value) => string): Value[] =>
    values.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
  return {
    sessions: byKey(sessions, ({ clientId }) => clientId).map(
      ({ subscriptions, queue, incoming, will, ...record }) => ({
        ...record,
        will: will && { dueAtMs: will.dueAtMs, message: plainMessage(will.message) },
        subscriptions: byKey(subscriptions, ({ filter }) => filter),
        queue: queue.map(({ message, ...fields }) => ({ ...fields, message: plainMessage(message) })),
        incoming: incoming.toSorted((a, b) => a - b),
      }),
    ),
    retained: byKey(retained, ({ topic }) => topic).map(plainMessage),
  }
}
