import type { LoadState } from './load-state.ts'
import type { Publisher } from './publisher.ts'

/**
 * Sends one message after the other at a fixed rate, publishers in turn, until the load stops sending.
 *
 * It does not wait for answers (an open loop), and a message that could not be sent when it was due still counts from then: a
 * broker that stops for a while can not hide it by slowing the generator down. It spins, because a timer is late by a millisecond;
 * the generator therefore uses all of its core, whatever the broker does.
 */
export function pace(load: LoadState, publishers: readonly Publisher[], messagesPerSecond: number): void {
  const intervalMs = 1000 / messagesPerSecond
  let dueMs = performance.now()
  let next = 0
  const sendDue = (): void => {
    if (!load.isSending) return
    load.nowMs = performance.now()
    while (dueMs <= load.nowMs && publishers[next]!.sendBatch(dueMs)) {
      next = (next + 1) % publishers.length
      dueMs += intervalMs
    }
    setImmediate(sendDue)
  }
  sendDue()
}
