import { isFailure, ReasonCode } from '@curlew/codec'
import type { AckPacket, PublishPacket } from './link-packets.ts'

/** What sections 4.3, 4.4, 4.6 and 4.9 demand of the two ends of a delivery, as far as it can be seen from outside them. */
const rules = {
  'identifier in use': 'a new message gets a Packet Identifier that is not in use [MQTT-2.2.1-3], [MQTT-2.2.1-4]',
  'same identifier': 'a message is sent again with the identifier it had [MQTT-4.4.0-1]',
  'sent twice': 'a PUBLISH is sent again only on a new Network Connection [MQTT-4.4.0-1]',
  'publish after pubrec': 'a PUBLISH is never sent again after its PUBREC [MQTT-4.3.3-6]',
  'order of sending': 'on one Network Connection messages go out in the order they were published [MQTT-4.6.0-1]',
  'order of arrival': 'messages arrive first in the order they were published (section 4.6)',
  quota: 'PUBLISH packets in flight are at most, and can be as many as, Receive Maximum [MQTT-4.9.0-2]',
  'too many': 'the receiver never sees more exchanges than its Receive Maximum [MQTT-3.3.4-7], [MQTT-3.3.4-9]',
  pubrel: 'PUBREL answers each PUBREC, is sent again on a new Network Connection, and does not wait [MQTT-3.3.4-8]',
  kept: 'what is not acknowledged is kept, and nothing else is [MQTT-4.3.2-3], [MQTT-4.3.3-3], [MQTT-4.3.3-5]',
  stray: 'an acknowledgement that nobody waits for changes nothing (section 4.9)',
  mistake: 'an acknowledgement of the wrong kind ends the Network Connection and changes nothing',
  'exactly once': 'a QoS 2 message is delivered exactly once [MQTT-4.3.3-10]',
  'at least once': 'a QoS 1 message is delivered at least once (section 4.3.2)',
  'comes to rest': 'once nothing is lost any more, everything is delivered and both ends are empty',
} as const
export type Rule = keyof typeof rules

/** A rule was broken: what a test of the two ends fails with. */
export class Violation extends Error {
  readonly rule: Rule

  constructor(rule: Rule, detail: string) {
    super(`${rule}: ${detail}; ${rules[rule]}`)
    this.rule = rule
  }
}

interface Exchange {
  /** The message, by its place in the order of publishing, from 0. */
  readonly content: number
  readonly qos: 1 | 2
  /** Whether a PUBREC with success has come. */
  isReleased: boolean
  /** Whether its PUBLISH was sent on this Network Connection. */
  isSentHere: boolean
}

interface Fate {
  readonly qos: 1 | 2
  delivered: number
  refused: number
}

/**
 * The model: watches the packets between the two ends, knows the rules by itself and shares no code with the ends. Each
 * method throws {@link Violation} at the first rule that is broken.
 */
export class DeliveryRules {
  isConnected = false
  receiveMaximum = 0
  /** What became of each message, in the order of publishing. */
  readonly #fates: Fate[] = []
  /** By Packet Identifier: sent, and not finally acknowledged as far as the sender knows. */
  readonly #exchanges = new Map<number, Exchange>()
  /** PUBRELs that the sender owes, as `packetId reasonCode`, one for each. */
  #pubrelsDue: string[] = []
  #firstSent = 0
  #firstArrived = 0
  #lastSentHere = -1

  get publishedCount(): number {
    return this.#fates.length
  }

  published(qos: 1 | 2): number {
    return this.#fates.push({ qos, delivered: 0, refused: 0 }) - 1
  }

  connected(receiveMaximum: number): void {
    this.isConnected = true
    this.receiveMaximum = receiveMaximum
    this.#lastSentHere = -1
    for (const [packetId, exchange] of this.#exchanges) {
      exchange.isSentHere = false
      if (exchange.isReleased) this.#pubrelsDue.push(`${packetId} ${ReasonCode.Success}`)
    }
  }

  lost(): void {
    this.isConnected = false
    this.#pubrelsDue = []
  }

  /** The sender sends a PUBLISH. */
  publishes({ packetId, content, qos, dup }: PublishPacket): void {
    const exchange = this.#exchanges.get(packetId)
    const name = `message ${content} with identifier ${packetId}`
    if (dup) this.#checkResend(exchange, content, name)
    else this.#startExchange(exchange, packetId, content, qos)
    if (content <= this.#lastSentHere) throw new Violation('order of sending', `${name} follows ${this.#lastSentHere}`)
    this.#lastSentHere = content
    this.#exchanges.get(packetId)!.isSentHere = true
    if (this.#inFlightCount > this.receiveMaximum) {
      throw new Violation('quota', `${name} is number ${this.#inFlightCount} of ${this.receiveMaximum}`)
    }
  }

  #startExchange(exchange: Exchange | undefined, packetId: number, content: number, qos: 1 | 2): void {
    if (exchange) throw new Violation('identifier in use', `${packetId} for ${content} belongs to ${exchange.content}`)
    if (content !== this.#firstSent) throw new Violation('order of sending', `${content} before ${this.#firstSent}`)
    this.#firstSent++
    this.#exchanges.set(packetId, { content, qos, isReleased: false, isSentHere: false })
  }

  #checkResend(exchange: Exchange | undefined, content: number, name: string): void {
    if (exchange?.content !== content) throw new Violation('same identifier', `${name}, which is not its own`)
    if (exchange.isReleased) throw new Violation('publish after pubrec', name)
    if (exchange.isSentHere) throw new Violation('sent twice', name)
  }

