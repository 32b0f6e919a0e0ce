import type { QoS } from '@curlew/codec'

/** What a message of the harness is for; each kind has its own column in the results. */
export type MessageKind = 'data' | 'probe' | 'retained' | 'will' | 'marker'

/** Where a message goes and what it is. */
export interface MessageTerms {
  readonly kind: MessageKind
  /** Who publishes it: order is a matter of one publisher and one topic. */
  readonly publisher: string
  readonly topic: string
  /** The one Topic Filter of the harness that matches the topic. */
  readonly filter: string
  readonly qos: QoS
  readonly isRetained: boolean
  /** Of the publisher; grows with every message. */
  readonly sequence: number
  /** What the payload begins with; unique, so that a delivery tells its message. Empty only where a retained message is cleared. */
  readonly payload: string
  /** Characters that follow it. */
  readonly paddingLength: number
}

const PADDING = 'x'

/**
 * One Application Message and what became of it at its publisher. Moments are counts of events, see `Timeline`.
 *
 * The broker may have handled it at any moment from `firstSentAt` to `settledAt`: a publisher that was cut off sends again, and
 * a QoS 2 message is handed on with PUBLISH by some brokers and with PUBREL by others.
 */
export class Message {
  readonly terms: MessageTerms
  /** In which round it was first sent, for reports. */
  readonly round: number
  readonly firstSentAt: number
  /** How often PUBLISH was sent: at QoS 1, the broker may take each for a message of its own. */
  sendCount = 0
  /** PUBACK or PUBREC: from here on the message is the broker's. */
  acknowledgedAt: number | undefined
  /** PUBACK or PUBCOMP: from here on the broker can not take it for new. */
  settledAt: number | undefined
  /** It must not come out: a Will that was taken back. */
  isForbidden = false

  constructor(terms: MessageTerms, firstSentAt: number, round: number) {
    this.terms = terms
    this.firstSentAt = firstSentAt
    this.round = round
  }

  /** The whole payload. */
  get bytes(): Uint8Array {
    const { payload, paddingLength } = this.terms
    return Buffer.from(paddingLength === 0 ? payload : `${payload} ${PADDING.repeat(paddingLength)}`)
  }

  /** For people. */
  toString(): string {
    const { kind, payload, topic, qos } = this.terms
    return `${kind} ${payload === '' ? '(clear)' : payload} on ${topic} at QoS ${qos}, sent in round ${this.round}`
  }
}

/** What the payload of a delivery begins with. */
export function idOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(32)
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString()
}
