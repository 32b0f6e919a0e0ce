import type { ReasonCode } from '@curlew/codec'
import { type AfterPubrec, IncomingDeliveries, OutgoingDeliveries, type Reception } from '@curlew/protocol'
import { type SentMessage, sent } from './sent-message.ts'

/** Senders and receivers with one fault each, such as brokers and clients have had, to show that the tests would see it. */

/** Every acknowledgement adds to the quota, whether it was awaited or not. */
export class AcknowledgementsAddQuota extends OutgoingDeliveries<SentMessage<number>> {
  #extra = 0

  override get hasQuota(): boolean {
    return super.hasQuota || this.#extra > 0
  }

  override puback(packetId: number): SentMessage<number> | undefined {
    const finished = super.puback(packetId)
    if (finished === undefined) this.#extra++
    return finished
  }

  override pubcomp(packetId: number): SentMessage<number> | undefined {
    const finished = super.pubcomp(packetId)
    if (finished === undefined) this.#extra++
    return finished
  }

  override start(delivery: SentMessage<number>): void {
    const usesExtra = !super.hasQuota
    super.start(delivery)
    if (usesExtra) this.#extra--
  }
}

/** What the connection before had in flight still counts. */
export class QuotaOutlivesConnection extends OutgoingDeliveries<SentMessage<number>> {
  override resume(receiveMaximum: number): void {
    super.resume(Math.max(1, receiveMaximum - this.size))
  }
}

/** The newest is sent again first. */
export class ResendsReversed extends OutgoingDeliveries<SentMessage<number>> {
  #reversed: SentMessage<number>[] = []

  override nextResend(): SentMessage<number> | undefined {
    if (this.#reversed.length === 0) {
      for (let delivery = super.nextResend(); delivery; delivery = super.nextResend()) this.#reversed.push(delivery)
    }
    return this.#reversed.pop()
  }
}

export class NeverResends extends OutgoingDeliveries<SentMessage<number>> {
  override nextResend(): undefined {
    return undefined
  }
}

export class ResendsTwice extends OutgoingDeliveries<SentMessage<number>> {
  #last: SentMessage<number> | undefined

  override nextResend(): SentMessage<number> | undefined {
    const again = this.#last
    this.#last = again ? undefined : super.nextResend()
    return again ?? this.#last
  }
}

/** The same message as if its PUBLISH had never been answered. */
function repeated({ content, qos }: SentMessage<number>, packetId: number): SentMessage<number> {
  const again = sent(content, packetId, qos)
  again.phase = qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec'
  return again
}

/** Sends again under a new Packet Identifier. */
export class ResendsAsNew extends OutgoingDeliveries<SentMessage<number>> {
  override nextResend(): SentMessage<number> | undefined {
    const delivery = super.nextResend()
    return delivery && repeated(delivery, delivery.packetId + 10)
  }
}

/** Forgets on the next connection that PUBREC has come. */
export class PublishesAfterPubrec extends OutgoingDeliveries<SentMessage<number>> {
  override nextResend(): SentMessage<number> | undefined {
    const delivery = super.nextResend()
    return delivery && repeated(delivery, delivery.packetId)
  }
}

/** Does not store that PUBREC has come. */
export class RestoresUnreleased extends OutgoingDeliveries<SentMessage<number>> {
  override restore(delivery: SentMessage<number>): void {
    super.restore(delivery, false)
  }
}

/** Lets PUBREL wait behind PUBLISH packets that wait for quota. */
export class PubrelWaitsForQuota extends OutgoingDeliveries<SentMessage<number>> {
  #released: SentMessage<number>[] = []

  override resume(receiveMaximum: number): void {
    this.#released = []
    super.resume(receiveMaximum)
  }

  override nextResend(): SentMessage<number> | undefined {
    for (let delivery = super.nextResend(); delivery; delivery = super.nextResend()) {
      if (delivery.phase !== 'awaiting-pubcomp') return delivery
      this.#released.push(delivery)
    }
    return this.hasResends ? undefined : this.#released.shift()
  }
}

/** Takes PUBREC for the end. */
export class NeverReleases extends OutgoingDeliveries<SentMessage<number>> {
  override pubrec(packetId: number, reasonCode: ReasonCode): AfterPubrec {
    const after = super.pubrec(packetId, reasonCode)
    return after === 'release' ? 'finished' : after
  }
}

/** Gives QoS 1 messages up when the connection is lost. */
export class ForgetsWhenLost extends OutgoingDeliveries<SentMessage<number>> {
  override resume(receiveMaximum: number): void {
    for (const { packetId, qos } of [...this.unfinished()]) if (qos === 1) this.abandon(packetId)
    super.resume(receiveMaximum)
  }
}

/** Does not look which acknowledgement a delivery waits for. */
export class AnyAcknowledgementFinishes extends OutgoingDeliveries<SentMessage<number>> {
  override puback(packetId: number): SentMessage<number> | undefined {
    return this.abandon(packetId)
  }
}

/** Does not look whether a Packet Identifier is in use. */
export class IdentifierTwice extends OutgoingDeliveries<SentMessage<number>> {
  override start(delivery: SentMessage<number>): void {
    if (!super.isInUse(delivery.packetId)) super.start(delivery)
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
