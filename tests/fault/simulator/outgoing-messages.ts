import {
  isFailure,
  noProperties,
  type Packet,
  PacketType,
  type Publish,
  type QoS,
  type ReasonCode,
} from '@curlew/codec'

/** A message that a client publishes, with what becomes of it. */
export interface Outgoing {
  readonly topic: string
  readonly payload: string
  readonly qos: QoS
  readonly retain: boolean
  /** Seconds: Message Expiry Interval. */
  readonly expiryInterval: number | undefined
  /** Its PUBLISH goes out once more. */
  onSentAgain(): void
  /** PUBACK or PUBREC with success: the broker is responsible. */
  onAcknowledged(): void
  /** Refused by the broker, or lost with the Session. */
  onGivenUp(): void
}

interface Delivery {
  readonly packetId: number
  readonly message: Outgoing
  readonly sinceMs: number
  phase: 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp'
}

/**
 * The sender's half of QoS 1 and QoS 2 at a client, written from the specification and not from the broker's code:
 *
 *     QoS 1   awaiting-puback ── PUBACK ─▶ over
 *     QoS 2   awaiting-pubrec ── PUBREC ─▶ awaiting-pubcomp ── PUBCOMP ─▶ over
 */
export class OutgoingMessages {
  /** In the order of sending. */
  #deliveries: Delivery[] = []
  #lastId = 0

  get count(): number {
    return this.#deliveries.length
  }

  /** When the oldest was sent first; infinite when there is none. */
  get oldestMs(): number {
    return this.#deliveries[0]?.sinceMs ?? Number.POSITIVE_INFINITY
  }

  /** @returns the packet to send */
  start(message: Outgoing, nowMs: number): Publish {
    if (message.qos === 0) return publishOf(message, 0, false)
    do this.#lastId = (this.#lastId % 0xffff) + 1
    while (this.#deliveries.some(({ packetId }) => packetId === this.#lastId))
    const phase = message.qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec'
    this.#deliveries.push({ packetId: this.#lastId, message, sinceMs: nowMs, phase })
    return publishOf(message, this.#lastId, false)
  }

  /** What must be sent again on a new connection of the same Session, in order. */
  resend(): Packet[] {
    return this.#deliveries.map(({ packetId, message, phase }) => {
      if (phase === 'awaiting-pubcomp') return pubrelOf(packetId)
      message.onSentAgain()
      return publishOf(message, packetId, true)
    })
  }

  /** The Session is gone. */
  giveUp(): void {
    for (const { message, phase } of this.#deliveries.splice(0)) {
      if (phase !== 'awaiting-pubcomp') message.onGivenUp()
    }
  }

  /** @returns the answer that an acknowledgement calls for, or `undefined` */
  take(type: PacketType, packetId: number, reasonCode: ReasonCode): Packet | undefined {
    const delivery = this.#deliveries.find(other => other.packetId === packetId)
    switch (type) {
      case PacketType.Puback:
        if (delivery?.phase === 'awaiting-puback') this.#finish(delivery, reasonCode)
        return undefined
      case PacketType.Pubrec: {
        if (delivery?.phase === 'awaiting-pubcomp') return pubrelOf(packetId)
        if (delivery?.phase !== 'awaiting-pubrec') return isFailure(reasonCode) ? undefined : pubrelOf(packetId)
        if (isFailure(reasonCode)) {
          this.#finish(delivery, reasonCode)
          return undefined
        }
        delivery.phase = 'awaiting-pubcomp'
        delivery.message.onAcknowledged()
        return pubrelOf(packetId)
      }
      default:
        if (delivery?.phase === 'awaiting-pubcomp') this.#remove(delivery)
        return undefined
    }
  }

  #finish(delivery: Delivery, reasonCode: ReasonCode): void {
    this.#remove(delivery)
    if (isFailure(reasonCode)) delivery.message.onGivenUp()
    else delivery.message.onAcknowledged()
  }

  #remove(delivery: Delivery): void {
    this.#deliveries = this.#deliveries.filter(other => other !== delivery)
  }
}

function publishOf(message: Outgoing, packetId: number, dup: boolean): Publish {
  const { topic, payload, qos, retain, expiryInterval } = message
  const bytes = Buffer.from(payload, 'latin1')
  const properties = expiryInterval === undefined ? noProperties : { messageExpiryInterval: expiryInterval }
  return { type: PacketType.Publish, topic, payload: bytes, qos, retain, dup, packetId, properties }
}

function pubrelOf(packetId: number): Packet {
  return { type: PacketType.Pubrel, packetId, reasonCode: 0, properties: noProperties }
}
