import { isSharedFilter, type QoS, ReasonCode, type Will } from '@curlew/codec'
import { type AfterPubrec, IncomingDeliveries, type Message } from '@curlew/protocol'
import type { Delivery, DeliveryTerms, Subscriber, Subscription } from '../routing/subscription.ts'
import { type QueuedRecord, queuedRecord } from '../store/queued-record.ts'
import type { Backlog as StoredBacklog } from '../store/store.ts'
import { Backlog, type BacklogOwner } from './backlog.ts'
import type { SlowReceiver } from './congestion.ts'
import { InFlight } from './in-flight.ts'
import type { Outlet } from './outlet.ts'
import { RetainedDeliveries, type RetainedSink } from './retained-deliveries.ts'
import type { Sender } from './sender.ts'
import type { SessionServices } from './session-services.ts'
import { SessionSubscriptions } from './session-subscriptions.ts'
import { willRecord } from './will.ts'

/** So many messages may wait for a connected Client in memory that they share with others; see `Message.hold`. */
const HELD_BACKLOG_MAX = 256

/**
 * What the Server knows of a Client, whether it is connected or not (section 4.1): its Subscriptions, what
 * is under way to it and from it, what waits for it, and its Will.
 *
 * A QoS 1 or 2 message gets the next `sequence` when it arrives, and its Packet Identifier follows from that. It is sent at once
 * if the Client can take it and nothing waits before it, otherwise it waits in the queue, in order.
 */
export class Session implements Subscriber, SlowReceiver, BacklogOwner, RetainedSink {
  readonly clientId: string
  /** {@link BacklogOwner.storeId}: the Client Identifier, until the Session ends. */
  storeId: string
  readonly subscriptions: SessionSubscriptions = new SessionSubscriptions()
  /** Seconds. 0: the Session ends with the Network Connection. */
  expiryInterval: number
  /** Published when the connection is lost; `undefined` once it has been published or taken back. */
  will: Will | undefined = undefined
  readonly incoming: IncomingDeliveries
  /** These two: {@link SlowReceiver}. */
  finishedCount = 0
  isStuck = false
  /** {@link Subscriber.isLocal} */
  readonly isLocal: boolean = true

  readonly #services: SessionServices
  readonly #queue: Backlog
  readonly #inFlight: InFlight
  readonly #sender: Sender
  /** Made for the first Subscription that calls for retained messages. */
  #retained: RetainedDeliveries | undefined
  /** Whether the Store knows the Session. */
  #isStored = false
  #outlet: Outlet | undefined
  #nextSequence = 0
  /** Messages below this sequence are of an earlier run, which may have sent any of them: what ended there may not be stored. */
  #restoredUpTo = 0
  #isAwaitingStore = false
  /** Those that wait for the Client to catch up; `undefined` when nobody does. */
  #waiting: Set<() => void> | undefined

