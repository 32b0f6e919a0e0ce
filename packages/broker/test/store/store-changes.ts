import fc from 'fast-check'
import { expect } from 'vitest'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { QueuedRecord } from '../../src/store/queued-record.ts'
import type { Store } from '../../src/store/store.ts'
import { plainState, readState } from '../support/stored-state.ts'
import { messageOf } from '../support/subscribers.ts'
import type { StoreUnderTest } from './store.suite.ts'
import { queued } from './store-records.ts'

/** What a broker holds that uses a Store: its Sessions, and what it has queued for them by sequence. */
type Held = Map<string, Map<number, QueuedRecord>>

type Change = (store: Store, step: number, held: Held) => void | Promise<void>

const clientId = fc.constantFrom('a', 'b')
const small = fc.nat(5)

/** One change, on few Sessions, positions and topics, so that changes meet. The step numbers what is queued. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(clientId, small).map(
    ([id, expiryInterval]): Change =>
      (store, _step, held) => {
        if (!held.has(id)) held.set(id, new Map())
        store.saveSession({ clientId: id, expiryInterval, disconnectedAtMs: undefined, will: undefined })
      },
  ),
  clientId.map(
    (id): Change =>
      (store, _step, held) => {
        held.delete(id)
        store.deleteSession(id)
      },
  ),
  fc.tuple(clientId, fc.constantFrom('f', 'g'), fc.constantFrom(0 as const, 2 as const)).map(
    ([id, filter, qos]): Change =>
      store => {
        const options = { noLocal: false, retainAsPublished: false, retainHandling: 0, identifier: undefined } as const
        store.saveSubscription(id, { filter, qos, ...options })
      },
  ),
  fc.tuple(clientId, fc.constantFrom('f', 'g')).map(
    ([id, filter]): Change =>
      store =>
        store.deleteSubscription(id, filter),
  ),
  fc.tuple(clientId, fc.boolean()).map(
    ([id, isLarge]): Change =>
      (store, step, held) => {
        const record = queuedRecord(step, isLarge)
        held.get(id)?.set(step, record)
        store.enqueue(id, record)
      },
  ),
  fc.boolean().map(
    (isLarge): Change =>
      (store, step, held) => {
        const one = queuedRecord(step, isLarge)
        const other = { ...one }
        held.get('a')?.set(step, one)
        held.get('b')?.set(step, other)
        store.enqueue('a', one)
        store.enqueue('b', other)
      },
  ),
  fc.tuple(clientId, small).map(
    ([id, back]): Change =>
      (store, step, held) => {
        const record = held.get(id)?.get(step - back)
        held.get(id)?.delete(step - back)
        if (record !== undefined) store.dequeue(id, record)
      },
  ),
  fc.tuple(clientId, small).map(
    ([id, back]): Change =>
      (store, step, held) => {
        const record = held.get(id)?.get(step - back)
        if (record === undefined) return
        record.isReleased = true
        store.release(id, record)
      },
  ),
  fc.tuple(clientId, small).map(
    ([id, packetId]): Change =>
      store =>
        store.acceptIncoming(id, packetId),
  ),
  fc.tuple(clientId, small).map(
    ([id, packetId]): Change =>
      store =>
        store.releaseIncoming(id, packetId),
  ),
  fc.tuple(fc.constantFrom('r', 's'), fc.constantFrom('', 'x', 'y')).map(
    ([topic, payload]): Change =>
      store =>
        store.saveRetained(topic, payload === '' ? undefined : messageOf(topic, payload)),
  ),
  fc.constant((store: Store) => store.commit()),
  fc.constant((store: Store) => {
    store.commit()
    return new Promise<void>(resolve => store.whenSettled(resolve))
  }),
)

function queuedRecord(sequence: number, isLarge: boolean): QueuedRecord {
  return { ...queued(sequence, messageOf('t', `${sequence}`.padEnd(isLarge ? 300 : 0))), qos: 2 }
}

/** Applies random changes to a Store and to one in memory, and compares what a later run finds. */
export async function checkAgainstMemory(open: () => Promise<StoreUnderTest>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 80 }), async changes => {
      const { store, reopen } = await open()
      const memory = new MemoryStore()
      const held: Held[] = [new Map(), new Map()]
      for (const [step, apply] of changes.entries()) {
        await apply(store, step, held[0]!)
        await apply(memory, step, held[1]!)
      }

      expect(plainState(await readState(await reopen()))).toEqual(plainState(await readState(memory)))
    }),
    { numRuns: 60 },
  )
}
