import type { QoS } from '@curlew/codec'
import type { Damage } from './disk-damage.ts'
import type { EventQueue } from './event-queue.ts'
import { checkExpiry, hasDoubtfulAge, mayHaveExpired, type TimedArrival } from './message-expiry.ts'
import { PublishedMessage, type SentMessage } from './published-message.ts'
import { type CountedDrops, QueueDrops, type QueueLimits } from './queue-drops.ts'
import type { HostKnowledge } from './session-knowledge.ts'
import { SubscriberRecord } from './subscriber-record.ts'
import { Violation } from './violation.ts'

/** One PUBLISH as a subscriber got it. */
export interface Arrival extends TimedArrival {
  readonly topic: string
  readonly payload: string
  readonly qos: QoS
  /** Whether the application sees it: not when it is a QoS 2 PUBLISH whose identifier is known. */
  readonly isSeen: boolean
}

/** How long a trouble of the disk may keep the broker from storing anything, in milliseconds. */
export const TROUBLE_MS = 10_000

/** How long a DISCONNECT may be under way, in milliseconds. */
const LEAVE_MS = 1_000

/**
 * The book of what was published, acknowledged and received. It is the judge: it knows nothing of the broker but what
 * clients see, and throws a {@link Violation} at the step at which a promise is broken.
 */
export class Ledger implements HostKnowledge {
  /** Connections lost, crashes and the like: what comes twice may be excused by one. */
  failures = 0
  /** Whether one has begun whose consequences come at any time later, such as a connection on which nothing arrives. */
  hasLingeringFailure = false
  /** How often a process was killed, lost its power, or stopped without being able to store. */
  crashes = 0
  /** The last time, in virtual milliseconds. */
  lastCrashMs = Number.NEGATIVE_INFINITY
  /** How often the disk was in trouble, so that the broker may have refused what it was sent. */
  troubles = 0
  /** The last time, in virtual milliseconds. */
  lastTroubleMs = Number.NEGATIVE_INFINITY
  /** The last time a client sent DISCONNECT: until it arrives the broker goes on sending to it. */
  lastLeaveMs = Number.NEGATIVE_INFINITY
  readonly messages: Map<string, PublishedMessage> = new Map()
  readonly subscribers: SubscriberRecord[] = []
  /** Filters of Shared Subscriptions, without the group, that have had a member all the time. */
  readonly groups: SubscriberRecord[] = []
  receivedCount = 0
  /** See {@link HostKnowledge}; these three are the host's to set. */
  listeningSinceMs = 0
  doubtfulClockMs = Number.NEGATIVE_INFINITY
  lastJumpMs = Number.NEGATIVE_INFINITY
  readonly #drops: QueueDrops
  readonly #queue: EventQueue
  /** Messages by publisher, topic and QoS, in the order they were sent. */
  readonly #sequences = new Map<string, PublishedMessage[]>()

  /** @param limits small ones that the broker has for queues, if it has */
  constructor(queue: EventQueue, limits: QueueLimits | undefined) {
    this.#queue = queue
    this.#drops = new QueueDrops(limits, this.messages)
  }

  addSubscriber(name: string): SubscriberRecord {
    const record = new SubscriberRecord(name)
    this.subscribers.push(record)
    return record
  }

  /** @param isLasting whether it stays a member once it is one, so that the group is owed what it is owed */
  addMember(name: string, isLasting: boolean): SubscriberRecord {
    const record = new SubscriberRecord(name)
    record.isLasting = isLasting
    this.groups.push(record)
    return record
  }

  /** A publisher is about to send a message for the first time. */
  send(fields: SentMessage): PublishedMessage {
    const message = new PublishedMessage({
      ...fields,
      sentStep: this.#queue.step,
      failuresBefore: this.failures,
      sentMs: this.#queue.nowMs,
      crashesBefore: this.crashes,
    })
    this.messages.set(message.id, message)
    const key = keyOf(message, message.qos)
    const sequence = this.#sequences.get(key)
    if (sequence === undefined) this.#sequences.set(key, [message])
    else sequence.push(message)
    if (message.qos === 0) return message
    for (const subscriber of this.subscribers) if (subscriber.isOwed(message.topic)) message.owe(subscriber)
    // A member whose Session was damaged may take new messages for ones that it knows.
    const isSound = !this.groups.some(({ isDamaged }) => isDamaged)
    message.isOwedToGroup = isSound && this.groups.some(member => member.isLasting && member.isOwed(message.topic))
    return message
  }

