import { sessionExpiresAt } from '@curlew/protocol'
import type { StoredSession, StoredState, WillRecord } from '../store/store.ts'
import { Session } from './session.ts'
import { departedPrefix, type RegistryServices, type SessionRegistry } from './session-registry.ts'

/** What {@link restoreSessions} found, for the log line at start. */
export interface Restored {
  readonly sessions: number
  readonly subscriptions: number
  readonly queued: number
  readonly retained: number
  /** Sessions whose expiry had passed while the broker was not running. */
  readonly expired: number
}

/** Rebuilds Sessions, Subscriptions, queues and retained messages from what the Store had, before anybody connects. */
export function restoreSessions(state: StoredState, registry: SessionRegistry, services: RegistryServices): Restored {
  let subscriptions = 0
  let queued = 0
  let expired = 0
  const overdue: WillRecord[] = []
  const departed: Session[] = []
  for (const message of state.retained) services.router.retained.set(message)
  for (const stored of state.sessions) {
    const expiry = expiryOf(stored, services)
    if (expiry === undefined) {
      expired++
      if (stored.will !== undefined) overdue.push(stored.will)
      services.store.deleteSession(stored.clientId)
      continue
    }
    const session = new Session(stored.clientId, stored.expiryInterval, services.sessions)
    session.restoreQueue(stored.backlog, stored.incoming)
    if (stored.clientId.startsWith(departedPrefix)) {
      departed.push(session)
      continue
    }
    for (const record of stored.subscriptions) {
      const subscription = { ...record, subscriber: session }
      session.subscriptions.set(subscription)
      services.router.subscribe(subscription)
    }
    registry.restore(session, expiry, stored)
    subscriptions += stored.subscriptions.length
    queued += stored.backlog.count
  }
  // Their Sessions ended while nobody was running: the Wills are due [MQTT-3.1.2-8].
  for (const will of overdue) registry.publishWill(will)
  for (const session of departed) registry.depart(session) // now that the others are there who may take what it has
  services.store.commit()
  return { sessions: registry.count, subscriptions, queued, retained: services.router.retained.count, expired }
}

/**
 * When a stored Session expires, in monotonic milliseconds; `undefined` when it is over. A Client that was connected when the
 * broker stopped counts as disconnected now. A wall clock that went backwards must not prolong a Session
 * by more than its interval.
 */
function expiryOf(stored: StoredSession, { runtime }: RegistryServices): number | undefined {
  if (stored.expiryInterval === 0) return undefined
  const wall = runtime.wallClockMs()
  const away = stored.disconnectedAtMs === undefined ? 0 : Math.max(0, wall - stored.disconnectedAtMs)
  const expiry = sessionExpiresAt(runtime.monotonicMs() - away, stored.expiryInterval)
  return expiry > runtime.monotonicMs() ? expiry : undefined
}
