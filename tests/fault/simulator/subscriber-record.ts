import type { QoS } from '@curlew/codec'
import { matchesTopicFilter } from '@curlew/protocol'

/** One Subscription from the SUBSCRIBE on, in steps of the simulation. */
export interface SubscriptionSpan {
  readonly filter: string
  readonly qos: QoS
  readonly requestedStep: number
  grantedStep: number
  /** UNSUBSCRIBE was sent. */
  endRequestedStep: number
  /** UNSUBACK has come. */
  endedStep: number
}

/** What a subscriber has got of one message. */
export interface Receipt {
  /** PUBLISH packets without DUP. */
  fresh: number
  /** How often its application saw the message. */
  seen: number
  /** Step at which it saw it first. */
  firstStep: number
}

const NOT_YET = Number.POSITIVE_INFINITY

/** What the ledger knows of one persistent subscriber: its Subscriptions over time, and what it has got. */
export class SubscriberRecord {
  readonly name: string
  readonly spans: SubscriptionSpan[] = []
  readonly receipts: Map<string, Receipt> = new Map()
  /** The last message seen for the first time, by publisher, topic and QoS. */
  readonly lastSequence: Map<string, number> = new Map()

  /** Of a group's member: whether it never ends its Subscription. */
  isLasting = true
  /** Whether what the broker had stored of its Session has been damaged: it may miss anything from then on, and get things again. */
  isDamaged = false
  /** Step at which it lost its memory last. */
  forgottenStep = -1

  constructor(name: string) {
    this.name = name
  }

  /** Whether it has forgotten that it has seen a message, which comes again with DUP and is seen again. */
  hasForgotten(messageName: string, dup: boolean): boolean {
    return dup && this.forgottenStep > this.receipt(messageName).firstStep
  }

  /** Its Session has begun anew: none of the older Subscriptions can bring anything any more. */
  startAnew(): void {
    this.spans.length = 0
  }

  request(filter: string, qos: QoS, step: number): SubscriptionSpan {
    const span = {
      filter,
      qos,
      requestedStep: step,
      grantedStep: NOT_YET,
      endRequestedStep: NOT_YET,
      endedStep: NOT_YET,
    }
    this.spans.push(span)
    return span
  }

  /** The Subscription of a filter that has not been given up. */
  current(filter: string): SubscriptionSpan | undefined {
    return this.spans.findLast(span => span.filter === filter && span.endRequestedStep === NOT_YET)
  }

  /** Whether what is published to `topic` from now on must reach this subscriber. */
  isOwed(topic: string): boolean {
    if (this.isDamaged) return false
    return this.spans.some(
      ({ filter, qos, grantedStep, endRequestedStep }) =>
        qos > 0 && grantedStep !== NOT_YET && endRequestedStep === NOT_YET && matchesTopicFilter(filter, topic),
    )
  }

  /** Whether a message that was under way between two steps may have met a Subscription. */
  mayReceive(topic: string, fromStep: number, toStep: number): boolean {
    if (this.isDamaged) return true
    return this.spans.some(
      ({ filter, requestedStep, endedStep }) =>
        requestedStep <= toStep && endedStep >= fromStep && matchesTopicFilter(filter, topic),
    )
  }

  receipt(messageName: string): Receipt {
    let receipt = this.receipts.get(messageName)
    if (receipt === undefined) {
      receipt = { fresh: 0, seen: 0, firstStep: 0 }
      this.receipts.set(messageName, receipt)
    }
    return receipt
  }
}