  /** A client sends DISCONNECT. */
  leave(): void {
    this.lastLeaveMs = this.#queue.nowMs
  }

  /** A process has ended without storing all that it knew. */
  crash(): void {
    this.crashes++
    this.lastCrashMs = this.#queue.nowMs
  }

  /** The disk is, or will be, in trouble. */
  trouble(): void {
    this.troubles++
    this.lastTroubleMs = this.#queue.nowMs
  }

  acknowledge(message: PublishedMessage): void {
    if (message.state !== 'sent') return
    // A Will that was damaged need not come.
    if (message.kind === 'will' && message.isDamaged) return
    message.state = 'acknowledged'
    message.acknowledgedStep = this.#queue.step
    message.acknowledgedMs = this.#queue.nowMs
  }

  giveUp(message: PublishedMessage): void {
    if (message.state === 'sent') message.state = 'uncertain'
  }

  /** A subscriber is about to give up a Subscription: what has not been acknowledged may miss it. */
  endSubscription(subscriber: SubscriberRecord, filter: string): void {
    const span = subscriber.current(filter)
    if (span === undefined) return
    span.endRequestedStep = this.#queue.step
    for (const message of this.messages.values()) {
      if (message.state === 'sent' && !subscriber.isOwed(message.topic)) message.owedTo.delete(subscriber)
    }
  }

  /** A subscriber is about to begin a new Session: it is owed nothing of the old one. */
  startAnew(subscriber: SubscriberRecord): void {
    const isMember = this.groups.includes(subscriber)
    for (const { filter } of subscriber.spans) this.endSubscription(subscriber, filter)
    for (const message of this.messages.values()) {
      message.owedTo.delete(subscriber)
      message.foreseen.delete(subscriber)
      // What the member had been sent goes with its Session [MQTT-4.8.2-5].
      if (isMember && message.kind === 'shared' && message.qos === 2) message.isOwedToGroup = false
    }
  }

  /** Something that the broker had stored is damaged. */
  suffer({ clients, messages }: Damage): void {
    for (const subscriber of [...this.subscribers, ...this.groups]) {
      if (clients.has(subscriber.name)) subscriber.isDamaged = true
    }
    const hasGroupSuffered = this.groups.some(({ name }) => clients.has(name))
    for (const message of this.messages.values()) {
      if (clients.has(message.publisher)) message.isDamaged = true
      for (const subscriber of message.owedTo) {
        if (subscriber.isDamaged || messages.has(message.id)) message.owedTo.delete(subscriber)
      }
      if (message.kind === 'shared' && (hasGroupSuffered || messages.has(message.id))) message.isOwedToGroup = false
    }
  }

  /** A process has begun to listen. */
  listen(): void {
    this.listeningSinceMs = this.#queue.nowMs
    this.doubtfulClockMs = this.lastJumpMs
  }

  /** A subscriber, or a member of a group, has got a PUBLISH. */
  receive(subscriber: SubscriberRecord, arrival: Arrival): void {
    this.receivedCount++
    const message = this.#find(subscriber, arrival)
    const receipt = subscriber.receipt(message.id)
    const isFirst = receipt.seen === 0 && arrival.isSeen
    if (arrival.isSeen) receipt.seen++
    if (isFirst) receipt.firstStep = this.#queue.step
    if (message.kind !== 'will') checkExpiry(message, arrival, this, this.isCalm)
    if (!arrival.dup) receipt.fresh++
    // A crash soon after may have come before it was stored that the Will was taken back; nobody is told when it is.
    const isExcused = this.lastCrashMs >= message.forbiddenMs && this.lastCrashMs - message.forbiddenMs < TROUBLE_MS
    if (message.isForbidden && !isExcused && !message.isDamaged)
      throw new Violation('a Will that was taken back is published', `${message.text} to ${subscriber.name}`)
    if (subscriber.isDamaged || message.isDamaged) {
      message.owedTo.delete(subscriber)
      if (message.kind === 'shared') message.members.set(subscriber.name, arrival.qos)
      return
    }
    if (message.kind === 'will') this.#checkNotEarly(message, arrival)
    if (message.kind === 'shared') return this.#checkShared(subscriber, message, arrival)
    this.#checkCopies(subscriber, message, arrival)
    if (!isFirst) return
    this.#checkOrder(subscriber, message, arrival)
    this.#checkWillsInTime(subscriber, message)
    message.owedTo.delete(subscriber)
  }

