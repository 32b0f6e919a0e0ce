import type { PublishProperties } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { QueuedRecord } from '../../src/store/queued-record.ts'
import type { Store, StoredSession, StoredState } from '../../src/store/store.ts'

/** Everything about a message that must come back, as plain data; the expiry is the business of a test of its own. */
export function plainMessage({ topic, payload, qos, retain, properties, publisherId }: Message): unknown {
  const { correlationData, ...others } = properties as PublishProperties
  const present = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined))
  const correlation = correlationData && Buffer.from(correlationData).toString('hex')
  return { topic, payload: Buffer.from(payload).toString('hex'), qos, retain, present, correlation, publisherId }
}

/** A {@link StoredSession} with the messages of its queue. */
export interface ReadSession extends StoredSession {
  readonly queue: readonly QueuedRecord[]
}

/** What a Store holds, with all that waits in queues. */
export interface ReadState {
  readonly sessions: readonly ReadSession[]
  readonly retained: StoredState['retained']
}

/** Reads a queue page by page. */
export async function readWholeQueue(store: Store, clientId: string): Promise<QueuedRecord[]> {
  const records: QueuedRecord[] = []
  for (let from = 0; ; from = records.at(-1)!.sequence + 1) {
    const page = await new Promise<readonly QueuedRecord[]>(resolve => store.readQueue(clientId, from, resolve))
    if (page.length === 0) return records
    records.push(...page)
  }
}

/** Loads a Store, and reads every queue. */
export async function readState(store: Store): Promise<ReadState> {
  const { sessions, retained } = await store.load()
  const read: ReadSession[] = []
  for (const session of sessions) read.push({ ...session, queue: await readWholeQueue(store, session.clientId) })
  return { sessions: read, retained }
}

/** What a Store holds, as plain data in an order of its own where the order means nothing. */
export function plainState({ sessions, retained }: ReadState): unknown {
  const byKey = <Value>(values: readonly Value[], key: (value: Value) => string): Value[] =>
    values.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
  return {
    sessions: byKey(sessions, ({ clientId }) => clientId).map(
      ({ subscriptions, queue, incoming, will, backlog, ...record }) => ({
        ...record,
        will: will && { ...will, message: plainMessage(will.message) },
        subscriptions: byKey(subscriptions, ({ filter }) => filter),
        backlog: { count: backlog.count, bytes: backlog.bytes, lastReleased: backlog.lastReleased },
        queue: queue.map(({ message, envelope, bodyId, ...fields }) => ({ ...fields, message: plainMessage(message) })),
        incoming: incoming.toSorted((a, b) => a - b),
      }),
    ),
    retained: byKey(retained, ({ topic }) => topic).map(plainMessage),
  }
}
