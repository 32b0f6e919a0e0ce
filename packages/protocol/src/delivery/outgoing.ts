import { isFailure, PacketType, ProtocolError, packetTypeName, type QoS, type ReasonCode } from '@curlew/codec'
import { PacketIdTable } from './packet-id-table.ts'

/** Where a delivery stands: that it has not begun, what it waits for, or that it is over. */
export type DeliveryPhase = 'waiting' | 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp' | 'finished'

/**
 * One QoS 1 or QoS 2 message between our first PUBLISH and the last acknowledgement. Whoever delivers has an object for each message
 * anyway, which carries this: no second one is allocated per message (bench/macro: p2p QoS 1).
 */
export interface OutgoingDelivery {
  readonly packetId: number
  /** 1 or 2. */
  readonly qos: QoS
  /** Grows from one message of the Session to the next, in the order of sending. */
  readonly sequence: number
  /** This and `usesQuota` are {@link OutgoingDeliveries}' own, which sets them when the delivery begins. */
  phase: DeliveryPhase
  /** Whether its PUBLISH went out on this Network Connection and therefore uses send quota. */
  usesQuota: boolean
}

/** What all have in common that have nothing to send again, so that asking for it allocates nothing. */
const nothing: readonly never[] = []

/** What a PUBREC calls for. */
export type AfterPubrec =
  /** PUBREL with success. */
  | 'release'
  /** Nothing: the receiver has refused the message, and the delivery is over. */
  | 'finished'
  /** PUBREL with 0x92, as nobody waits for it; nothing if the PUBREC says failure [MQTT-4.3.3-4]. */
  | 'unknown'

/**
 * The sender's half of QoS 1 and QoS 2 delivery, sections 4.3.2 and 4.3.3. A Client sends and a
 * Server sends, so both packages use this class.
 *
 *     QoS 1   start ─▶ awaiting-puback ── PUBACK ─▶ finished
 *     QoS 2   start ─▶ awaiting-pubrec ── PUBREC ─▶ awaiting-pubcomp ── PUBCOMP ─▶ finished
 *                            └───────── PUBREC with a failure code ──────────────▶ finished
 *
 * It performs no I/O and reads no clock. The sequences of deliveries give the order in which PUBLISH packets are sent again after a
 * reconnect [MQTT-4.6.0-1].
 *
 * The send quota of section 4.9 is not a number that acknowledgements add to: it is the Receive Maximum less
 * the deliveries that use quota, so an acknowledgement that belongs to none of them cannot change it.
 */
export class OutgoingDeliveries<Delivery extends OutgoingDelivery> {
  readonly #deliveries = new PacketIdTable<Delivery>()
  /** Deliveries in the table with `usesQuota`. */
  #usingQuota = 0
  #receiveMaximum: number
  /** What is to be sent again on this Network Connection, from `#resendNext` on. */
  #resends: readonly Delivery[] = nothing
  #resendNext = 0
  /** How many of `#resends`, from the first on, are sent again as PUBREL; the others are as PUBLISH. */
  #pubrelCount = 0

  /** @param receiveMaximum of the receiver, 1 to 65 535 */
  constructor(receiveMaximum: number) {
    this.#receiveMaximum = receiveMaximum
  }

  /** Messages sent and not yet finally acknowledged, on this Network Connection or an earlier one. */
  get size(): number {
    return this.#deliveries.size
  }

  /**
   * Whether a new message may be sent now: {@link nextResend} has nothing more, and the quota is not used up
   * [MQTT-4.9.0-2]. This class does not know whether there is a Network Connection to send on.
   */
  get hasQuota(): boolean {
    return this.#usingQuota < this.#receiveMaximum && !this.hasResends
  }

  /** Whether something still waits to be sent again on this Network Connection, see {@link nextResend}. */
  get hasResends(): boolean {
    return this.#resendNext < this.#resends.length
  }

  /** Whether a Packet Identifier is in use and so cannot be given to another message. */
  isInUse(packetId: number): boolean {
    return this.#deliveries.get(packetId) !== undefined
  }

  /** The delivery with this Packet Identifier, or `undefined` if it is not in use. */
  get(packetId: number): Delivery | undefined {
    return this.#deliveries.get(packetId)
  }

  /**
   * Records that a message is sent. Call it only while {@link hasQuota}, with an identifier that is not in use.
   *
   * @param delivery kept until it is finished
   * @throws {RangeError} when it is called at another time or with another identifier
   */
  start(delivery: Delivery): void {
    if (!this.hasQuota) throw new RangeError('send quota is used up')
    this.#add(delivery, false)
    delivery.usesQuota = true
    this.#usingQuota++
  }

  /**
   * Adds a delivery that an earlier run of this program had begun; {@link resume} then sends it again.
   *
   * @param isReleased whether its PUBREC had come; only a QoS 2 delivery has one
   * @throws {RangeError} when the identifier is in use
   */
  restore(delivery: Delivery, isReleased: boolean): void {
    if (isReleased && delivery.qos === 1) throw new RangeError('a QoS 1 delivery has no PUBREC')
    this.#add(delivery, isReleased)
    delivery.usesQuota = false
  }

