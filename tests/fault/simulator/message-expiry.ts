import type { PublishedMessage } from './published-message.ts'
import type { HostKnowledge } from './session-knowledge.ts'
import type { SentSpan } from './simulated-network.ts'
import { Violation } from './violation.ts'

/** How long a PUBLISH may be under way within the broker while all is well, in milliseconds: a turn, and what the turn waits for. */
const SENDING_MS = 1_500

/** One PUBLISH of a message with a Message Expiry Interval, as it came to a subscriber. */
export interface TimedArrival {
  readonly dup: boolean
  readonly sent: SentSpan
  /** Seconds, as the PUBLISH says; `undefined` when it does not, as in 3.1.1. */
  readonly remaining: number | undefined
  /** Whether the subscriber speaks 5.0. */
  readonly isTold: boolean
}

/**
 * The first moment at which a message may have expired, in virtual milliseconds: its interval counts from when the broker got it, which
 * is not before it was sent. Infinite when it does not expire.
 */
export function earliestEndMs({ sentMs, expiryInterval }: PublishedMessage): number {
  return expiryInterval === undefined ? Infinity : sentMs + expiryInterval * 1_000
}

/** Whether a message may have expired by then, so that nobody is owed it. */
export function mayHaveExpired(message: PublishedMessage, byMs: number, host: HostKnowledge): boolean {
  if (message.expiryInterval === undefined) return false
  return byMs >= earliestEndMs(message) || hasDoubtfulAge(message, host)
}

/** The clock that measured what is left of it may have jumped while no process was running. */
export function hasDoubtfulAge({ sentMs }: PublishedMessage, { doubtfulClockMs }: HostKnowledge): boolean {
  return doubtfulClockMs >= sentMs
}

/**
 * @param isCalm whether the disk has been well for a while: what leaves the broker waits for it
 * @throws {Violation} when a message comes that has expired, or says of what is left what is not so
 */
export function checkExpiry(
  message: PublishedMessage,
  arrival: TimedArrival,
  host: HostKnowledge,
  isCalm: boolean,
): void {
  const { expiryInterval, acknowledgedMs } = message
  const { dup, sent, remaining, isTold } = arrival
  if (isTold && (remaining === undefined) !== (expiryInterval === undefined)) {
    throw new Violation('the expiry of a message is not what it was', `${message.text}, ${remaining}`)
  }
  if (expiryInterval === undefined || hasDoubtfulAge(message, host)) return
  // What had been begun in time may be sent again later, and says 0.
  const latestEndMs = acknowledgedMs + expiryInterval * 1_000
  const slackMs = isCalm ? SENDING_MS : Infinity
  if (!dup && sent.fromMs > latestEndMs + slackMs) {
    throw new Violation('an expired message is delivered', `${message.text}, ${sent.fromMs - latestEndMs} ms late`)
  }
  if (remaining === undefined) return
  const leastMs = earliestEndMs(message) - sent.toMs
  const mostMs = Math.min(expiryInterval * 1_000, latestEndMs - sent.fromMs + slackMs)
  // Whole seconds, rounded up from whole milliseconds.
  if (remaining * 1_000 + 0.5 >= leastMs && (remaining - 1) * 1_000 < Math.max(mostMs, 1)) return
  throw new Violation('the expiry of a message is not what is left', `${message.text}: ${remaining} s`)
}
