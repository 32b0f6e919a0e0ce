/** What a Client that watches its connection has to do now. */
export type KeepAliveAction = 'wait' | 'ping' | 'give-up'

/** A timer that comes later than this does not prove the Server silent, in milliseconds: we did not listen meanwhile. */
const LATE_MS = 1_000

/**
 * When to send PINGREQ [MQTT-3.1.2-20] and when to take the connection for half-open. It is asked from time to time and decides on
 * the time that has really passed, so throttled timers of a background page, a slow handler or a suspended machine make
 * it late but never wrong: having woken late, it pings at once and gives the Server its full time to answer.
 *
 * A ping is due after half the Keep Alive without a packet in either direction: in a background page, whose timers may come a minute
 * late, that still is in time.
 */
export class KeepAlive {
  readonly #intervalMs: number
  readonly #answerMs: number
  #pingSentMs: number | undefined
  /** When it wanted to be asked next. */
  #dueMs: number
  lastSentMs: number
  lastReceivedMs: number

  /**
   * @param keepAlive seconds; not 0
   * @param answerMs how long the Server may take to answer a ping
   */
  constructor(keepAlive: number, answerMs: number, nowMs: number) {
    this.#intervalMs = keepAlive * 500
    this.#answerMs = Math.min(answerMs, keepAlive * 1000)
    this.lastSentMs = nowMs
    this.lastReceivedMs = nowMs
    this.#dueMs = nowMs + this.#intervalMs
  }

  /** Milliseconds until it wants to be asked. */
  delayMs(nowMs: number): number {
    return Math.max(1, this.#dueMs - nowMs)
  }

  /** A PINGREQ for which `ping` is the answer counts as sent. */
  check(nowMs: number): KeepAliveAction {
    const isLate = nowMs - this.#dueMs > LATE_MS
    const asked = this.#pingSentMs
    this.#pingSentMs = undefined
    if (asked !== undefined && this.lastReceivedMs < asked) return isLate ? this.#ping(nowMs) : 'give-up'
    const idleSinceMs = Math.min(this.lastSentMs, this.lastReceivedMs)
    if (nowMs - idleSinceMs >= this.#intervalMs) return this.#ping(nowMs)
    this.#dueMs = idleSinceMs + this.#intervalMs
    return 'wait'
  }

  #ping(nowMs: number): KeepAliveAction {
    this.#pingSentMs = nowMs
    this.#dueMs = nowMs + this.#answerMs
    return 'ping'
  }
}
