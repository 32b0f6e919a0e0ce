import { type OutgoingDeliveries, packetIdAt } from '@curlew/protocol'
import { messageBytes, type QueuedRecord } from '../store/store.ts'
import type { Backlog } from './backlog.ts'

/**
 * Moves messages that an earlier run of the broker had queued to the deliveries that are under way. Which of them had been sent
 * is not known, so what could have been counts as sent: DUP says "might be" (section 3.3.1.1).
 *
 * @param lastReleased the last sequence whose PUBREC has come, or -1
 * @returns bytes of what was moved; `undefined` when it has to be read first
 */
export function resumeDeliveries(
  queue: Backlog,
  outgoing: OutgoingDeliveries<QueuedRecord>,
  inFlightMessagesMax: number,
  lastReleased: number,
): number | undefined {
  if (!queue.hasLoaded(inFlightMessagesMax, lastReleased)) return undefined
  let bytes = 0
  let index = 0
  let hasWaiting = false
  queue.takeOut(record => {
    const packetId = packetIdAt(record.sequence)
    hasWaiting ||= index++ >= inFlightMessagesMax || outgoing.isInUse(packetId)
    if (hasWaiting && !record.isReleased) return false
    outgoing.restore(record, packetId, record.qos, record.isReleased)
    bytes += messageBytes(record.message)
    return true
  })
  return bytes
}
