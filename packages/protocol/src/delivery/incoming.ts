import { PacketIdSet } from './packet-id-set.ts'

/** What to do with an incoming QoS 2 PUBLISH. */
export type Reception =
  /** Take the message on and answer PUBREC. */
  | 'new'
  /** Answer PUBREC again and do nothing else [MQTT-4.3.3-10]. */
  | 'duplicate'
  /** The sender has more exchanges open than it was allowed: 0x93 [MQTT-3.3.4-7], [MQTT-3.3.4-9]. */
  | 'too-many'

/**
 * The receiver's half of QoS 2 delivery, section 4.3.3: the Packet Identifiers whose message we have
 * taken on and whose PUBREL has not come. QoS 1 needs no memory at the receiver.
 *
 *     PUBLISH ─▶ accepted ── PUBREL ─▶ forgotten
 *        ▲          │
 *        └─ PUBLISH with the same identifier: a duplicate
 *
 * Identifiers outlive the Network Connection they came on, but the Receive Maximum counts only what comes on the
 * present one (section 4.9). A Client that has lost its own state never sends the PUBRELs of earlier messages; were
 * they counted, it would be turned away with 0x93 for as long as its Session lasts.
 */
export class IncomingDeliveries {
  /** At most 65 535, as there are no more identifiers; `undefined`: there never was one. */
  #accepted: PacketIdSet | undefined
  /** Those in `#accepted` that came on an earlier Network Connection; `undefined`: none ever did. */
  #earlier: PacketIdSet | undefined
  /** The Receive Maximum that we announced, or 65 535 to a Client of 3.1.1, which has none. */
  receiveMaximum: number

  constructor(receiveMaximum: number) {
    this.receiveMaximum = receiveMaximum
  }

  /** Exchanges that wait for their PUBREL. */
  get size(): number {
    return this.#accepted?.size ?? 0
  }

  /** Those of them that came on the present Network Connection, which alone the Receive Maximum counts. */
  get countUnderWay(): number {
    return this.size - (this.#earlier?.size ?? 0)
  }

  /**
   * Says what a PUBLISH with this identifier is; remembers the identifier when it is new.
   *
   * @param otherCount messages of QoS 1 that the sender has under way as well
   */
  publish(packetId: number, otherCount = 0): Reception {
    this.#accepted ??= new PacketIdSet()
    if (this.#accepted.has(packetId)) return 'duplicate'
    if (this.countUnderWay + otherCount >= this.receiveMaximum) return 'too-many'
    this.#accepted.add(packetId)
    return 'new'
  }

  /** Forgets an identifier, on PUBREL or when the message was refused. @returns whether it was known [MQTT-4.3.3-11] */
  release(packetId: number): boolean {
    this.#earlier?.delete(packetId)
    return this.#accepted?.delete(packetId) ?? false
  }

  /** Adds an identifier that an earlier run of this program had accepted. */
  restore(packetId: number): void {
    this.#accepted ??= new PacketIdSet()
    this.#accepted.add(packetId)
    this.#addEarlier(packetId)
  }

  /** Begins a Network Connection on which the Session is resumed. */
  resume(receiveMaximum: number): void {
    this.receiveMaximum = receiveMaximum
    for (const packetId of this.accepted()) this.#addEarlier(packetId)
  }

  /** The identifiers that wait for their PUBREL, in no particular order. */
  accepted(): number[] {
    return this.#accepted?.values() ?? []
  }

  #addEarlier(packetId: number): void {
    this.#earlier ??= new PacketIdSet()
    this.#earlier.add(packetId)
  }
}
