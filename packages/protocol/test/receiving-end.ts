import { ReasonCode } from '@curlew/codec'
import type { IncomingDeliveries } from '@curlew/protocol'
import { type DeliveryRules, Violation } from './delivery-rules.ts'
import type { AckPacket, PublishPacket, SentPacket } from './link-packets.ts'

export type IncomingClass = new (receiveMaximum: number) => IncomingDeliveries

/** A receiver as a Client or a Server has it; it delivers a message onward when its PUBLISH comes (figure 4.3, method A). */
export class ReceivingEnd {
  readonly #incomingClass: IncomingClass
  readonly #rules: DeliveryRules
  #incoming: IncomingDeliveries

  constructor(incomingClass: IncomingClass, rules: DeliveryRules) {
    this.#incomingClass = incomingClass
    this.#incoming = new incomingClass(1)
    this.#rules = rules
  }

  /** Packet Identifiers that wait for their PUBREL. */
  get accepted(): readonly number[] {
    return [...this.#incoming.accepted()]
  }

  connect(receiveMaximum: number): void {
    this.#incoming.resume(receiveMaximum)
  }

  /** Begins anew from what would have been stored. */
  restart(): void {
    const { accepted } = this
    this.#incoming = new this.#incomingClass(1)
    for (const packetId of accepted) this.#incoming.restore(packetId)
  }

  /** @returns the answer */
  receive(packet: SentPacket, refuses: boolean): AckPacket {
    const { packetId } = packet
    if (packet.type === 'PUBREL') {
      const isKnown = this.#incoming.release(packetId)
      return {
        type: 'PUBCOMP',
        packetId,
        reasonCode: isKnown ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound,
      }
    }
    const outcome = packet.qos === 2 ? this.#outcomeOf(packet, refuses) : refuses ? 'refused' : 'delivered'
    this.#rules.arrives(packet, outcome)
    const reasonCode = outcome === 'refused' ? ReasonCode.QuotaExceeded : ReasonCode.Success
    return { type: packet.qos === 2 ? 'PUBREC' : 'PUBACK', packetId, reasonCode }
  }

  #outcomeOf({ packetId, content }: PublishPacket, refuses: boolean): 'delivered' | 'refused' | 'duplicate' {
    const reception = this.#incoming.publish(packetId)
    if (reception === 'too-many') throw new Violation('too many', `${content} with identifier ${packetId}`)
    if (reception === 'duplicate') return 'duplicate'
    if (refuses) this.#incoming.release(packetId)
    return refuses ? 'refused' : 'delivered'
  }
}
