import {
  type Connack,
  encodePacket,
  noProperties,
  type Packet,
  PacketDecoder,
  PacketType,
  type Publish,
  type Suback,
  type SubscriptionRequest,
  TopicNames,
  type Unsuback,
  type Will,
} from '@curlew/codec'
import { type ClientProfile, connectPacketOf, textOf } from './client-profile.ts'
import type { EventQueue } from './event-queue.ts'
import { type Outgoing, OutgoingMessages } from './outgoing-messages.ts'
import type { Random } from './random.ts'
import { ResendOrder } from './resend-order.ts'
import type { Link, LinkHandler } from './simulated-network.ts'
import type { Trace } from './trace.ts'
import { Violation } from './violation.ts'

/** What a client is for. Calls come in the order of what happens on its connection. */
export interface ClientRole {
  client: SimulatedClient
  will?(): Will | undefined
  /** CONNACK has come; what is unfinished has been sent again. */
  onOnline?(isSessionPresent: boolean): void
  /** The connection, which was online, is over. */
  onOffline?(parting: Parting): void
  /** @param isSeen whether the application sees it; not when a QoS 2 identifier is known */
  onPublish?(packet: Publish, isSeen: boolean): void
  onSubscribed?(packet: Suback | Unsuback): void
}

/** How a connection came to its end. */
export type Parting =
  /** DISCONNECT was sent, and the broker has certainly heard it before anything else. */
  | 'taken leave'
  /** DISCONNECT was sent; whether the broker heard it is not known. */
  | 'uncertain'
  /** Without a word. */
  | 'lost'

export interface ClientServices {
  readonly queue: EventQueue
  readonly trace: Trace
  /** Whether clients take their time; not in the liveness phase. */
  readonly isActive: () => boolean
  /** A connection to whatever process listens now; it may be gone at once. */
  dial(handler: LinkHandler): Link
  /** Counts what excuses duplicates: connections lost, crashes, trouble with the disk. */
  readonly ledger: { failures: number; leave(): void }
}

const CONNACK_PATIENCE_MS = 6_000
/** A publisher that waits longer for an acknowledgement connects again, as only then it may send again. */
const ACKNOWLEDGEMENT_PATIENCE_MS = 12_000

/**
 * A client that does everything right, over a network that does not:
 *
 *     offline ── dial ─▶ connecting ── CONNACK ─▶ online ── lost, left, taken over ─▶ offline ── a while later ─▶ …
 *
 * Its Session state is never lost. What the broker says of the Session is checked against what it knows itself.
 */
export class SimulatedClient {
  readonly profile: ClientProfile
  readonly #services: ClientServices
  readonly #random: Random
  readonly #role: ClientRole
  /** The memory of a server would be most of what a simulation allocates. */
  readonly #topicNames = new TopicNames(16)
  readonly #outgoing = new OutgoingMessages()
  /** Packet Identifiers of QoS 2 messages that the application has seen and that are not released. */
  readonly #incoming = new Set<number>()
  /** Packet Identifiers of this connection that use the Receive Maximum. */
  readonly #unanswered = new Set<number>()
  readonly #resends: ResendOrder
  #state: 'offline' | 'connecting' | 'online' = 'offline'
  #link: Link | undefined
  #decoder: PacketDecoder
  /** Whether the broker has a Session, as far as one can know. */
  #session: 'none' | 'maybe' | 'exists' = 'none'
  #serverReceiveMaximum = 0xffff
  #lastReceivedMs = 0
  #lastAnswerMs = 0
  #hasLeft = false
  #isFrozen = false
  #isRetired = false
  #lastSubscribeId = 0
  /** {@link Ledger.failures} when the connection began. */
  #failuresBefore = 0
  /** The connection that is, or the one that was last. */
  #lastLink: Link | undefined

  constructor(profile: ClientProfile, services: ClientServices, random: Random, role: ClientRole) {
    this.profile = profile
    this.#services = services
    this.#random = random
    this.#role = role
    this.#decoder = this.#newDecoder()
    this.#resends = new ResendOrder(profile.name)
  }

  get isOnline(): boolean {
    return this.#state === 'online'
  }
  get isFrozen(): boolean {
    return this.#isFrozen
  }
  get link(): Link | undefined {
    return this.#link
  }
  /** The process that holds the connection, or that held the last one. */
  get processId(): number {
    return this.#lastLink?.processId ?? 0
  }
  get unfinishedCount(): number {
    return this.#outgoing.count
  }
  /** Whether one more message of QoS 1 or 2 may be sent. */
  get canPublish(): boolean {
    return this.isOnline && !this.#isFrozen && this.#outgoing.count < this.#serverReceiveMaximum
  }

