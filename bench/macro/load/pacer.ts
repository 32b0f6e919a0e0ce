import type { LoadState } from './load-state.ts'
import type { Publisher } from './publisher.ts'

/** A turn that took longer was not spent spinning: something else had the core. */
const SPIN_MS_MAX = 0.1

/**
 * Sends one message after the other at a fixed rate, publishers in turn, until the load stops sending.
 *
 * It does not wait for answers (an open loop), and a message that could not be sent when it was due still counts from then: a
 * broker that stops for a while can not hide it by slowing the generator down. It spins, because a timer is late by a millisecond and
 * a message in five would be sent on time. Turns in which nothing was sent and nothing came are counted as spun, not as load, and how
 * late each message was sent is recorded: what of a latency is the generator's own.
 */
export function pace(load: LoadState, publishers: readonly Publisher[], messagesPerSecond: number): void {
  const intervalMs = 1000 / messagesPerSecond
  let dueMs = performance.now()
  let next = 0
  let turnMs = dueMs
  let seenCount = -1
  const sendDue = (): void => {
    if (!load.isSending) return
    const nowMs = performance.now()
    const arrivedCount = load.deliveryCount + load.acknowledgementCount
    if (arrivedCount === seenCount && nowMs - turnMs < SPIN_MS_MAX) load.spunMs += nowMs - turnMs
    turnMs = nowMs
    load.nowMs = nowMs
    seenCount = arrivedCount
    while (dueMs <= nowMs && publishers[next]!.sendBatch(dueMs)) {
      if (load.isRecording) load.lateNs.record(Math.max(1, Math.round((nowMs - dueMs) * 1e6)))
      next = (next + 1) % publishers.length
      dueMs += intervalMs
      seenCount = -1
    }
    setImmediate(sendDue)
  }
  sendDue()
}
