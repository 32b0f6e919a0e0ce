import fc from 'fast-check'
import { expect } from 'vitest'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { plainState } from '../support/stored-state.ts'
import { messageOf } from '../support/subscribers.ts'
import type { StoreUnderTest } from './store.suite.ts'

type Change = (store: Store, step: number) => void

const clientId = fc.constantFrom('a', 'b')
const small = fc.nat(5)

/** One change, on few Sessions, positions and topics, so that changes meet. The step numbers what is queued. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(clientId, small).map(
    ([id, expiryInterval]): Change =>
      store =>
        store.saveSession({ clientId: id, expiryInterval, disconnectedAtMs: undefined, will: undefined }),
  ),
  clientId.map(
    (id): Change =>
      store =>
        store.deleteSession(id),
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
  clientId.map(
    (id): Change =>
      (store, step) => {
        const fields = {
          qos: 2,
          retain: false,
          subscriptionIdentifiers: [],
          sharedFilter: undefined,
          isReleased: false,
        } as const
        store.enqueue(id, { sequence: step, message: messageOf('t', `${step}`), ...fields })
      },
  ),
  fc.tuple(clientId, small).map(
    ([id, back]): Change =>
      (store, step) =>
        store.dequeue(id, step - back),
  ),
  fc.tuple(clientId, small).map(
    ([id, back]): Change =>
      (store, step) =>
        store.release(id, step - back),
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
)

/** Applies random changes to a Store and to one in memory, and compares what a later run finds. */
export async function checkAgainstMemory(open: () => Promise<StoreUnderTest>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 80 }), async changes => {
      const { store, reopen } = await open()
      const memory = new MemoryStore()
      for (const [step, apply] of changes.entries()) {
        apply(store, step)
        apply(memory, step)
      }

      expect(plainState(await (await reopen()).load())).toEqual(plainState(await memory.load()))
    }),
    { numRuns: 60 },
  )
}
