import type { QoS } from '@curlew/codec'
import type { SubscriberRecord } from './subscriber-record.ts'

/** What a message is for: it decides which checks apply. */
export type MessageKind = 'plain' | 'shared' | 'retained' | 'will'

/** What a publisher decides about a message. */
export interface SentMessage {
  readonly kind: MessageKind
  readonly publisher: string
  readonly sequence: number
  readonly topic: string
  readonly qos: QoS
  readonly payloadBytes: number
  /** Seconds. */
  readonly expiryInterval?: number | undefined
}

/** When it was sent, by the counts of the ledger. */
interface SendingMoment {
  readonly sentStep: number
  readonly failuresBefore: number
  readonly sentMs: number
  readonly crashesBefore: number
}

/** How far the publisher is with a message. */
export type MessageState =
  /** It has been sent and may have arrived. */
  | 'sent'
  /** The broker has said that it is responsible now: PUBACK or PUBREC; of a Will: it must have been published. */
  | 'acknowledged'
  /** Refused, or given up by the publisher: it may have arrived, and need not have. */
  | 'uncertain'

/** One Application Message as its publisher knows it. */
export class PublishedMessage {
  /** Stands in the payload: publisher and number. */
  readonly id: string
  readonly kind: MessageKind
  readonly publisher: string
  readonly sequence: number
  readonly topic: string
  readonly qos: QoS
  readonly payload: string
  state: MessageState = 'sent'
  /** Steps of the simulation; see `EventQueue.step`. */
  readonly sentStep: number
  acknowledgedStep: number = Number.POSITIVE_INFINITY
  /** Virtual milliseconds; infinite before. */
  acknowledgedMs: number = Number.POSITIVE_INFINITY
  /** Seconds: Message Expiry Interval; `undefined`: it does not expire. */
  readonly expiryInterval: number | undefined
  /** How often the publisher has sent its PUBLISH. */
  transmissions = 1
  /** The count of failures when it was sent; when it is still the same, nothing excuses anything. */
  readonly failuresBefore: number
  /** The same of crashes. */
  readonly crashesBefore: number
  /** Virtual milliseconds. */
  readonly sentMs: number
  /** Subscribers that must get it once it is acknowledged, and have not. */
  readonly owedTo: Set<SubscriberRecord> = new Set()
  /** Subscribers whose Subscription stood when it was sent. */
  readonly foreseen: Set<SubscriberRecord> = new Set()
  /** Members of the group that have got it, of a message for a Shared Subscription, with the QoS at which they got it last. */
  readonly members: Map<string, QoS> = new Map()
  /** Whether what the broker had stored of its publisher's Session has been damaged since: it may come again. */
  isDamaged = false
  /** Of a Will: its Client has taken it back, and knows that the broker has heard it. */
  isForbidden = false
  /** Of a Will: the first moment at which it may be published; `undefined` when nobody looks. Asked when it comes. */
  earliestMs: (() => number | undefined) | undefined = undefined
  /** Since when, in virtual milliseconds. */
  forbiddenMs = 0
  /** Whether one member of a group must get it. */
  isOwedToGroup = false

  constructor(fields: SentMessage & SendingMoment) {
    this.id = `${fields.publisher}:${fields.sequence}`
    this.kind = fields.kind
    this.publisher = fields.publisher
    this.sequence = fields.sequence
    this.topic = fields.topic
    this.qos = fields.qos
    this.payload = `${this.id}|`.padEnd(fields.payloadBytes, this.id)
    this.sentStep = fields.sentStep
    this.failuresBefore = fields.failuresBefore
    this.sentMs = fields.sentMs
    this.crashesBefore = fields.crashesBefore
    this.expiryInterval = fields.expiryInterval
  }

  owe(subscriber: SubscriberRecord): void {
    this.foreseen.add(subscriber)
    this.owedTo.add(subscriber)
  }

  /** The message as people see it in a report. */
  get text(): string {
    const expiry = this.expiryInterval === undefined ? '' : `, for ${this.expiryInterval} s`
    return `${this.id} (${this.kind}, '${this.topic}', QoS ${this.qos}, ${this.state}, sent ${this.transmissions}×${expiry})`
  }

  static idOf(payload: string): string {
    return payload.slice(0, payload.indexOf('|'))
  }
}
