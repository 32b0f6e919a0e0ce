import { PublishedMessage } from './published-message.ts'
import { Violation } from './violation.ts'

/** One retained value on its way into the broker, in the order of writing. */
interface Write {
  readonly sequence: number
  /** `undefined` clears. */
  readonly payload: string | undefined
}

/** The retained message of one topic, which one publisher alone writes: a register with one writer. */
export class RetainedRegister {
  readonly topic: string
  #writes: Write[] = []
  /** Index in `#writes` of the last one that is acknowledged. */
  #acknowledged = -1
  /** A write from this index on may have taken effect late, until one from `#doubtUntil` on is acknowledged. */
  #doubtFrom = Number.POSITIVE_INFINITY
  #doubtUntil = -1

  constructor(topic: string) {
    this.topic = topic
  }

  /** @returns the sequence of the write */
  write(payload: string | undefined, sequence: number): void {
    this.#writes.push({ sequence, payload })
  }

  acknowledge(sequence: number): void {
    const index = this.#writes.findIndex(write => write.sequence === sequence)
    this.#acknowledged = Math.max(this.#acknowledged, index)
  }

  /** A write is sent again that may have been refused the first time, when newer ones were not. */
  doubt(sequence: number): void {
    const index = this.#writes.findIndex(write => write.sequence === sequence)
    if (this.#acknowledged >= this.#doubtUntil) this.#doubtFrom = index
    this.#doubtFrom = Math.min(this.#doubtFrom, index)
    this.#doubtUntil = this.#writes.length
  }

  /** What a reader may get that asks now: what was acknowledged last, or something newer. */
  snapshot(): RegisterSnapshot {
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

  /** @throws {Violation} when a reader whose question had this snapshot gets nothing */
  checkMissing({ from, hasAcknowledged }: RegisterSnapshot): void {
    if (!hasAcknowledged || this.#writes.slice(from).some(({ payload }) => payload === undefined)) return
    const { sequence } = this.#writes[from]!
    throw new Violation('a retained message is lost', `'${this.topic}', ${sequence} is acknowledged`)
  }
}

export interface RegisterSnapshot {
  readonly register: RetainedRegister
  readonly from: number
  readonly hasAcknowledged: boolean
}
