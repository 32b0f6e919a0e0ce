import type { Message } from './message.ts'

/** One subscription from its first SUBSCRIBE to its end, in counts of events (see `Timeline`). */
export interface Interval {
  /** Which Session of the Client it belongs to; grows with each Clean Start. */
  readonly session: number
  /** SUBSCRIBE was first sent: the broker may have it. */
  readonly askedAt: number
  /** SUBACK: the broker must have it. */
  grantedAt: number | undefined
  /** UNSUBSCRIBE was first sent, or the CONNECT that gives up the Session: the broker need not have it any more. */
  endAskedAt: number | undefined
  /** UNSUBACK or CONNACK: the broker must not have it any more. */
  endedAt: number | undefined
  /** The Session was given up, and what waited in it with it. */
  isDiscarded: boolean
}

/** What one subscriber asked for by one Topic Filter, and what it may conclude from that. */
export class SubscriptionHistory {
  readonly intervals: Interval[] = []

  /** The subscription as far as it is wanted now. */
  get current(): Interval | undefined {
    const last = this.intervals.at(-1)
    return last?.endAskedAt === undefined ? last : undefined
  }

  /** Whether the broker had acknowledged a subscription before the message came and until it was settled. */
  demands(message: Message): boolean {
    const { firstSentAt, acknowledgedAt, settledAt = acknowledgedAt } = message
    if (acknowledgedAt === undefined || settledAt === undefined) return false
    return this.intervals.some(({ grantedAt, endAskedAt, isDiscarded }) => {
      const isThere = grantedAt !== undefined && grantedAt <= firstSentAt
      return isThere && !isDiscarded && (endAskedAt === undefined || endAskedAt >= settledAt)
    })
  }

  /**
   * Whether there may have been a subscription at some moment at which the message may have been handled.
   *
   * @param session in which the message came
   */
  allows(message: Message, session: number, deliveredAt: number): boolean {
    const handledUntil = Math.min(message.settledAt ?? deliveredAt, deliveredAt)
    return this.intervals.some(interval => {
      const { askedAt, endedAt = deliveredAt } = interval
      return interval.session === session && askedAt <= handledUntil && endedAt >= message.firstSentAt
    })
  }
}
