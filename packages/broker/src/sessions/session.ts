import { isSharedFilter, type PublishHeader, type QoS, ReasonCode } from '@curlew/codec'
import {
  type AfterPubrec,
  IncomingDeliveries,
  isExpired,
  type Message,
  NEVER,
  OutgoingDeliveries,
  type OutgoingDelivery,
  packetIdAt,
  remainingInterval,
} from '@curlew/protocol'
import type { DeliveryTerms, Subscriber, Subscription } from '../routing/subscription.ts'
import type { QueuedRecord, WillRecord } from '../store/store.ts'
import type { SlowReceiver } from './congestion.ts'
import { MessageQueue, messageBytes } from './message-queue.ts'
import type { Outlet } from './outlet.ts'
import { RetainedCursor } from './retained-cursor.ts'
import type { SessionServices } from './session-services.ts'
import type { StoredWill } from './will.ts'

/** So many messages may wait for a connected Client in memory that they share with others; see `Message.hold`. */
const HELD_BACKLOG_MAX = 256

/**
 * What the Server knows of a Client, whether it is connected or not (section 4.1): its Subscriptions, what
 * is under way to it and from it, what waits for it, and its Will.
 *
 * A QoS 1 or 2 message gets the next `sequence` when it arrives, and its Packet Identifier follows from that. It is sent at once
 * if the Client can take it and nothing waits before it, otherwise it waits in the queue, in order.
 */
export class Session implements Subscriber, SlowReceiver {
  readonly clientId: string
  readonly subscriptions: Map<string, Subscription> = new Map()
  /** Seconds. 0: the Session ends with the Network Connection. */
  expiryInterval: number
  /** Published when the connection is lost; `undefined` once it has been published or taken back. */
  will: StoredWill | undefined = undefined
  readonly incoming: IncomingDeliveries
  /** These three: {@link SlowReceiver}. */
  readonly waiting: Set<() => void> = new Set()
  finishedCount = 0
  isStuck = false

  readonly #services: SessionServices
  readonly #queue: MessageQueue
  readonly #outgoing: OutgoingDeliveries<QueuedRecord>
  readonly #cursors: RetainedCursor[] = []
  /** Whether the Store knows the Session. */
  #isStored = false
  #outlet: Outlet | undefined
  #nextSequence = 0
  #inFlightBytes = 0

  constructor(clientId: string, expiryInterval: number, services: SessionServices) {
    this.clientId = clientId
    this.expiryInterval = expiryInterval
    this.#services = services
    this.#queue = new MessageQueue(services.limits)
    this.#outgoing = new OutgoingDeliveries(services.limits.inFlightMessagesMax)
    this.incoming = new IncomingDeliveries(0xffff)
  }

  get isStored(): boolean {
    return this.#isStored
  }
  get outlet(): Outlet | undefined {
    return this.#outlet
  }
  /** {@link Subscriber.isConnected} */
  get isConnected(): boolean {
    return this.#outlet !== undefined
  }
  /** {@link Subscriber.isLocal} */
  get isLocal(): boolean {
    return true
  }
  /** {@link Subscriber.unfinishedCount} */
  get unfinishedCount(): number {
    return this.#outgoing.size + this.#queue.count
  }
  /** Messages that have been sent and are not acknowledged. */
  get inFlightCount(): number {
    return this.#outgoing.size
  }

  /**
   * Tells the Store what the Session is now; from then on every change is stored.
   *
   * @param disconnectedAtMs wall clock; `undefined` while a Client is connected
   * @param will that waits for its delay
   */
  save(disconnectedAtMs?: number, will?: WillRecord): void {
    this.#isStored = true
    const { clientId, expiryInterval } = this
    this.#services.store.saveSession({ clientId, expiryInterval, disconnectedAtMs, will })
  }

  /** Takes over what an earlier run of the broker had queued. */
  restoreQueue(records: readonly QueuedRecord[], incoming: readonly number[]): void {
    this.#isStored = true
    // Which of them had been sent is not known, so those that could have been count as sent: DUP says "might be" (section 3.3.1.1).
    const { inFlightMessagesMax } = this.#services.limits
    let hasWaiting = false
    for (const [index, record] of records.entries()) {
      this.#nextSequence = record.sequence + 1
      const packetId = packetIdAt(record.sequence)
      hasWaiting ||= index >= inFlightMessagesMax || this.#outgoing.isInUse(packetId)
      if (hasWaiting && !record.isReleased) {
        this.#queue.restore(record)
        continue
      }
      this.#outgoing.restore(record, packetId, record.qos, record.isReleased)
      this.#inFlightBytes += messageBytes(record.message)
    }
    for (const packetId of incoming) this.incoming.restore(packetId)
  }

