import type { Message } from '@curlew/protocol'
import { type QueuedRecord, queuedRecord } from '../../src/store/queued-record.ts'
import type { SessionRecord, SubscriptionRecord } from '../../src/store/store.ts'
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

export const queued = (sequence: number, message: Message = messageOf('t', `m${sequence}`)): QueuedRecord =>
  queuedRecord(sequence, message, 1, false, { subscriptionIdentifiers: [], sharedFilter: undefined })
