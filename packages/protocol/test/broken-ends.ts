import type { ReasonCode } from '@curlew/codec'
import {
  type AfterPubrec,
  IncomingDeliveries,
  OutgoingDeliveries,
  OutgoingDelivery,
  type Reception,
} from '@curlew/protocol'

/** Senders and receivers with one fault each, such as brokers and clients have had, to show that the tests would see it. */

/** Every acknowledgement adds to the quota, whether it was awaited or not. */
export class AcknowledgementsAddQuota extends OutgoingDeliveries<number> {
  #extra = 0

  override get hasQuota(): boolean {
    return super.hasQuota || this.#extra > 0
  }

  override puback(packetId: number): number | undefined {
    const content = super.puback(packetId)
    if (content === undefined) this.#extra++
    return content
  }

  override pubcomp(packetId: number): number | undefined {
    const content = super.pubcomp(packetId)
    if (content === undefined) this.#extra++
    return content
  }

  override start(content: number, packetId: number, qos: 1 | 2): OutgoingDelivery<number> {
    const usesExtra = !super.hasQuota
    const delivery = super.start(content, packetId, qos)
    if (usesExtra) this.#extra--
    return delivery
  }
}

/** What the connection before had in flight still counts. */
export class QuotaOutlivesConnection extends OutgoingDeliveries<number> {
  override resume(receiveMaximum: number): void {
    super.resume(Math.max(1, receiveMaximum - this.size))
  }
}

/** The newest is sent again first. */
export class ResendsReversed extends OutgoingDeliveries<number> {
  #reversed: OutgoingDelivery<number>[] = []

  override nextResend(): OutgoingDelivery<number> | undefined {
    if (this.#reversed.length === 0) {
      for (let delivery = super.nextResend(); delivery; delivery = super.nextResend()) this.#reversed.push(delivery)
    }
    return this.#reversed.pop()
  }
}

export class NeverResends extends OutgoingDeliveries<number> {
  override nextResend(): undefined {
    return undefined
  }
}

export class ResendsTwice extends OutgoingDeliveries<number> {
  #last: OutgoingDelivery<number> | undefined

  override nextResend(): OutgoingDelivery<number> | undefined {
    const again = this.#last
    this.#last = again ? undefined : super.nextResend()
    return again ?? this.#last
  }
}

/** Sends again under a new Packet Identifier. */
export class ResendsAsNew extends OutgoingDeliveries<number> {
  override nextResend(): OutgoingDelivery<number> | undefined {
    const delivery = super.nextResend()
    return delivery && new OutgoingDelivery(delivery.content, delivery.packetId + 10, delivery.qos, delivery.order)
  }
}

/** Forgets on the next connection that PUBREC has come. */
export class PublishesAfterPubrec extends OutgoingDeliveries<number> {
  override nextResend(): OutgoingDelivery<number> | undefined {
    const delivery = super.nextResend()
    return delivery && new OutgoingDelivery(delivery.content, delivery.packetId, delivery.qos, delivery.order)
  }
}

/** Does not store that PUBREC has come. */
export class RestoresUnreleased extends OutgoingDeliveries<number> {
  override restore(content: number, packetId: number, qos: 1 | 2): void {
    super.restore(content, packetId, qos, false)
  }
}

/** Lets PUBREL wait behind PUBLISH packets that wait for quota. */
export class PubrelWaitsForQuota extends OutgoingDeliveries<number> {
  #released: OutgoingDelivery<number>[] = []

  override resume(receiveMaximum: number): void {
    this.#released = []
    super.resume(receiveMaximum)
  }

  override nextResend(): OutgoingDelivery<number> | undefined {
    for (let delivery = super.nextResend(); delivery; delivery = super.nextResend()) {
      if (delivery.phase !== 'awaiting-pubcomp') return delivery
      this.#released.push(delivery)
    }
    return this.hasResends ? undefined : this.#released.shift()
  }
}

/** Takes PUBREC for the end. */
export class NeverReleases extends OutgoingDeliveries<number> {
  override pubrec(packetId: number, reasonCode: ReasonCode): AfterPubrec {
    const after = super.pubrec(packetId, reasonCode)
    return after === 'release' ? 'finished' : after
  }
}

/** Gives QoS 1 messages up when the connection is lost. */
export class ForgetsWhenLost extends OutgoingDeliveries<number> {
  override resume(receiveMaximum: number): void {
    for (const { packetId, qos } of [...this.unfinished()]) if (qos === 1) this.abandon(packetId)
    super.resume(receiveMaximum)
  }
}

/** Does not look which acknowledgement a delivery waits for. */
export class AnyAcknowledgementFinishes extends OutgoingDeliveries<number> {
  override puback(packetId: number): number | undefined {
    return this.abandon(packetId)
  }
}

/** Does not look whether a Packet Identifier is in use. */
export class IdentifierTwice extends OutgoingDeliveries<number> {
  override start(content: number, packetId: number, qos: 1 | 2): OutgoingDelivery<number> {
    return super.isInUse(packetId)
      ? new OutgoingDelivery(content, packetId, qos, content)
      : super.start(content, packetId, qos)
  }

  override isInUse(): boolean {
    return false
  }
}

/** Forgets the identifier when it answers PUBREC instead of when PUBREL comes. */
export class ForgetsAtPubrec extends IncomingDeliveries {
  override publish(packetId: number): Reception {
    const reception = super.publish(packetId)
    super.release(packetId)
    return reception
  }
}

/** Forgets the identifiers when the connection is lost. */
export class ForgetsAcceptedWhenLost extends IncomingDeliveries {
  override resume(receiveMaximum: number): void {
    for (const packetId of [...this.accepted()]) this.release(packetId)
    super.resume(receiveMaximum)
  }
}

export class NeverForgets extends IncomingDeliveries {
  override release(): boolean {
    return true
  }
}

/** Allows one exchange less than it has announced. */
export class AllowsTooFew extends IncomingDeliveries {
  override resume(receiveMaximum: number): void {
    super.resume(receiveMaximum - 1)
  }
}
