import type { Log, LogFields } from '../runtime/log.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** Lines within {@link INTERVAL_MS} at most: queues overflow by the thousand when something is wrong, and the counters have the numbers. */
const LINES_MAX = 10
/** Milliseconds. */
const INTERVAL_MS = 60_000

/** Names the Sessions whose queues are full: each of them once a minute for each thing that happens, and ten in all. */
export class OverflowLog {
  readonly #log: Log
  readonly #runtime: Runtime
  readonly #said = new Set<string>()
  #unsaid = 0
  #endsAtMs = Number.NEGATIVE_INFINITY

  constructor(log: Log, runtime: Runtime) {
    this.#log = log
    this.#runtime = runtime
  }

  /** The oldest message of a Session had to go. */
  dropped(clientId: string): void {
    this.#say('the queue of a session is full: its oldest messages are dropped', clientId, { clientId })
  }

  /**
   * A PUBLISH was refused.
   *
   * @param receiver the Client Identifier of the Session that is full, or the Shared Subscription of which all are
   * @param isEnded whether the connection had to end, as its version knows no refusal
   */
  rejected(receiver: string, publisherId: string, isEnded: boolean): void {
    const event = isEnded
      ? 'the queue of a session is full: connections of publishers below MQTT 5.0 are ended, as they cannot be refused'
      : 'the queue of a session is full: its publishers are refused'
    this.#say(event, receiver, { receiver, publisherId })
  }

  /** The Client of a Session was disconnected. */
  evicted(clientId: string): void {
    this.#say('the queue of a session is full: its client is disconnected', clientId, { clientId })
  }

  #say(event: string, about: string, fields: LogFields): void {
    const now = this.#runtime.monotonicMs()
    if (now >= this.#endsAtMs) {
      this.#endsAtMs = now + INTERVAL_MS
      this.#said.clear()
    }
    const key = `${event} ${about}`
    if (this.#said.size >= LINES_MAX || this.#said.has(key)) {
      this.#unsaid++
      return
    }
    this.#said.add(key)
    this.#log.warn(event, { ...fields, unsaid: this.#unsaid })
    this.#unsaid = 0
  }
}
