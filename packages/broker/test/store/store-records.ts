import type { Message } from '@curlew/protocol'
import type { QueuedRecord, SessionRecord, SubscriptionRecord } from '../../src/store/store.ts'
import { messageOf } from '../support/subscribers.ts'

export const session = (clientId: string, fields: Partial<SessionRecord> = {}): SessionRecord => ({
  clientId,
  expiryInterval: 3600,
  disconnectedAtMs: undefined,
  will: undefined,
  ...fields,
})

export const subscription = (filter: string, fields: Partial<SubscriptionRecord> = {}): SubscriptionRecord => ({
  filter,
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
  identifier: undefined,
  ...fields,
})

export const queued = (sequence: number, message: Message = messageOf('t', `m${sequence}`)): QueuedRecord => ({
  sequence,
  message,
  qos: 1,
  retain: false,
  subscriptionIdentifiers: [],
  sharedFilter: undefined,
  isReleased: false,
  envelope: Number.MAX_SAFE_INTEGER,
  bodyId: 0,
})
