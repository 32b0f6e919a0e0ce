import type { Message } from '@curlew/protocol'
import type { DeliveryTerms } from '../routing/subscription.ts'
import type { QueuedRecord } from '../store/store.ts'

/** `QueuedRecord.envelope` of a message that the Store has not been told of: later than any. */
const UNTOLD = Number.MAX_SAFE_INTEGER

/** What a Session keeps of a message that it has to deliver. */
export function queuedRecord(
  sequence: number,
  message: Message,
  qos: 1 | 2,
  retain: boolean,
  { subscriptionIdentifiers, sharedFilter }: DeliveryTerms,
): QueuedRecord {
  return {
    sequence,
    message,
    qos,
    retain,
    subscriptionIdentifiers,
    sharedFilter,
    isReleased: false,
    envelope: UNTOLD,
    bodyId: 0,
  }
}
