import type { PublishHeader, QoS, ReasonCode } from '@curlew/codec'
import {
  type AfterPubrec,
  IncomingDeliveries,
  isExpired,
  type Message,
  NEVER,
  OutgoingDeliveries,
  type OutgoingDelivery,
  type PayloadSlab,
  packetIdAt,
  remainingInterval,
} from '@curlew/protocol'
import type { RetainedMessages } from '../routing/retained-messages.ts'
import type { DeliveryTerms, Subscriber, Subscription } from '../routing/subscription.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { QueuedRecord, Store } from '../store/store.ts'
import type { Congestion } from './congestion.ts'
import { MessageQueue, messageBytes, type QueueLimits } from './message-queue.ts'
import type { Outlet } from './outlet.ts'
import { RetainedCursor } from './retained-cursor.ts'
import type { StoredWill } from './will.ts'

export interface SessionLimits extends QueueLimits {
  /** Messages sent to one Client and not acknowledged at most, beside its Receive Maximum. Default 100. */
  inFlightMessagesMax: number
  /** Bytes of such messages; one message is always allowed. Default 1 MiB. */
  inFlightBytesMax: number
}

/** So many messages may wait for a connected Client in memory that they share with others; see `Message.hold`. */
const HELD_BACKLOG_MAX = 256

/** Messages that did not reach a Client, by reason. One object serves all Sessions of a broker. */
export class DropCounters {
  /** QoS 0 while the Client could not keep up. */
  congested = 0
  /** The oldest of a full queue. */
  queueFull = 0
  /** Message Expiry Interval. */
  expired = 0
  /** Larger than the Client's Maximum Packet Size. */
  tooLarge = 0
}

/** What all Sessions of a broker share. */
export interface SessionServices {
  readonly runtime: Runtime
  readonly store: Store
  readonly retained: RetainedMessages
  readonly limits: SessionLimits
  readonly drops: DropCounters
  readonly congestion: Congestion
  /** Holds the payloads of messages in flight. */
  readonly slab: PayloadSlab
  /** Filled for each PUBLISH and read at once, so that none is allocated per message. */
  readonly header: PublishHeader
}

/**
 * What the Server knows of a Client, whether it is connected or not (section 4.1): its Subscriptions, what
 * is under way to it and from it, what waits for it, and its Will.
 *
 * A QoS 1 or 2 message gets the next `sequence` when it arrives, and its Packet Identifier follows from that. It is sent at once
 * if the Client can take it and nothing waits before it, otherwise it waits in the queue, in order.
 */
export class Session implements Subscriber {
  readonly clientId: string
  readonly subscriptions: Map<string, Subscription> = new Map()
  /** Seconds. 0: the Session ends with the Network Connection. */
  expiryInterval: number
  /** Published when the connection is lost; `undefined` once it has been published or taken back. */
  will: StoredWill | undefined = undefined
  readonly incoming: IncomingDeliveries
  /** Called when the Client has caught up: connections that have stopped reading for its sake. */
  readonly waiting: Set<() => void> = new Set()
  /** Deliveries of QoS 1 and 2 that have come to their end. */
  finishedCount = 0
  /** Whether somebody has waited for the Client in vain; until it acknowledges again, nobody does. */
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
  /** Messages that wait and messages that are not acknowledged. */
  get queuedCount(): number {
    return this.#queue.count
  }
  get inFlightCount(): number {
    return this.#outgoing.size
  }

  /** Tells the Store what the Session is now; from then on every change is stored. */
  save(disconnectedAtMs?: number): void {
    this.#isStored = true
    const { clientId, expiryInterval } = this
    this.#services.store.saveSession({ clientId, expiryInterval, disconnectedAtMs, will: undefined })
  }

  /** Takes over what an earlier run of the broker had queued. */
  restoreQueue(records: readonly QueuedRecord[], incoming: readonly number[]): void {
    this.#isStored = true
    // Which of them had been sent is not known, so those that could have been count as sent: DUP says "might be" (section 3.3.1.1).
    for (const [index, record] of records.entries()) {
      this.#nextSequence = record.sequence + 1
      if (!record.isReleased && index >= this.#services.limits.inFlightMessagesMax) {
        this.#queue.restore(record)
        continue
      }
      this.#outgoing.restore(record, packetIdAt(record.sequence), record.qos, record.isReleased)
      this.#inFlightBytes += messageBytes(record.message)
    }
    for (const packetId of incoming) this.incoming.restore(packetId)
  }

  /** Begins a Network Connection: what is unfinished is sent again, then what waits. */
  attach(outlet: Outlet, receiveMaximum: number): void {
    this.#outlet = outlet
    this.#outgoing.resume(Math.min(receiveMaximum, this.#services.limits.inFlightMessagesMax)) // [MQTT-3.3.4-9]
  }

  /** Ends the Network Connection. Retained messages that were still to be sent wait like any other. */
  detach(): void {
    this.#outlet = undefined
    this.#relieve()
    // From here on it may take days: nothing may pin the memory of others.
    for (const { content } of this.#outgoing.unfinished()) content.message.own()
    for (const { message } of this.#queue.records()) message.own()
    for (const cursor of this.#cursors.splice(0)) {
      for (let message = cursor.next(); message !== undefined && this.#isStored; message = cursor.next()) {
        if (cursor.qosOf(message) > 0)
          this.#enqueue(this.#record(message, cursor.qosOf(message) as 1 | 2, true, cursor.terms))
      }
    }
  }

  /** {@link Subscriber.deliver} */
  deliver(message: Message, terms: DeliveryTerms): void {
    const qos = message.qos < terms.qos ? message.qos : terms.qos // [MQTT-3.8.4-8]
    const retain = terms.retainAsPublished && message.retain // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
    if (qos === 0) this.#sendAtMostOnce(message, retain, terms)
    else this.#take(this.#record(message, qos, retain, terms))
  }

  /**
   * Sends retained messages because of a new Subscription, as fast as the Client takes them and outside
   * the queue, however many there are.
   */
  deliverRetained(messages: readonly Message[], terms: DeliveryTerms): void {
    if (messages.length === 0) return
    this.#cursors.push(new RetainedCursor(messages, terms, this.#services.retained))
    this.pump()
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
    const { subscriptionIdentifiers } = terms
    return {
      sequence: this.#nextSequence++,
      message,
      qos,
      retain,
      subscriptionIdentifiers,
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
    this.#finish(this.#outgoing.abandon(delivery.packetId))
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

  #relieve(): void {
    for (const callback of [...this.waiting]) callback()
  }

  #forget(record: QueuedRecord): void {
    if (this.#isStored) this.#services.store.dequeue(this.clientId, record.sequence)
  }
}
