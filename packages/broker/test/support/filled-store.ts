import type { PublishProperties } from '@curlew/codec'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import { DiskStore, type DiskStoreOptions } from '../../src/store/disk-store.ts'
import type { Engine } from '../../src/store/engine.ts'
import type { Store } from '../../src/store/store.ts'
import { queued, session, subscription } from '../store/store-records.ts'
import { RecordingLog } from './recording-log.ts'
import { messageOf } from './subscribers.ts'

export function diskStore(engine: Engine, options: Partial<DiskStoreOptions> = {}): DiskStore {
  return new DiskStore({ engine, runtime: nodeRuntime, log: new RecordingLog(), durability: 'always', ...options })
}

export async function settled(store: Store): Promise<void> {
  store.commit()
  await new Promise<void>(resolve => store.whenSettled(resolve))
}

/** User Properties of which the order is the meaning. */
export const properties: PublishProperties = {
  payloadFormatIndicator: 0,
  contentType: 'text/plain',
  responseTopic: 'answer/here',
  correlationData: Uint8Array.of(0, 255, 10),
  userProperties: [
    ['b', '2'],
    ['a', '1'],
    ['b', '1'],
  ],
}

/**
 * Two Sessions with all that a Session can have, an empty one, and retained messages. `full` has messages 3 and 5 to 8, of which 5 is
 * released; `other` shares a body of 300 bytes with it.
 */
export async function fill(store: Store): Promise<void> {
  const message = messageOf('w', 'gone', { qos: 2, retain: true, properties })
  const will = { message, messageExpiryInterval: 60, delayInterval: 7, dueAtMs: 1_700_000_000_000 }
  store.saveSession(session('full', { disconnectedAtMs: 1_700_000_000_123, will }))
  store.saveSession(session('other', { expiryInterval: 0xffffffff }))
  store.saveSession(session('empty'))
  const options = { qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2, identifier: 7 } as const
  store.saveSubscription('full', subscription('z/+', options))
  store.saveSubscription('full', subscription('$share/group/a/#'))
  store.saveSubscription('other', subscription('z/+'))
  const first = queued(3, messageOf('t', 'm3', { properties, publisherId: 'ö' }))
  store.enqueue('full', { ...first, subscriptionIdentifiers: [9, 7], retain: true })
  const released = { ...queued(5), qos: 2 as const, isReleased: true }
  store.enqueue('full', released)
  store.release('full', released)
  store.enqueue('full', { ...queued(6), sharedFilter: '$share/group/a/#' })
  const large = messageOf('t', 'x'.repeat(300))
  store.enqueue('full', queued(7, large))
  store.enqueue('other', queued(0, large))
  store.enqueue('full', queued(8, messageOf('t', 'soon', { expiresAt: nodeRuntime.monotonicMs() + 3_600_000.4 })))
  store.acceptIncoming('full', 65_535)
  store.acceptIncoming('full', 2)
  store.saveRetained('r/1', messageOf('r/1', 'kept', { qos: 1, retain: true, properties }))
  store.saveRetained('r/0', messageOf('r/0', 'kept too', { retain: true }))
  await settled(store)
}
