import { PublishedMessage } from './published-message.ts'
import type { HostKnowledge } from './session-knowledge.ts'
import type { SentSpan } from './simulated-network.ts'
import { Violation } from './violation.ts'

/** One retained value on its way into the broker, in the order of writing. */
interface Write {
  readonly sequence: number
  /** `undefined` clears. */
  readonly payload: string | undefined
  /** Virtual milliseconds. */
  readonly sentMs: number
  /** Seconds; `undefined`: it does not expire. */
  readonly expiryInterval: number | undefined
}

/** How long an answer may take that was begun in time, in milliseconds. */
const ANSWER_MS = 1_500

/** The retained message of one topic, which one publisher alone writes: a register with one writer. */
export class RetainedRegister {
  readonly topic: string
  #writes: Write[] = []
  /** Index in `#writes` of the last one that is acknowledged. */
  #acknowledged = -1
  /** When writes were acknowledged, by index in `#writes`. */
  readonly #acknowledgedMs = new Map<number, number>()
  /** A write from this index on may have taken effect late, until one from `#doubtUntil` on is acknowledged. */
  #doubtFrom = Number.POSITIVE_INFINITY
  #doubtUntil = -1

  /** Index from which on writes have come after what was stored was damaged. */
  #soundFrom = 0

  constructor(topic: string) {
    this.topic = topic
  }

  write(write: Write): void {
    this.#writes.push(write)
  }

  acknowledge(sequence: number, nowMs: number): void {
    const index = this.#writes.findIndex(write => write.sequence === sequence)
    this.#acknowledgedMs.set(index, nowMs)
    this.#acknowledged = Math.max(this.#acknowledged, index)
  }

  /** A write is sent again that may have been refused the first time, when newer ones were not. */
  doubt(sequence: number): void {
    const index = this.#writes.findIndex(write => write.sequence === sequence)
    if (this.#acknowledged >= this.#doubtUntil) this.#doubtFrom = index
    this.#doubtFrom = Math.min(this.#doubtFrom, index)
    this.#doubtUntil = this.#writes.length
  }

  /** What the broker had stored of it is damaged: an older message may be there again, or none. */
  suffer(): void {
    this.#soundFrom = this.#writes.length
  }

  /** What a reader may get that asks now: what was acknowledged last, or something newer. */
  snapshot(): RegisterSnapshot {
    if (this.#acknowledged < this.#soundFrom) return { register: this, from: 0, hasAcknowledged: false }
    const isSure = this.#acknowledged >= this.#doubtUntil
    const from = isSure ? this.#acknowledged : Math.min(this.#acknowledged, this.#doubtFrom)
    return { register: this, from: Math.max(0, from), hasAcknowledged: this.#acknowledged >= 0 }
  }

  /** @throws {Violation} when a reader whose question had this snapshot gets this payload with RETAIN */
  check({ from }: RegisterSnapshot, payload: string): void {
    const index = this.#writes.findIndex(write => write.payload === payload)
    const id = PublishedMessage.idOf(payload)
    if (index === -1) throw new Violation('a retained message nobody published', `${id} on '${this.topic}'`)
    if (index >= from) return
    const newer = this.#writes[from]!.sequence
    throw new Violation('a retained message that was replaced', `${id} on '${this.topic}', ${newer} is acknowledged`)
  }

  /** @throws {Violation} when what is sent as retained had expired by then */
  checkExpiry(payload: string, sent: SentSpan, host: HostKnowledge & { readonly isCalm: boolean }): void {
    const index = this.#writes.findIndex(write => write.payload === payload)
    const { sentMs, expiryInterval } = this.#writes[index]!
    if (expiryInterval === undefined || host.doubtfulClockMs >= sentMs || !host.isCalm) return
    const endMs = (this.#acknowledgedMs.get(index) ?? Infinity) + expiryInterval * 1_000
    if (sent.fromMs <= endMs + ANSWER_MS) return
    const details = `${PublishedMessage.idOf(payload)} on '${this.topic}', ${sent.fromMs - endMs} ms late`
    throw new Violation('an expired retained message', details)
  }

  /** @throws {Violation} when a reader whose question had this snapshot has got nothing by now */
  checkMissing({ from, hasAcknowledged }: RegisterSnapshot, nowMs: number, host: HostKnowledge): void {
    if (!hasAcknowledged) return
    const mayBeGone = ({ payload, sentMs, expiryInterval }: Write): boolean => {
      if (payload === undefined) return true
      if (expiryInterval === undefined) return false
      return nowMs >= sentMs + expiryInterval * 1_000 || host.doubtfulClockMs >= sentMs
    }
    if (this.#writes.slice(from).some(mayBeGone)) return
    const { sequence } = this.#writes[from]!
    throw new Violation('a retained message is lost', `'${this.topic}', ${sequence} is acknowledged`)
  }
}

export interface RegisterSnapshot {
  readonly register: RetainedRegister
  readonly from: number
  readonly hasAcknowledged: boolean
}
