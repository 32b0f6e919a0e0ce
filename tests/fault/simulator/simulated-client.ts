import {
  type Connack,
  encodePacket,
  noProperties,
  type Packet,
  PacketDecoder,
  PacketType,
  type SubscriptionRequest,
  TopicNames,
} from '@curlew/codec'
import { type ClientProfile, connectPacketOf, SESSION_EXPIRY_INTERVAL, textOf } from './client-profile.ts'
import type { ClientRole, Parting } from './client-role.ts'
import type { EventQueue } from './event-queue.ts'
import { IncomingMessages } from './incoming-messages.ts'
import { type Outgoing, OutgoingMessages } from './outgoing-messages.ts'
import type { Random } from './random.ts'
import { type HostKnowledge, SessionKnowledge } from './session-knowledge.ts'
import type { Link, LinkHandler, SentSpan } from './simulated-network.ts'
import type { Trace } from './trace.ts'
import { Violation } from './violation.ts'

export interface ClientServices {
  readonly queue: EventQueue
  readonly trace: Trace
  /** Whether clients take their time; not in the liveness phase. */
  readonly isActive: () => boolean
  /** A connection to whatever process listens now; it may be gone at once. */
  dial(handler: LinkHandler): Link
  /** Ends the simulation: a promise is broken, and nobody is there to throw at. */
  fail(violation: Violation): void
  /** Counts what excuses duplicates: connections lost, crashes, trouble with the disk. */
  readonly ledger: HostKnowledge & { failures: number; leave(): void }
}

/** A connection that was taken over must be ended by then, in milliseconds. */
const TAKEN_OVER_MS = 5_000
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
  readonly #incoming: IncomingMessages
  #state: 'offline' | 'connecting' | 'online' = 'offline'
  #link: Link | undefined
  #decoder: PacketDecoder
  readonly #session: SessionKnowledge
  /** Whether it connects with Clean Start until it has been accepted once. */
  #startsAnew = false
  #serverReceiveMaximum = 0xffff
  #lastReceivedMs = 0
  #hasLeft = false
  #isFrozen = false
  #isRetired = false
  #lastSubscribeId = 0
  /** {@link Ledger.failures} when the connection began. */
  #failuresBefore = 0
  /** The connection on which CONNACK came last. */
  #acceptedLink: Link | undefined
  /** The connection that is, or the one that was last. */
  #lastLink: Link | undefined

  constructor(profile: ClientProfile, services: ClientServices, random: Random, role: ClientRole) {
    this.profile = profile
    this.#services = services
    this.#random = random
    this.#role = role
    this.#decoder = this.#newDecoder()
    this.#incoming = new IncomingMessages(profile, services, random)
    this.#session = new SessionKnowledge(profile.name, services.ledger)
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
  /** When the broker wrote the bytes that have come last. */
  get lastSent(): SentSpan {
    return this.#lastLink?.lastSent ?? { fromMs: 0, toMs: 0 }
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
    this.#hasLeft = false
    const link: Link = this.#services.dial({
      onBytes: bytes => {
        if (this.#link === link) this.#onBytes(bytes)
      },
      onEnd: () => {
        if (this.#link === link) this.#onEnd()
        else link.end()
      },
      onGone: () => {
        if (this.#link === link) this.#onGone()
      },
    })
    this.#incoming.startConnection(packet => {
      if (this.#link === link) this.#send(packet)
    })
    this.#link = link
    this.#lastLink = link
    trace.note('dial', this.profile.name, link.id)
    const { isPersistent } = this.profile
    const cleanStart = !isPersistent || this.#startsAnew
    const expiryInterval = this.#role.expiryInterval?.() ?? (isPersistent ? SESSION_EXPIRY_INTERVAL : 0)
    this.#session.connect({ link, cleanStart, expiryInterval })
    this.#send(connectPacketOf(this.profile, this.#role.will?.(link), cleanStart, expiryInterval))
    queue.after(CONNACK_PATIENCE_MS, () => {
      if (this.#link === link && this.#state === 'connecting') this.#abandon()
    })
  }

  /** {@link SessionKnowledge.doubt} */
  doubtSession(processId: number): void {
    this.#session.doubt(processId)
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

  /** Connects again while it is connected, as a device does that has lost its memory of that; the broker must end the older connection. */
  takeOver(): void {
    const older = this.#link
    if (older === undefined || !this.isOnline || this.#hasLeft) return
    this.#services.ledger.failures++
    this.dial()
    const newer = this.#link!
    this.#services.queue.after(TAKEN_OVER_MS, () => {
      const wasAccepted = this.#acceptedLink === newer && newer.openedMs !== undefined
      if (!wasAccepted || !older.isHeld || older.processId !== newer.processId) return
      this.#services.fail(new Violation('a connection that was taken over goes on', this.profile.name))
    })
  }

  /** Crashes and loses what it had in memory; comes back under its old name, with Clean Start or without. */
  forget(startsAnew: boolean): void {
    if (this.#link !== undefined) this.vanish(true)
    this.#outgoing.giveUp()
    this.#incoming.forget()
    this.#role.onForgotten?.()
    if (!startsAnew) return
    this.#startsAnew = true
    this.#role.onStartAnew?.()
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
        this.#role.onPublish?.(packet, this.#incoming.receive(packet))
        return this.#incoming.acknowledge(packet)
      case PacketType.Pubrel:
        return this.#incoming.release(packet.packetId)
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
    const { name, version } = this.profile
    this.#services.trace.note('connack', name, reasonCode, sessionPresent)
    if (reasonCode !== 0) return
    this.#session.accept(sessionPresent)
    this.#startsAnew = false
    this.#acceptedLink = this.#link
    this.#state = 'online'
    this.#failuresBefore = this.#services.ledger.failures
    this.#serverReceiveMaximum = version === 5 ? (properties.receiveMaximum ?? 0xffff) : 0xffff
    if (sessionPresent) for (const packet of this.#outgoing.resend()) this.#send(packet)
    else {
      this.#outgoing.giveUp()
      this.#incoming.forget()
    }
    this.#watch(this.#link!)
    if (this.#isRetired) return this.leave()
    this.#role.onOnline?.(sessionPresent)
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
    if (wasOnline) this.#role.onOffline?.(parting)
  }

  #dialLater(): void {
    if (this.#isRetired) return
    const { queue, isActive } = this.#services
    const waitMs = (isActive() && this.#role.awayMs) || this.#random.duration(1, this.profile.reconnectMaxMs)
    queue.after(waitMs, () => {
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