  constructor(clientId: string, expiryInterval: number, services: SessionServices) {
    this.clientId = clientId
    this.storeId = clientId
    this.expiryInterval = expiryInterval
    this.#services = services
    this.#queue = new Backlog(this, services.answers, services.limits, services.waiting)
    this.#sender = services.sender
    this.#inFlight = new InFlight(services.limits)
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
  /** {@link Subscriber.unfinishedCount} */
  get unfinishedCount(): number {
    return this.#inFlight.count + this.#queue.count
  }
  /** Messages that have been sent and are not acknowledged. */
  get inFlightCount(): number {
    return this.#inFlight.count
  }

  /**
   * Tells the Store what the Session is now; from then on every change is stored.
   *
   * @param disconnectedAtMs wall clock; `undefined` while a Client is connected
   * @param willDueAtMs when the Will's delay is over
   */
  save(disconnectedAtMs?: number, willDueAtMs?: number): void {
    this.#isStored = true
    const { clientId, expiryInterval } = this
    const will = this.will && willRecord(this.will, clientId, willDueAtMs)
    this.#services.store.saveSession({ clientId, expiryInterval, disconnectedAtMs, will })
  }

  /** Takes the Will of a CONNECT [MQTT-3.1.2-7]. A broker that comes back after a crash publishes it. */
  setWill(will: Will | undefined): void {
    this.will = will
    if (this.#isStored && will !== undefined) this.save()
  }

  /** Takes over what an earlier run of the broker had stored. */
  restoreQueue(backlog: StoredBacklog, incoming: readonly number[]): void {
    this.#isStored = true
    this.#nextSequence = backlog.nextSequence
    this.#restoredUpTo = backlog.nextSequence
    this.#queue.restore(backlog)
    if (backlog.count > 0) this.#inFlight.restore(backlog.lastReleased)
    for (const packetId of incoming) this.incoming.restore(packetId)
  }

  /** Begins a Network Connection: what is unfinished is sent again, then what waits. */
  attach(outlet: Outlet, receiveMaximum: number): void {
    this.#outlet = outlet
    this.#queue.stopReading()
    this.#inFlight.attach(receiveMaximum, this.#queue)
  }

  /**
   * Ends the Network Connection. Retained messages that were still to be sent wait like any other, as many as
   * the queue has room for; for the others the cursor waits.
   */
  detach(): void {
    this.#outlet = undefined
    this.#relieve()
    this.#queue.stopReading()
    this.handOverUnfinished(true)
    // From here on it may take days: nothing may pin the memory of others.
    for (const { message } of this.#inFlight.unfinished()) message.own()
    for (const { message } of this.#queue.windowRecords()) message.own()
    this.#queue.cool()
    if (this.#isStored) this.#retained?.queueAll()
    else this.#retained?.clear()
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
   * @param onDone called when the Store has been read as far as is needed, perhaps before the call returns
   */
  handOverUnfinished(mustBeConnected: boolean, onDone?: () => void): void {
    for (const record of this.#inFlight.unfinished()) {
      if (record.qos === 1 && this.#redeliver(record, mustBeConnected)) this.#inFlight.abandon(record.packetId)
    }
    this.#handOverQueued(record => record.sharedFilter !== undefined, mustBeConnected, onDone)
  }

  /** Takes what waits with members that are away of the Shared Subscriptions that this Client is a member of. */
  gatherShared(): void {
    for (const filter of this.subscriptions.filters()) if (isSharedFilter(filter)) this.#services.groups.gather(filter)
  }

  /** {@link Subscriber.claimRoom}: of QoS 0 nothing waits. */
  claimRoom(message: Message, delivery: Delivery, decision: number): Delivery | undefined {
    const qos = deliveredQoS(message, delivery.terms)
    if (qos === 0) return delivery
    const before = this.#retained?.overtakenBy(message, qos)
    return this.#queue.claim(message, decision, this.#canSendNext(qos), before) ? delivery : undefined
  }

  /** {@link Subscriber.deliver} */
  deliver(message: Message, terms: DeliveryTerms): void {
    const qos = deliveredQoS(message, terms)
    const retain = terms.retainAsPublished && message.retain // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
    if (this.#retained?.isEmpty === false) {
      this.#retained.beforeLive(message, qos, this.#outlet?.isCongested === false)
    }
    if (qos === 0) this.#sender.sendAtMostOnce(this.#outlet, message, retain, terms)
    else this.#take(queuedRecord(this.#nextSequence++, message, qos, retain, terms))
  }

  /**
   * Sends retained messages because of a new Subscription, as fast as the Client takes them and outside
   * the queue, however many there are.
   */
  deliverRetained(subscription: Subscription): void {
    this.cancelRetained(subscription.filter) // they would come twice; and so there is no more than a cursor per Subscription
    this.#retained ??= new RetainedDeliveries(this.#services.retained, this.#services.searchTurns, this)
    this.#retained.add(subscription, this.#services.runtime.monotonicMs())
    this.pump()
  }

  /** {@link RetainedDeliveries.replace} */
  replaceRetained(subscription: Subscription): void {
    this.#retained?.replace(subscription)
  }

  /** Sends no more retained messages of a Subscription [MQTT-3.10.4-2]. */
  cancelRetained(filter: string): void {
    this.#retained?.cancel(filter)
  }

  /** Sends what the Client can take now: unfinished deliveries, then the queue, then retained messages. */
  pump(): void {
    const outlet = this.#outlet
    if (outlet === undefined || this.#inFlight.isUnresumed) return
    while (!outlet.isCongested) {
      const record = this.#inFlight.nextResend()
      if (record === undefined) break
      this.#sendAgain(record, outlet)
    }
    for (let record = this.#queue.peek(); record !== undefined && this.#canSend(record); record = this.#queue.peek()) {
      this.#queue.shift()
      this.#send(record)
    }
    this.#retained?.pump()
    if (this.#waiting !== undefined && !this.#queue.isOver(1 / 4)) this.#relieve()
  }

  /** {@link SlowReceiver.wait} */
  wait(callback: () => void): void {
    this.#waiting ??= new Set()
    this.#waiting.add(callback)
  }

  /** {@link SlowReceiver.stopWaiting} */
  stopWaiting(callback: () => void): void {
    this.#waiting?.delete(callback)
    if (this.#waiting?.size === 0) this.#waiting = undefined
  }

  #relieve(): void {
    if (this.#waiting !== undefined) for (const callback of [...this.#waiting]) callback()
  }

  puback(packetId: number): void {
    this.#finish(this.#inFlight.puback(packetId))
  }

  /** @returns what must follow; see {@link OutgoingDeliveries.pubrec} */
  pubrec(packetId: number, reasonCode: ReasonCode): AfterPubrec {
    const record = this.#inFlight.recordOf(packetId)
    const after = this.#inFlight.pubrec(packetId, reasonCode)
    if (record === undefined || after === 'unknown') return after
    if (after === 'finished') this.#finish(record)
    else if (!record.isReleased) {
      record.isReleased = true
      if (this.#isStored) this.#services.store.release(this.storeId, record)
    }
    return after
  }

  /** @returns whether anybody waited for it */
  pubcomp(packetId: number): boolean {
    const record = this.#inFlight.pubcomp(packetId)
    this.#finish(record)
    return record !== undefined
  }

  /** Takes on a message: it is stored, then sent or queued. */
  #take(record: QueuedRecord): void {
    const isBrief = this.#outlet !== undefined && this.#queue.count < HELD_BACKLOG_MAX
    // A connected Client is expected to take a short backlog soon.
    if (isBrief) record.message.hold(this.#services.slab)
    else record.message.own()
    if (this.#isStored) this.#services.store.enqueue(this.storeId, record)
    if (this.#queue.count === 0 && this.#canSend(record)) return this.#send(record)
    if (this.#services.queuePolicy === 'disconnect' && !this.#queue.hasRoomFor(record.message)) this.#outlet?.evict()
    this.#queue.push(record)
    if (this.#outlet !== undefined && !this.isStuck && this.#queue.isOver(1 / 2)) this.#services.congestion.report(this)
  }

  /** {@link BacklogOwner.onFilled} */
  onFilled(): void {
    if (this.#outlet === undefined) return
    this.#inFlight.onFilled(this.#queue)
    this.pump()
  }

  /** {@link BacklogOwner.onDropped} */
  onDropped(record: QueuedRecord): void {
    this.#services.drops.queueFull++
    this.#services.overflows.dropped(this.clientId)
    this.#forget(record)
  }

  /** {@link BacklogOwner.onLost} */
  onLost(count: number): void {
    this.#services.drops.damaged += count
  }

  #canSend(record: QueuedRecord): boolean {
    return this.#hasWayFor(record.sequence) && (record.qos === 1 || this.#isSafeToSend(record))
  }

  /** Whether a message that comes now and finds the queue empty is sent rather than queued. */
  #canSendNext(qos: 1 | 2): boolean {
    if (!this.#hasWayFor(this.#nextSequence)) return false
    return qos === 1 || !this.#isStored || this.#services.store.durability === 'memory' // see #isSafeToSend
  }

  /** Whether the Client is there and takes the message with this sequence now. */
  #hasWayFor(sequence: number): boolean {
    return this.#outlet !== undefined && !this.#outlet.isCongested && this.#inFlight.hasRoomFor(sequence)
  }

  /**
   * Whether the Packet Identifier of a QoS 2 message will never mean another message to the receiver, who remembers it: after a crash
   * one that was not stored would be given to the next message, and that taken for a duplicate.
   */
  #isSafeToSend(record: QueuedRecord): boolean {
    const { store, answers } = this.#services
    if (!this.#isStored || store.isDurable(record)) return true
    if (this.#isAwaitingStore) return false
    this.#isAwaitingStore = true
    answers.whenSettled(() => {
      this.#isAwaitingStore = false
      this.pump()
    })
    return store.isDurable(record)
  }

  /** Sends a message for the first time; {@link #canSend} has been asked. */
  #send(record: QueuedRecord): void {
    const isRepeated = record.sequence < this.#restoredUpTo
    if (!this.#sender.send(this.#outlet!, record, isRepeated)) return this.#forget(record)
    this.#inFlight.start(record)
  }

  #sendAgain(record: QueuedRecord, outlet: Outlet): void {
    const { packetId } = record
    if (record.phase === 'awaiting-pubcomp') return outlet.pubrel(packetId)
    if (this.#sender.sendAgain(outlet, record)) return
    // The receiver may have accepted a QoS 2 message before: then only PUBREL makes it forget the identifier.
    if (record.qos === 2) {
      if (this.pubrec(packetId, ReasonCode.Success) === 'release') outlet.pubrel(packetId)
      return
    }
    this.#finish(this.#inFlight.abandon(packetId)) // [MQTT-3.1.2-25]
  }

  /** {@link RetainedSink.isReadyFor} */
  isReadyFor(qos: QoS): boolean {
    if (this.#outlet === undefined || this.#outlet.isCongested) return false
    return qos === 0 || (this.#queue.count === 0 && this.#inFlight.hasQuota)
  }

  sendRetained(message: Message, qos: QoS, terms: DeliveryTerms): void {
    if (qos === 0) this.#sender.sendAtMostOnce(this.#outlet, message, true, terms)
    else this.#take(queuedRecord(this.#nextSequence++, message, qos, true, terms))
  }

  /** {@link RetainedSink.queueRetained}: of QoS 0 nothing is kept for a Client that is away. */
  queueRetained(message: Message, qos: QoS, terms: DeliveryTerms): boolean {
    if (qos === 0) return true
    if (!this.#queue.hasRoomFor(message)) return false
    this.#take(queuedRecord(this.#nextSequence++, message, qos, true, terms))
    return true
  }

  /** {@link RetainedSink.goOnWithRetained} */
  goOnWithRetained(): void {
    if (this.#outlet === undefined) this.#retained?.queueAll()
    else this.pump()
  }

  #finish(record: QueuedRecord | undefined): void {
    if (record === undefined) return
    this.#forget(record)
    this.finishedCount++
    this.isStuck = false
    if (this.#queue.count > 0 || this.#retained?.isEmpty === false || this.#inFlight.hasResends) this.pump()
  }

  #handOverQueued(isWanted: (record: QueuedRecord) => boolean, mustBeConnected: boolean, onDone?: () => void): void {
    this.#queue.giveAway(record => {
      if (!isWanted(record) || this.#inFlight.mustKeep(record)) return 'own'
      return this.#redeliver(record, mustBeConnected) ? 'taken' : 'refused'
    }, onDone)
  }

  /** @returns whether another member has taken the message; then this Session has forgotten it */
  #redeliver(record: QueuedRecord, mustBeConnected: boolean): boolean {
    if (record.sharedFilter === undefined) return false
    const group = this.#services.groups.get(record.sharedFilter)
    if (group === undefined || !group.redeliver(record.message, this, mustBeConnected)) return false
    this.#forget(record)
    return true
  }

  #forget(record: QueuedRecord): void {
    if (this.#isStored) this.#services.store.dequeue(this.storeId, record)
  }
}

function deliveredQoS(message: Message, terms: DeliveryTerms): QoS {
  return message.qos < terms.qos ? message.qos : terms.qos // [MQTT-3.8.4-8]
}