  /** Connects now; a connection that is there is simply forgotten, as by a machine that has lost its power. */
  dial(): void {
    if (this.#link !== undefined) this.#forgetLink('lost')
    const { queue, trace } = this.#services
    this.#state = 'connecting'
    this.#decoder = this.#newDecoder()
    this.#unanswered.clear()
    this.#resends.startConnection()
    this.#hasLeft = false
    const link: Link = this.#services.dial({
      onBytes: bytes => {
        if (this.#link === link) this.#onBytes(bytes)
      },
      onEnd: () => {
        if (this.#link === link) this.#onEnd()
      },
      onGone: () => {
        if (this.#link === link) this.#onGone()
      },
    })
    this.#link = link
    this.#lastLink = link
    trace.note('dial', this.profile.name, link.id)
    this.#send(connectPacketOf(this.profile, this.#role.will?.()))
    if (this.profile.isPersistent && this.#session === 'none') this.#session = 'maybe'
    queue.after(CONNACK_PATIENCE_MS, () => {
      if (this.#link === link && this.#state === 'connecting') this.#abandon()
    })
  }

  publish(message: Outgoing): void {
    this.#send(this.#outgoing.start(message, this.#services.queue.nowMs))
  }

  subscribe(requests: readonly Pick<SubscriptionRequest, 'filter' | 'qos'>[]): number {
    const packetId = this.#nextSubscribeId()
    const subscriptions = requests.map(
      request => ({ ...request, noLocal: false, retainAsPublished: false, retainHandling: 0 }) as const,
    )
    this.#send({ type: PacketType.Subscribe, packetId, subscriptions, properties: noProperties })
    return packetId
  }

  unsubscribe(filters: readonly string[]): number {
    const packetId = this.#nextSubscribeId()
    this.#send({ type: PacketType.Unsubscribe, packetId, filters, properties: noProperties })
    return packetId
  }

  /** Leaves with DISCONNECT; comes back later, unless it is retired. */
  leave(): void {
    if (!this.isOnline || this.#hasLeft) return
    const link = this.#link!
    this.#hasLeft = true
    // What it has not acknowledged may come again, or to another member of a group.
    if (this.#services.ledger.failures++ === this.#failuresBefore) this.#failuresBefore++
    this.#services.ledger.leave()
    this.#send({ type: PacketType.Disconnect, reasonCode: 0, properties: noProperties })
    link.end()
    this.#services.queue.after(3000, () => {
      if (this.#link === link) this.#abandon()
    })
  }

  /** Never connects again. */
  retire(): void {
    this.#isRetired = true
    if (this.#state === 'connecting') this.#abandon()
    else this.leave()
  }

  /** Drops the connection without a word. @param isNoticed whether the network tells the broker */
  vanish(isNoticed: boolean): void {
    if (this.#link === undefined) return
    if (!isNoticed) {
      this.#link.silence('up')
      this.#link.silence('down')
    }
    this.#abandon()
  }

  /** Reads nothing and does nothing, for a while. */
  freeze(durationMs: number): void {
    const link = this.#link
    if (link === undefined || this.#isFrozen) return
    this.#isFrozen = true
    link.freeze(true)
    this.#services.ledger.failures++
    this.#services.queue.after(durationMs, () => {
      this.#isFrozen = false
      link.freeze(false)
    })
  }

  #onBytes(bytes: Uint8Array): void {
    this.#lastReceivedMs = this.#services.queue.nowMs
    const link = this.#link
    this.#decoder.push(bytes)
    for (let packet = this.#next(); packet !== undefined; packet = this.#next()) {
      this.#note('gets', packet)
      this.#receive(packet)
      if (this.#link !== link) return
    }
  }

  #onEnd(): void {
    const link = this.#link!
    link.end()
    const isInOrder = !link.hasFailed && link.unreadUpBytes === 0
    if (!this.#hasLeft) this.#services.ledger.failures++
    const isCalm = this.#services.ledger.failures === this.#failuresBefore
    this.#forgetLink(!this.#hasLeft ? 'lost' : isInOrder && isCalm ? 'taken leave' : 'uncertain')
    this.#dialLater()
  }

  #onGone(): void {
    this.#services.ledger.failures++
    this.#forgetLink(this.#hasLeft ? 'uncertain' : 'lost')
    this.#dialLater()
  }

  #next(): Packet | undefined {
    try {
      return this.#decoder.next()
    } catch (error) {
      throw new Violation('the broker sends what is not MQTT', `${this.profile.name}: ${(error as Error).message}`)
    }
  }

  #receive(packet: Packet): void {
    switch (packet.type) {
      case PacketType.Connack:
        return this.#onConnack(packet)
      case PacketType.Publish:
        return this.#onPublish(packet)
      case PacketType.Pubrel:
        this.#incoming.delete(packet.packetId)
        return this.#answer({ ...packet, type: PacketType.Pubcomp, reasonCode: 0, properties: noProperties })
      case PacketType.Puback:
      case PacketType.Pubrec:
      case PacketType.Pubcomp: {
        const answer = this.#outgoing.take(packet.type, packet.packetId, packet.reasonCode)
        if (answer !== undefined) this.#send(answer)
        return
      }
      case PacketType.Suback:
      case PacketType.Unsuback:
        return this.#role.onSubscribed?.(packet)
      case PacketType.Disconnect:
        this.#services.trace.note('disconnected by the broker', this.profile.name, packet.reasonCode)
        this.#services.ledger.failures++
        return
      default:
        return
    }
  }

  #onConnack({ reasonCode, sessionPresent, properties }: Connack): void {
    const { name, isPersistent, version } = this.profile
    this.#services.trace.note('connack', name, reasonCode, sessionPresent)
    if (reasonCode !== 0) return
    if (sessionPresent && !isPersistent) throw new Violation('Session Present after Clean Start', name)
    if (sessionPresent && this.#session === 'none') throw new Violation('Session Present without a Session', name)
    if (!sessionPresent && this.#session === 'exists') throw new Violation('a Session is lost', name)
    if (isPersistent) this.#session = 'exists'
    this.#state = 'online'
    this.#failuresBefore = this.#services.ledger.failures
    this.#serverReceiveMaximum = version === 5 ? (properties.receiveMaximum ?? 0xffff) : 0xffff
    if (sessionPresent) for (const packet of this.#outgoing.resend()) this.#send(packet)
    else {
      this.#outgoing.giveUp()
      this.#incoming.clear()
    }
    this.#watch(this.#link!)
    if (this.#isRetired) return this.leave()
    this.#role.onOnline?.(sessionPresent)
  }

  #onPublish(packet: Publish): void {
    const { packetId, qos } = packet
    if (qos === 0) return this.#role.onPublish?.(packet, true)
    this.#unanswered.add(packetId)
    this.#resends.receive(packet)
    const { name, version, receiveMaximum } = this.profile
    if (version === 5 && this.#unanswered.size > receiveMaximum) {
      throw new Violation('more than Receive Maximum', `${name} takes ${receiveMaximum}`)
    }
    const isSeen = qos === 1 || !this.#incoming.has(packetId)
    if (qos === 2) this.#incoming.add(packetId)
    this.#role.onPublish?.(packet, isSeen)
    const type = qos === 1 ? PacketType.Puback : PacketType.Pubrec
    this.#answer({ type, packetId, reasonCode: 0, properties: noProperties })
  }

  /** Acknowledges in order, after a while. */
  #answer(packet: Extract<Packet, { packetId: number }>): void {
    const { queue, isActive } = this.#services
    const link = this.#link
    const isSlow = isActive() && this.#random.chance(0.5)
    const dueMs = queue.nowMs + (isSlow ? this.#random.duration(0, this.profile.answerMaxMs) : 0)
    this.#lastAnswerMs = Math.max(this.#lastAnswerMs, dueMs)
    // Two answers of one moment could change places otherwise.
    this.#lastAnswerMs += 1 / 64
    queue.after(this.#lastAnswerMs - queue.nowMs, () => {
      if (this.#link !== link) return
      if (packet.type !== PacketType.Pubrec) this.#unanswered.delete(packet.packetId)
      this.#send(packet)
    })
  }

  /** Keeps the connection alive, and gives it up when the broker is silent. */
  #watch(link: Link): void {
    const { queue } = this.#services
    const periodMs = this.profile.keepAlive * 500
    queue.after(periodMs, () => {
      if (this.#link !== link) return
      const { nowMs } = queue
      const isSilent = nowMs - this.#lastReceivedMs > periodMs * 4
      const isUnanswered = nowMs - this.#outgoing.oldestMs > ACKNOWLEDGEMENT_PATIENCE_MS
      if (!this.#isFrozen && (isSilent || (isUnanswered && this.#random.chance(0.3)))) return this.#abandon()
      if (!this.#isFrozen && !this.#hasLeft) this.#send({ type: PacketType.Pingreq })
      this.#watch(link)
    })
  }

  #abandon(): void {
    this.#services.ledger.failures++
    this.#link?.reset()
    this.#forgetLink(this.#hasLeft ? 'uncertain' : 'lost')
    this.#dialLater()
  }

  #forgetLink(parting: Parting): void {
    const wasOnline = this.#state === 'online'
    this.#link = undefined
    this.#state = 'offline'
    this.#isFrozen = false
    if (!this.profile.isPersistent) this.#session = 'none'
    if (wasOnline) this.#role.onOffline?.(parting)
  }

  #dialLater(): void {
    if (this.#isRetired) return
    this.#services.queue.after(this.#random.duration(1, this.profile.reconnectMaxMs), () => {
      if (this.#link === undefined && !this.#isRetired) this.dial()
    })
  }

  #note(verb: string, packet: Packet): void {
    const { trace } = this.#services
    if (!trace.isPrinted) return
    trace.show(`${this.profile.name} ${verb}`, textOf(packet))
  }

  #send(packet: Packet): void {
    this.#note('sends', packet)
    this.#link?.send(encodePacket(packet, this.profile.version))
  }

  #newDecoder(): PacketDecoder {
    return new PacketDecoder({ receiver: 'client', version: this.profile.version, topicNames: this.#topicNames })
  }

  #nextSubscribeId(): number {
    // Kept apart from the identifiers of messages, which count from 1.
    this.#lastSubscribeId = (this.#lastSubscribeId % 1000) + 1
    return 60_000 + this.#lastSubscribeId
  }
}