  /** Messages that are acknowledged and that somebody has not got. */
  *outstanding(): Generator<string> {
    for (const message of this.messages.values()) {
      if (message.state !== 'acknowledged' || this.#mayHaveExpired(message)) continue
      for (const subscriber of message.owedTo) {
        if (!this.#drops.mayHaveDropped(message, subscriber)) yield `${message.text} to ${subscriber.name}`
      }
      if (!message.isOwedToGroup || message.members.size > 0 || this.#drops.mayHaveDroppedShared(message)) continue
      yield `${message.text} to any member of the group`
    }
  }

  /** @returns what is wrong when more messages are missing than the broker says that it has dropped */
  uncounted(counted: CountedDrops): Violation | undefined {
    if (!this.#drops.isPossible) return undefined
    let [dropped, expired] = [0, 0]
    for (const message of this.messages.values()) {
      if (message.state !== 'acknowledged') continue
      const missing = message.owedTo.size + (message.isOwedToGroup && message.members.size === 0 ? 1 : 0)
      if (this.#mayHaveExpired(message)) expired += missing
      else dropped += missing
    }
    return this.#drops.uncounted({ dropped, expired }, counted)
  }

  /** Whether the disk has been well for a while. */
  get isCalm(): boolean {
    return this.#queue.nowMs - this.lastTroubleMs > TROUBLE_MS
  }

  #mayHaveExpired(message: PublishedMessage): boolean {
    return mayHaveExpired(message, this.#queue.nowMs, this)
  }

  /** @throws {Violation} when a Will comes before its delay is over, or while its Client is connected */
  #checkNotEarly(message: PublishedMessage, { sent }: Arrival): void {
    if (message.earliestMs === undefined) return
    const earliestMs = message.earliestMs()
    if (earliestMs === undefined || sent.toMs >= earliestMs) return
    throw new Violation('a Will is early', `${message.text}, ${earliestMs - sent.toMs} ms`)
  }

  /** @throws {Violation} when a message comes that was sent when a Will, which has not come, must have been published */
  #checkWillsInTime(subscriber: SubscriberRecord, message: PublishedMessage): void {
    if (message.kind === 'will' || message.qos === 0 || !message.foreseen.has(subscriber)) return
    for (const will of this.messages.values()) {
      if (will.kind !== 'will' || will.acknowledgedStep >= message.sentStep || !will.owedTo.has(subscriber)) continue
      if (this.#drops.mayHaveDropped(will, subscriber)) continue
      throw new Violation('a Will is late', `${will.text}, behind ${message.text} to ${subscriber.name}`)
    }
  }

  #find(subscriber: SubscriberRecord, { topic, payload }: Arrival): PublishedMessage {
    const message = this.messages.get(PublishedMessage.idOf(payload))
    const text = `'${topic}' '${payload.slice(0, 40)}' to ${subscriber.name}`
    if (message === undefined) throw new Violation('a message nobody published', text)
    if (message.topic !== topic || message.payload !== payload) {
      throw new Violation('a message other than it was published', `${text}, of ${message.text}`)
    }
    const until = message.state === 'acknowledged' ? message.acknowledgedStep : Number.POSITIVE_INFINITY
    // A message of a group may come from a member that is gone, to one that has come since.
    const isGroup = message.kind === 'shared'
    if (!subscriber.mayReceive(topic, message.sentStep, isGroup ? this.#queue.step : until)) {
      throw new Violation('a message without a Subscription', `${message.text} to ${subscriber.name}`)
    }
    return message
  }

  /** QoS 2 is seen once; what was not sent again by its publisher comes again with DUP only. */
  #checkCopies(subscriber: SubscriberRecord, message: PublishedMessage, arrival: Arrival): void {
    const { fresh, seen } = subscriber.receipt(message.id)
    if (message.qos === 2 && arrival.qos === 2 && seen > 1 && !subscriber.hasForgotten(message.id, arrival.dup)) {
      throw new Violation('a QoS 2 message twice', `${message.text} to ${subscriber.name}`)
    }
    // What was not stored when the broker was killed it does not know: its publisher sends it again, a Will is published again. Only at
    // QoS 2 must nobody see it.
    const isOnce = arrival.qos === 2 && message.qos === 2
    const repeats = message.kind === 'will' ? this.crashes - message.crashesBefore : message.transmissions - 1
    const allowed = 1 + (isOnce ? 0 : repeats)
    if (fresh > allowed) throw new Violation('a duplicate without DUP', `${message.text} to ${subscriber.name}`)
  }

  /** First deliveries of one publisher, topic and QoS are in order, and leave out nothing that is acknowledged. */
  #checkOrder(subscriber: SubscriberRecord, message: PublishedMessage, { qos, sent }: Arrival): void {
    // What was refused, and whose refusal was lost, is taken when it is sent again, behind what was sent after it.
    if (message.transmissions > 1 && this.lastTroubleMs > message.sentMs - TROUBLE_MS) return
    // A clock that was set back brings an expired message back to life when the broker is started again.
    if (message.expiryInterval !== undefined && hasDoubtfulAge(message, this)) return
    // What has expired or had to go is a new message when its publisher sends it again, and is back when a kill comes before that is stored.
    const isGone = this.#mayHaveExpired(message) || this.#drops.mayHaveDropped(message, subscriber)
    if (isGone && (message.transmissions > 1 || this.crashes > message.crashesBefore)) return
    // What was sent before the Subscription may come when its publisher sends it again, behind what was sent after it.
    const isLate = message.transmissions > 1 && !message.foreseen.has(subscriber)
    if (message.kind === 'will' || isLate) return
    const key = keyOf(message, qos)
    const last = subscriber.lastSequence.get(key) ?? -1
    if (message.sequence < last) {
      const details = `${message.text} after ${message.publisher}:${last} to ${subscriber.name}`
      throw new Violation('messages out of order', details)
    }
    subscriber.lastSequence.set(key, message.sequence)
    if (qos === 0) return
    const sequence = this.#sequences.get(keyOf(message, message.qos))!
    for (let index = sequence.indexOf(message) - 1; index >= 0; index--) {
      const earlier = sequence[index]!
      if (earlier.sequence <= last) return
      if (earlier.state !== 'acknowledged' || !earlier.owedTo.has(subscriber)) continue
      if (mayHaveExpired(earlier, sent.toMs, this) || this.#drops.mayHaveDropped(earlier, subscriber)) continue
      throw new Violation(
        'an acknowledged message is overtaken',
        `${earlier.text} by ${message.text} to ${subscriber.name}`,
      )
    }
  }

  #checkShared(member: SubscriberRecord, message: PublishedMessage, arrival: Arrival): void {
    if (!arrival.isSeen) return
    const { members } = message
    // One that came while its member was leaving is not acknowledged, and comes again, to it or to another one.
    const isLeaving = message.sentMs - this.lastLeaveMs < LEAVE_MS
    const isAgain = members.size > 0 && !isLeaving
    const atQos2 = [...members].filter(([, qos]) => qos === 2).map(([name]) => name)
    members.set(member.name, arrival.qos)
    if (isAgain && !this.hasLingeringFailure && this.failures === message.failuresBefore) {
      throw new Violation('a group gets a message twice without a failure', `${message.text} to ${member.name}`)
    }
    const isForgotten = atQos2.every(name => name === member.name) && member.hasForgotten(message.id, arrival.dup)
    if (message.qos === 2 && arrival.qos === 2 && atQos2.length > 0 && !isForgotten) {
      throw new Violation('a group gets a QoS 2 message twice', `${message.text} to ${member.name}, before: ${atQos2}`)
    }
  }
}

function keyOf({ publisher, topic }: PublishedMessage, qos: QoS): string {
  return `${publisher} ${topic} ${qos}`
}
