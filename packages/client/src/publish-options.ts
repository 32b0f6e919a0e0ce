import type { PublishProperties, QoS } from '@curlew/codec'

/** What may be said of a message beside its topic and payload. */
export interface PublishOptions {
  /** 0, 1 or 2. Default 0. */
  readonly qos?: QoS
  /** Whether the Server keeps the message for later Subscriptions. Default `false`. */
  readonly retain?: boolean
  /** Properties of MQTT 5.0; left out below. Topic Aliases are set by the Client itself. */
  readonly properties?: Omit<PublishProperties, 'topicAlias' | 'subscriptionIdentifiers'>
  /**
   * Takes the message back while it has not been sent. When it has been, the promise rejects all the same, and the delivery goes on.
   */
  readonly signal?: AbortSignal
}

/** How a delivery ended. */
export interface PublishResult {
  /** Reason Code of PUBACK or PUBREC; 0 for QoS 0 and 3.1.1. */
  readonly reasonCode: number
  /** Whether a Subscription matched; `undefined` where the Server does not tell: QoS 0, 3.1.1. */
  readonly isMatched: boolean | undefined
  readonly reasonString: string | undefined
}

/** Text is sent as UTF-8. Bytes must not change until the promise of `publish` is settled. */
export type Payload = string | Uint8Array

const encoder = new TextEncoder()

/** A payload as bytes. */
export function payloadBytes(payload: Payload): Uint8Array {
  return typeof payload === 'string' ? encoder.encode(payload) : payload
}

const unknownResult: PublishResult = Object.freeze({ reasonCode: 0, isMatched: undefined, reasonString: undefined })
const matchedResult: PublishResult = Object.freeze({ reasonCode: 0, isMatched: true, reasonString: undefined })

/** What a successful acknowledgement says; the usual answers are shared objects. */
export function publishResult(version: number, reasonCode: number, reasonString: string | undefined): PublishResult {
  if (version < 5) return unknownResult
  if (reasonCode === 0 && reasonString === undefined) return matchedResult
  return { reasonCode, isMatched: reasonCode !== 0x10, reasonString }
}

/** The result where no acknowledgement tells: QoS 0. */
export const unacknowledged: PublishResult = unknownResult
