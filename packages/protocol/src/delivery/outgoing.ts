import { isFailure, type ReasonCode } from '@curlew/codec'

/** Where a delivery stands: what it waits for, or that it is over. */
export type DeliveryPhase = 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp' | 'finished'

/** One QoS 1 or QoS 2 message between our first PUBLISH and the last acknowledgement. */
export class OutgoingDelivery<Content> {
  readonly content: Content
  readonly packetId: number
  readonly qos: 1 | 2
  phase: DeliveryPhase
  /** Whether its PUBLISH went out on this Network Connection and therefore uses send quota. */
  usesQuota = true

  constructor(content: Content, packetId: number, qos: 1 | 2) {
    this.content = content
    this.packetId = packetId
    this.qos = qos
    this.phase = qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec'
  }
}

/** What a PUBREC calls for: PUBREL with success, nothing more, or PUBREL with 0x92 as nobody waits for it. */
export type AfterPubrec = 'release' | 'finished' | 'unknown'

/**
 * The sender's half of QoS 1 and QoS 2 delivery, sections 4.3.2 and 4.3.3. A Client sends and a
 * Server sends, so both packages use this class.
 *
 *     QoS 1   start ─▶ awaiting-puback ── PUBACK ─▶ finished
 *     QoS 2   start ─▶ awaiting-pubrec ── PUBREC ─▶ awaiting-pubcomp ── PUBCOMP ─▶ finished
 *                            └───────── PUBREC with a failure code ──────────────▶ finished
 *
 * It performs no I/O and reads no clock. The iteration order of `#deliveries` is the order of sending,
 * which is the order messages are sent in again after a reconnect [MQTT-4.6.0-1].
 *
 * The send quota of section 4.9 is not a number that acknowledgements add to: it is the Receive Maximum less
 * the deliveries that use quota, so an acknowledgement that belongs to none of them cannot change it.
 */
export class OutgoingDeliveries<Content> {
  readonly #deliveries = new Map<number, OutgoingDelivery<Content>>()
  /** Deliveries in the map with `usesQuota`. */
  #usingQuota = 0
  #receiveMaximum: number
  /** What is to be sent again on this Network Connection, from `#resendNext` on. */
  #resends: OutgoingDelivery<Content>[] = []
  #resendNext = 0

  /** @param receiveMaximum of the receiver, 1 to 65 535 */
  constructor(receiveMaximum: number) {
    this.#receiveMaximum = receiveMaximum
  }

  /** Messages sent and not yet finally acknowledged, on this Network Connection or an earlier one. */
  get size(): number {
    return this.#deliveries.size
  }

  /** Whether a new message may be sent now: nothing waits to be sent again, and the quota is not used up [MQTT-4.9.0-2]. */
  get hasQuota(): boolean {
    return this.#usingQuota < this.#receiveMaximum && this.#resendNext === this.#resends.length
  }

  /** Whether a Packet Identifier is in use and so cannot be given to another message. */
  isInUse(packetId: number): boolean {
    return this.#deliveries.has(packetId)
  }

  /**
   * Records that a message is sent. Call it only while {@link hasQuota}, with an identifier that is not in use.
   *
   * @returns the delivery, whose `content` is kept until it is finished
   */
  start(content: Content, packetId: number, qos: 1 | 2): OutgoingDelivery<Content> {
    if (this.#deliveries.has(packetId)) throw new RangeError(`Packet Identifier ${packetId} is in use`)
    const delivery = new OutgoingDelivery(content, packetId, qos)
    this.#deliveries.set(packetId, delivery)
    this.#usingQuota++
    return delivery
  }

  /**
   * Adds a delivery that an earlier run of this program had begun; {@link resume} then sends it again.
   *
   * @param isReleased whether its PUBREC had come
   */
  restore(content: Content, packetId: number, qos: 1 | 2, isReleased: boolean): void {
    const delivery = new OutgoingDelivery(content, packetId, qos)
    if (isReleased) delivery.phase = 'awaiting-pubcomp'
    delivery.usesQuota = false
    this.#deliveries.set(packetId, delivery)
  }

  /** @returns what the PUBACK finished, or `undefined` when nobody waited for it */
  puback(packetId: number): Content | undefined {
    return this.#finish(packetId, 'awaiting-puback')
  }

  /** @returns what must follow [MQTT-4.3.3-4], [MQTT-4.3.3-5] */
  pubrec(packetId: number, reasonCode: ReasonCode): AfterPubrec {
    const delivery = this.#deliveries.get(packetId)
    if (delivery === undefined || delivery.qos !== 2) return 'unknown'
    if (delivery.phase === 'awaiting-pubrec') {
      if (isFailure(reasonCode)) {
        this.#finish(packetId, 'awaiting-pubrec')
        return 'finished'
      }
      delivery.phase = 'awaiting-pubcomp' // [MQTT-4.3.3-6]: the PUBLISH is never sent again
    }
    return 'release'
  }

  /** @returns what the PUBCOMP finished, or `undefined` when nobody waited for it */
  pubcomp(packetId: number): Content | undefined {
    return this.#finish(packetId, 'awaiting-pubcomp')
  }

  /**
   * Begins a Network Connection on which the Session is resumed: everything unfinished is to be sent
   * again, in the order it was sent first [MQTT-4.4.0-1], [MQTT-4.6.0-1].
   */
  resume(receiveMaximum: number): void {
    this.#receiveMaximum = receiveMaximum
    this.#usingQuota = 0
    this.#resends = [...this.#deliveries.values()]
    this.#resendNext = 0
    for (const delivery of this.#resends) delivery.usesQuota = false
  }

  /**
   * The next delivery to send again: its PUBLISH with DUP [MQTT-3.3.1-1], or its PUBREL when the phase is
   * `awaiting-pubcomp`. A PUBLISH takes quota, a PUBREL none (section 4.9).
   *
   * @returns `undefined` when there is none or the quota is used up; ask again after an acknowledgement
   */
  nextResend(): OutgoingDelivery<Content> | undefined {
    while (this.#resendNext < this.#resends.length) {
      const delivery = this.#resends[this.#resendNext]!
      if (delivery.phase === 'awaiting-puback' || delivery.phase === 'awaiting-pubrec') {
        if (this.#usingQuota >= this.#receiveMaximum) return undefined
        delivery.usesQuota = true
        this.#usingQuota++
      }
      this.#resendNext++
      if (delivery.phase !== 'finished') return delivery
    }
    this.#resends = []
    this.#resendNext = 0
    return undefined
  }

  /** All that is unfinished, in the order of sending. */
  unfinished(): IterableIterator<OutgoingDelivery<Content>> {
    return this.#deliveries.values()
  }

  #finish(packetId: number, expected: DeliveryPhase): Content | undefined {
    const delivery = this.#deliveries.get(packetId)
    if (delivery === undefined || delivery.phase !== expected) return undefined
    this.#deliveries.delete(packetId)
    delivery.phase = 'finished'
    if (delivery.usesQuota) this.#usingQuota--
    return delivery.content
  }
}