  /** Begins a Network Connection: what is unfinished is sent again, then what waits. */
  attach(outlet: Outlet, receiveMaximum: number): void {
    this.#outlet = outlet
    this.#outgoing.resume(Math.min(receiveMaximum, this.#services.limits.inFlightMessagesMax)) // [MQTT-3.3.4-9]
  }

  /**
   * Ends the Network Connection. Retained messages that were still to be sent wait like any other, as many as
   * the queue has room for; for the others the cursor waits.
   */
  detach(): void {
    this.#outlet = undefined
    this.#relieve()
    this.handOverUnfinished(true)
    // From here on it may take days: nothing may pin the memory of others.
    for (const { content } of this.#outgoing.unfinished()) content.message.own()
    for (const { message } of this.#queue.records()) message.own()
    if (!this.#isStored) this.#cursors.length = 0
    for (const cursor of this.#cursors) this.#enqueueRetained(cursor)
  }

  /** {@link Subscriber.handOver} */
  handOver(sharedFilter: string): void {
    this.#handOverQueued(record => record.sharedFilter === sharedFilter, true)
  }

  /**
   * Gives what this Client has of Shared Subscriptions to other members, except QoS 2 messages that it has been sent: those
   * must stay with its Session [MQTT-4.8.2-4], [MQTT-4.8.2-5].
   *
   * @param mustBeConnected whether other members only come into question if they are there
   */
  handOverUnfinished(mustBeConnected: boolean): void {
    for (const { packetId, qos, content } of this.#outgoing.unfinished()) {
      if (qos === 2 || !this.#redeliver(content, mustBeConnected)) continue
      this.#outgoing.abandon(packetId)
      this.#inFlightBytes -= messageBytes(content.message)
    }
    this.#handOverQueued(record => record.sharedFilter !== undefined, mustBeConnected)
  }

  /** Takes what waits with members that are away of the Shared Subscriptions that this Client is a member of. */
  gatherShared(): void {
    for (const filter of this.subscriptions.keys()) if (isSharedFilter(filter)) this.#services.groups.gather(filter)
  }

  /** {@link Subscriber.deliver} */
  deliver(message: Message, terms: DeliveryTerms): void {
    const qos = message.qos < terms.qos ? message.qos : terms.qos // [MQTT-3.8.4-8]
    const retain = terms.retainAsPublished && message.retain // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
    if (this.#cursors.length > 0 && !message.retain) this.#sendOlderRetained(message.topic, qos)
    if (qos === 0) this.#sendAtMostOnce(message, retain, terms)
    else this.#take(this.#record(message, qos, retain, terms))
  }

  /**
   * Sends retained messages because of a new Subscription, as fast as the Client takes them and outside
   * the queue, however many there are.
   */
  deliverRetained(subscription: Subscription, messages: readonly Message[]): void {
    this.cancelRetained(subscription.filter) // they would come twice; and so there is no more than a cursor per Subscription
    if (messages.length === 0) return
    this.#cursors.push(new RetainedCursor(subscription, messages, this.#services.retained))
    this.pump()
  }

  /** Sends no more retained messages of a Subscription [MQTT-3.10.4-2]. */
  cancelRetained(filter: string): void {
    const index = this.#cursors.findIndex(cursor => cursor.filter === filter)
    if (index !== -1) this.#cursors.splice(index, 1)
  }

  /** Sends what the Client can take now: unfinished deliveries, then the queue, then retained messages. */
  pump(): void {
    const outlet = this.#outlet
    if (outlet === undefined) return
    while (!outlet.isCongested) {
      const delivery = this.#outgoing.nextResend()
      if (delivery === undefined) break
      this.#sendAgain(delivery, outlet)
    }
    for (let record = this.#queue.peek(); record !== undefined && this.#canSend(record); record = this.#queue.peek()) {
      this.#queue.shift()
      this.#send(record)
    }
    this.#pumpRetained(outlet)
    if (this.waiting.size > 0 && !this.#queue.isOver(1 / 4)) this.#relieve()
  }

  puback(packetId: number): void {
    this.#finish(this.#outgoing.puback(packetId))
  }

  /** @returns what must follow; see {@link OutgoingDeliveries.pubrec} */
  pubrec(packetId: number, reasonCode: ReasonCode): AfterPubrec {
    const record = this.#outgoing.content(packetId)
    const after = this.#outgoing.pubrec(packetId, reasonCode)
    if (record === undefined || after === 'unknown') return after
    if (after === 'finished') this.#finish(record)
    else if (this.#isStored) this.#services.store.release(this.clientId, record.sequence)
    return after
  }

  /** @returns whether anybody waited for it */
  pubcomp(packetId: number): boolean {
    const record = this.#outgoing.pubcomp(packetId)
    this.#finish(record)
    return record !== undefined
  }

  #record(message: Message, qos: 1 | 2, retain: boolean, terms: DeliveryTerms): QueuedRecord {
    const { subscriptionIdentifiers, sharedFilter } = terms
    return {
      sequence: this.#nextSequence++,
      message,
      qos,
      retain,
      subscriptionIdentifiers,
      sharedFilter,
      isReleased: false,
    }
  }

  #sendAtMostOnce(message: Message, retain: boolean, terms: DeliveryTerms): void {
    const outlet = this.#outlet
    if (outlet === undefined) return // a Session does not keep QoS 0 for a Client that is away (section 4.1)
    const { drops } = this.#services
    if (outlet.isCongested) {
      drops.congested++
      return
    }
    if (this.#isOver(message)) return
    if (!outlet.publish(message, this.#header(message, 0, retain, terms.subscriptionIdentifiers))) drops.tooLarge++
  }

  /** Takes on a message: it is stored, then sent or queued. */
  #take(record: QueuedRecord): void {
    const isSendable = this.#queue.count === 0 && this.#canSend(record)
    if (!isSendable) return this.#enqueue(record)
    record.message.hold(this.#services.slab)
    if (this.#isStored) this.#services.store.enqueue(this.clientId, record)
    this.#send(record)
  }

  #enqueue(record: QueuedRecord): void {
    // A connected Client is expected to take a short backlog soon.
    const isBrief = this.#outlet !== undefined && this.#queue.count < HELD_BACKLOG_MAX
    if (isBrief) record.message.hold(this.#services.slab)
    else record.message.own()
    if (this.#isStored) this.#services.store.enqueue(this.clientId, record)
    this.#push(record)
    if (this.#outlet !== undefined && !this.isStuck && this.#queue.isOver(1 / 2)) this.#services.congestion.report(this)
  }

  #push(record: QueuedRecord): void {
    for (const dropped of this.#queue.push(record)) {
      this.#services.drops.queueFull++
      this.#forget(dropped)
    }
  }

  #canSend(record: QueuedRecord): boolean {
    const outlet = this.#outlet
    if (outlet === undefined || outlet.isCongested || !this.#outgoing.hasQuota) return false
    if (this.#inFlightBytes > this.#services.limits.inFlightBytesMax && this.#outgoing.size > 0) return false
    return !this.#outgoing.isInUse(packetIdAt(record.sequence)) // one never acknowledged holds up those 65 535 behind it
  }

  /** Sends a message for the first time; {@link #canSend} has been asked. */
  #send(record: QueuedRecord): void {
    const { message, qos, retain, sequence } = record
    if (this.#isOver(message)) return this.#forget(record)
    const header = this.#header(message, qos, retain, record.subscriptionIdentifiers)
    header.packetId = packetIdAt(sequence)
    if (!this.#outlet!.publish(message, header)) {
      this.#services.drops.tooLarge++
      return this.#forget(record) // [MQTT-3.1.2-25]
    }
    this.#outgoing.start(record, header.packetId, qos)
    this.#inFlightBytes += messageBytes(message)
  }

  #sendAgain(delivery: OutgoingDelivery<QueuedRecord>, outlet: Outlet): void {
    if (delivery.phase === 'awaiting-pubcomp') return outlet.pubrel(delivery.packetId)
    const { message, retain, subscriptionIdentifiers } = delivery.content
    const header = this.#header(message, delivery.qos, retain, subscriptionIdentifiers)
    header.dup = true // [MQTT-3.3.1-1]
    header.packetId = delivery.packetId // [MQTT-4.4.0-1]
    if (outlet.publish(message, header)) return
    this.#services.drops.tooLarge++
    // The receiver may have accepted a QoS 2 message before: then only PUBREL makes it forget the identifier.
    if (delivery.qos === 2) {
      if (this.pubrec(delivery.packetId, ReasonCode.Success) === 'release') outlet.pubrel(delivery.packetId)
      return
    }
    this.#finish(this.#outgoing.abandon(delivery.packetId)) // [MQTT-3.1.2-25]
  }

  #pumpRetained(outlet: Outlet): void {
    for (let cursor = this.#cursors[0]; cursor !== undefined; cursor = this.#cursors[0]) {
      for (let message = cursor.peek(); message !== undefined; message = cursor.peek()) {
        const qos = cursor.qosOf(message)
        if (outlet.isCongested || (qos > 0 && (this.#queue.count > 0 || !this.#outgoing.hasQuota))) return
        cursor.next()
        if (qos === 0) this.#sendAtMostOnce(message, true, cursor.terms)
        else this.#take(this.#record(message, qos, true, cursor.terms)) // [MQTT-3.3.1-8]
      }
      this.#cursors.shift()
    }
  }

  /** Lets no message overtake the retained message of its topic and QoS that still waits in a cursor [MQTT-4.6.0-5]. */
  #sendOlderRetained(topic: string, qos: QoS): void {
    const older = this.#services.retained.get(topic)
    if (older === undefined) return
    for (const cursor of this.#cursors) {
      if (cursor.qosOf(older) !== qos || (qos === 0 && this.#outlet?.isCongested) || !cursor.takeOut(older)) continue
      if (qos === 0) this.#sendAtMostOnce(older, true, cursor.terms)
      else this.#take(this.#record(older, qos, true, cursor.terms))
    }
  }

  #enqueueRetained(cursor: RetainedCursor): void {
    for (let message = cursor.peek(); message !== undefined; message = cursor.peek()) {
      const qos = cursor.qosOf(message)
      if (qos > 0 && !this.#queue.hasRoomFor(message)) return
      cursor.next()
      if (qos !== 0) this.#enqueue(this.#record(message, qos, true, cursor.terms))
    }
  }

  #header(message: Message, qos: QoS, retain: boolean, subscriptionIdentifiers: readonly number[]): PublishHeader {
    const { header, runtime } = this.#services
    const { expiresAt } = message
    header.qos = qos
    header.dup = false // [MQTT-3.3.1-3]
    header.retain = retain
    header.messageExpiryInterval = expiresAt === NEVER ? undefined : remainingInterval(expiresAt, runtime.monotonicMs())
    header.subscriptionIdentifiers = subscriptionIdentifiers
    return header
  }

  /** Whether a message has expired before its delivery began; then it is counted [MQTT-3.3.2-5]. */
  #isOver(message: Message): boolean {
    if (message.expiresAt === NEVER || !isExpired(message.expiresAt, this.#services.runtime.monotonicMs())) return false
    this.#services.drops.expired++
    return true
  }

  #finish(record: QueuedRecord | undefined): void {
    if (record === undefined) return
    this.#inFlightBytes -= messageBytes(record.message)
    this.#forget(record)
    this.finishedCount++
    this.isStuck = false
    if (this.#queue.count > 0 || this.#cursors.length > 0 || this.#outgoing.hasResends) this.pump()
  }

  #handOverQueued(isWanted: (record: QueuedRecord) => boolean, mustBeConnected: boolean): void {
    this.#queue.extract(record => isWanted(record) && this.#redeliver(record, mustBeConnected))
  }

  /** @returns whether another member has taken the message; then this Session has forgotten it */
  #redeliver(record: QueuedRecord, mustBeConnected: boolean): boolean {
    if (record.sharedFilter === undefined) return false
    const group = this.#services.groups.get(record.sharedFilter)
    if (group === undefined || !group.redeliver(record.message, this, mustBeConnected)) return false
    this.#forget(record)
    return true
  }

  #relieve(): void {
    for (const callback of [...this.waiting]) callback()
  }

  #forget(record: QueuedRecord): void {
    if (this.#isStored) this.#services.store.dequeue(this.clientId, record.sequence)
  }
}