  /**
   * @returns what the PUBACK finished, or `undefined` when nothing is under way with its identifier
   * @throws {ProtocolError} when what is under way waits for another packet
   */
  puback(packetId: number): Delivery | undefined {
    const delivery = this.#deliveries.get(packetId)
    if (delivery === undefined) return undefined
    expectPhase(delivery, 'awaiting-puback', PacketType.Puback)
    return this.#finish(delivery)
  }

  /**
   * A failure that follows a success does not end the delivery: the receiver may still know the identifier, and a
   * new message with it would be taken for a duplicate. PUBREL and PUBCOMP settle that.
   *
   * @returns what must follow [MQTT-4.3.3-4], [MQTT-4.3.3-5]
   * @throws {ProtocolError} when what is under way is a QoS 1 delivery
   */
  pubrec(packetId: number, reasonCode: ReasonCode): AfterPubrec {
    const delivery = this.#deliveries.get(packetId)
    if (delivery === undefined) return 'unknown'
    if (delivery.phase === 'awaiting-pubcomp') return 'release'
    expectPhase(delivery, 'awaiting-pubrec', PacketType.Pubrec)
    if (isFailure(reasonCode)) {
      this.#finish(delivery)
      return 'finished'
    }
    delivery.phase = 'awaiting-pubcomp' // [MQTT-4.3.3-6]: the PUBLISH is never sent again
    return 'release'
  }

  /**
   * @returns what the PUBCOMP finished, or `undefined` when nothing is under way with its identifier
   * @throws {ProtocolError} when what is under way waits for another packet
   */
  pubcomp(packetId: number): Delivery | undefined {
    const delivery = this.#deliveries.get(packetId)
    if (delivery === undefined) return undefined
    expectPhase(delivery, 'awaiting-pubcomp', PacketType.Pubcomp)
    return this.#finish(delivery)
  }

  /**
   * Ends a delivery whose PUBLISH cannot be sent again, being larger than the receiver's Maximum Packet Size on this
   * Network Connection [MQTT-3.1.2-25].
   *
   * @returns the delivery, or `undefined` if the identifier is not in use
   */
  abandon(packetId: number): Delivery | undefined {
    const delivery = this.#deliveries.get(packetId)
    return delivery && this.#finish(delivery)
  }

  /**
   * Begins a Network Connection on which the Session is resumed: everything unfinished is to be sent
   * again, each PUBLISH in the order it was sent first [MQTT-4.4.0-1], [MQTT-4.6.0-1].
   *
   * The PUBRELs come first. They need no quota, and may not wait behind a PUBLISH that does [MQTT-3.3.4-8],
   * [MQTT-3.3.4-10].
   */
  resume(receiveMaximum: number): void {
    this.#receiveMaximum = receiveMaximum
    this.#usingQuota = 0
    if (this.size === 0) return this.#endResends()
    const all = this.unfinished()
    for (const delivery of all) delivery.usesQuota = false
    const released = all.filter(delivery => delivery.phase === 'awaiting-pubcomp')
    this.#resends = [...released, ...all.filter(delivery => delivery.phase !== 'awaiting-pubcomp')]
    this.#resendNext = 0
    this.#pubrelCount = released.length
  }

  /**
   * The next delivery to send again: its PUBLISH with DUP [MQTT-3.3.1-1], or its PUBREL when the phase is
   * `awaiting-pubcomp`. A PUBLISH takes quota, a PUBREL none (section 4.9).
   *
   * @returns `undefined` when there is none or the quota is used up; ask again after an acknowledgement
   */
  nextResend(): Delivery | undefined {
    for (; this.#resendNext < this.#resends.length; this.#resendNext++) {
      const delivery = this.#resends[this.#resendNext]!
      const isPubrel = this.#resendNext < this.#pubrelCount
      // Acknowledged since it was put in: it is over, or its PUBREL has been the answer to its PUBREC.
      if (delivery.phase === 'finished' || (delivery.phase === 'awaiting-pubcomp') !== isPubrel) continue
      if (!isPubrel) {
        if (this.#usingQuota >= this.#receiveMaximum) return undefined
        delivery.usesQuota = true
        this.#usingQuota++
      }
      this.#resendNext++
      return delivery
    }
    this.#endResends()
    return undefined
  }

  /** All that is unfinished, in the order of sending. */
  unfinished(): Delivery[] {
    return this.#deliveries.values().sort((one, other) => one.sequence - other.sequence)
  }

  #endResends(): void {
    this.#resends = nothing
    this.#resendNext = 0
    this.#pubrelCount = 0
  }

  #add(delivery: Delivery, isReleased: boolean): void {
    const { packetId, qos } = delivery
    if (this.isInUse(packetId)) throw new RangeError(`Packet Identifier ${packetId} is in use`)
    delivery.phase = isReleased ? 'awaiting-pubcomp' : qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec'
    this.#deliveries.add(delivery)
  }

  #finish(delivery: Delivery): Delivery {
    this.#deliveries.remove(delivery)
    delivery.phase = 'finished'
    if (delivery.usesQuota) this.#usingQuota--
    return delivery
  }
}

/** @throws {ProtocolError} when the acknowledgement is of the wrong kind: the receiver has lost track, and going on could lose messages */
function expectPhase({ packetId, phase }: OutgoingDelivery, expected: DeliveryPhase, type: PacketType): void {
  if (phase === expected) return
  throw new ProtocolError(`${packetTypeName(type)} for Packet Identifier ${packetId}, which is ${phase}`)
}