  get #inFlightCount(): number {
    let count = 0
    for (const exchange of this.#exchanges.values()) if (exchange.isSentHere) count++
    return count
  }

  /** The sender sends a PUBREL. */
  releases(packetId: number, reasonCode: ReasonCode): void {
    const index = this.#pubrelsDue.indexOf(`${packetId} ${reasonCode}`)
    if (index === -1) throw new Violation('pubrel', `PUBREL ${packetId} with ${reasonCode} is not due`)
    this.#pubrelsDue.splice(index, 1)
  }

  /** Whether the sender waits for this packet, so that it changes something. */
  awaits({ type, packetId }: AckPacket): boolean {
    const exchange = this.#exchanges.get(packetId)
    if (exchange === undefined) return false
    if (type === 'PUBACK') return exchange.qos === 1
    return exchange.qos === 2 && exchange.isReleased === (type === 'PUBCOMP')
  }

  /** Whether what is under way with this identifier waits for a packet of another kind. A repeated PUBREC is none. */
  contradicts(ack: AckPacket): boolean {
    const exchange = this.#exchanges.get(ack.packetId)
    if (exchange === undefined || this.awaits(ack)) return false
    return ack.type !== 'PUBREC' || exchange.qos === 1
  }

  /** The sender is about to receive a packet that contradicts nothing. */
  acknowledges(ack: AckPacket): void {
    const { type, packetId } = ack
    const exchange = this.#exchanges.get(packetId)
    const isAwaited = this.awaits(ack)
    const isRefusal = isFailure(ack.reasonCode)
    if (isAwaited && (type !== 'PUBREC' || isRefusal)) {
      this.#exchanges.delete(packetId)
      return
    }
    if (type !== 'PUBREC') return
    if (isAwaited) exchange!.isReleased = true
    if (exchange) this.#pubrelsDue.push(`${packetId} ${ReasonCode.Success}`)
    else if (!isRefusal) this.#pubrelsDue.push(`${packetId} ${ReasonCode.PacketIdentifierNotFound}`)
  }

  /** The receiver has taken a PUBLISH in: delivered it onward, refused it, or taken it for a duplicate. */
  arrives({ content }: PublishPacket, outcome: 'delivered' | 'refused' | 'duplicate'): void {
    const fate = this.#fates[content]!
    const isFirst = fate.delivered === 0 && fate.refused === 0
    if (isFirst && content !== this.#firstArrived) {
      throw new Violation('order of arrival', `${content} before ${this.#firstArrived}`)
    }
    if (isFirst) this.#firstArrived++
    if (outcome === 'delivered') fate.delivered++
    if (outcome === 'refused') fate.refused++
    if (fate.qos === 2 && fate.delivered > 1) throw new Violation('exactly once', `${content} is delivered again`)
    if (outcome === 'duplicate' && fate.delivered !== 1) throw new Violation('exactly once', `${content} is swallowed`)
  }

  /** What must be true whenever neither end is at work. */
  check(hasQuota: boolean, unfinishedCount: number): void {
    if (unfinishedCount !== this.#exchanges.size) {
      throw new Violation('kept', `${unfinishedCount} deliveries instead of ${this.#exchanges.size}`)
    }
    if (!this.isConnected) return
    if (this.#pubrelsDue.length > 0) throw new Violation('pubrel', `PUBREL ${this.#pubrelsDue.join(', ')} is missing`)
    if (hasQuota !== this.#inFlightCount < this.receiveMaximum) {
      throw new Violation('quota', `${this.#inFlightCount} of ${this.receiveMaximum} in flight; has quota: ${hasQuota}`)
    }
  }

  /** What must be true when the links have run dry without a loss. */
  checkEnd(): void {
    for (const [content, { qos, delivered, refused }] of this.#fates.entries()) {
      if (delivered > 0 || refused > 0) continue
      throw new Violation(qos === 1 ? 'at least once' : 'exactly once', `${content} is never delivered`)
    }
    if (this.#exchanges.size > 0) throw new Violation('comes to rest', `${this.#exchanges.size} exchanges stay open`)
  }

  /** Everything that decides what may still happen. */
  state(): unknown[] {
    return [
      this.isConnected && this.receiveMaximum,
      this.#fates.map(({ qos, delivered, refused }) => [qos, Math.min(delivered, 2), Math.min(refused, 1)]),
      [...this.#exchanges],
      this.#pubrelsDue,
      [this.#firstSent, this.#firstArrived, this.#lastSentHere],
    ]
  }
}
