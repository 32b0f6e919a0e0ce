import { noProperties, type Packet, PacketType, type Publish, type QoS } from '@curlew/codec'
import { Client, type ClientVersion } from './client.ts'
import { idOf, type Message } from './message.ts'
import type { Stage } from './stage.ts'
import { type Interval, SubscriptionHistory } from './subscription-history.ts'

/** What a subscriber does of its own accord. */
export interface Habit {
  /** CONNACK has come. */
  connected?(subscriber: Subscriber): void
  /** A message has come. */
  received?(subscriber: Subscriber): void
  /** SUBACK or UNSUBACK has come. */
  changed?(subscriber: Subscriber): void
}

/** How often one message came to one subscriber. */
interface Deliveries {
  /** To the application: a QoS 2 message that is sent again before PUBREL is not given on. */
  count: number
  /** Without DUP. */
  unmarkedCount: number
}

/** A change of subscriptions that has not been acknowledged. */
interface Change {
  readonly kind: 'subscribe' | 'unsubscribe'
  readonly packetId: number
  readonly filters: readonly string[]
}

export interface SubscriberOptions {
  readonly qos: 1 | 2
  /** Filters it subscribes to at the beginning, and again whenever its Session is new. */
  readonly filters: readonly string[]
  /** So many acknowledgements are kept back until they leave together; 1: none. */
  readonly lazyAcknowledgements: number
  readonly habits: readonly Habit[]
}

/** Packet Identifiers of SUBSCRIBE and UNSUBSCRIBE. */
const CHANGE_PACKET_ID_MAX = 100

/** Of every subscription in 5.0, so that a broker that forgets it is noticed; more than fits one byte. */
const IDENTIFIER = 300

/** A Client that receives, acknowledges, and remembers what it got and what it was promised. */
export class Subscriber extends Client {
  readonly qos: 1 | 2
  readonly histories: Map<string, SubscriptionHistory> = new Map()
  readonly deliveries: Map<Message, Deliveries> = new Map()
  readonly #filters: readonly string[]
  readonly #habits: readonly Habit[]
  #lazyAcknowledgements: number
  #session = 0
  #change: Change | undefined
  #changePacketId = 0
  /** QoS 2 messages that came and whose PUBREL has not [MQTT-4.3.3-10]. */
  readonly #unreleased = new Set<number>()
  #keptBack: Packet[] = []
  /** The last sequence that came, by publisher and topic. */
  readonly #lastSequences = new Map<string, number>()

  constructor(clientId: string, version: ClientVersion, stage: Stage, options: SubscriberOptions) {
    super(clientId, version, stage)
    this.qos = options.qos
    this.#filters = options.filters
    this.#habits = options.habits
    this.#lazyAcknowledgements = options.lazyAcknowledgements
  }

  /** Whether nothing is under way: no change, no QoS 2 message half received. */
  get isQuiet(): boolean {
    return this.#change === undefined && this.#unreleased.size === 0 && this.#keptBack.length === 0
  }

  get isChanging(): boolean {
    return this.#change !== undefined
  }

  /** The filters of which there is, or is wanted, a subscription now. */
  get wantedFilters(): string[] {
    return [...this.histories].filter(([, { current }]) => current !== undefined).map(([filter]) => filter)
  }

  subscribe(filters: readonly string[]): void {
    const askedAt = this.stage.timeline.now
    const common = { session: this.#session, askedAt, grantedAt: undefined, endAskedAt: undefined, endedAt: undefined }
    for (const filter of filters) {
      const { intervals, current } = this.#history(filter)
      if (current === undefined) intervals.push({ ...common, isDiscarded: false })
    }
    this.#ask('subscribe', filters)
  }

  unsubscribe(filters: readonly string[]): void {
    for (const filter of filters) this.#history(filter).current!.endAskedAt = this.stage.timeline.now
    this.#ask('unsubscribe', filters)
  }

  /** Acknowledges everything at once from now on. */
  stopBeingLazy(): void {
    this.#lazyAcknowledgements = 1
    this.#acknowledgeAll()
  }

  protected connected(isNew: boolean): void {
    if (isNew) this.#unreleased.clear()
    const change = this.#change
    this.#change = undefined
    if (isNew || this.histories.size === 0) this.#begin()
    else if (change !== undefined) this.#ask(change.kind, change.filters)
    for (const habit of this.#habits) habit.connected?.(this)
  }

  protected override disconnected(): void {
    this.#keptBack = []
  }

  protected override sessionDiscarded(): void {
    const { now } = this.stage.timeline
    for (const { intervals } of this.histories.values()) {
      for (const interval of intervals) {
        interval.isDiscarded = true
        interval.endAskedAt ??= now
      }
    }
  }

  protected receive(packet: Packet): void {
    if (packet.type === PacketType.Publish) this.#receive(packet)
    else if (packet.type === PacketType.Pubrel) this.#release(packet.packetId)
    else if (packet.type === PacketType.Suback) this.#granted(packet.packetId, packet.reasonCodes, packet)
    else if (packet.type === PacketType.Unsuback) this.#ended(packet.packetId, packet)
    else this.reportUnexpected(packet, 'it only subscribes')
  }

  /** In a new Session everything has to be asked for again: what is wanted now, or at first what it began with. */
  #begin(): void {
    const { now } = this.stage.timeline
    const wanted = this.wantedFilters
    this.#session++
    for (const filter of wanted) {
      const { intervals, current } = this.#history(filter)
      // What the broker acknowledged in a Session that it has lost it still owes.
      intervals.push({ ...current!, session: this.#session, askedAt: now })
    }
    for (const { intervals } of this.histories.values()) {
      for (const interval of intervals) if (interval.session < this.#session) end(interval, now)
    }
    this.subscribe(wanted.length > 0 ? wanted : this.#filters)
  }

  #ask(kind: Change['kind'], filters: readonly string[]): void {
    if (this.#change !== undefined) throw new Error(`${this.clientId} has asked for a change already`)
    this.#changePacketId = (this.#changePacketId % CHANGE_PACKET_ID_MAX) + 1
    this.#change = { kind, packetId: this.#changePacketId, filters }
    const packetId = this.#changePacketId
    if (kind === 'unsubscribe') {
      this.send({ type: PacketType.Unsubscribe, packetId, filters, properties: noProperties })
      return
    }
    const { qos } = this
    const terms = { qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    this.send({
      type: PacketType.Subscribe,
      packetId,
      subscriptions: filters.map(filter => ({ filter, ...terms })),
      properties: this.version === 5 ? { subscriptionIdentifiers: [IDENTIFIER] } : noProperties,
    })
  }

  #granted(packetId: number, reasonCodes: readonly number[], packet: Packet): void {
    const change = this.#answered('subscribe', packetId, packet)
    if (change === undefined) return
    const { now } = this.stage.timeline
    change.filters.forEach((filter, index) => {
      const granted = reasonCodes[index]
      if (granted !== this.qos) {
        this.stage.report('subscriptionsWrong', `${this.clientId} asked for ${filter} and was answered ${granted}`)
      } else {
        const { current } = this.#history(filter)
        if (current !== undefined) current.grantedAt ??= now
      }
    })
    for (const habit of this.#habits) habit.changed?.(this)
  }

  #ended(packetId: number, packet: Packet): void {
    const change = this.#answered('unsubscribe', packetId, packet)
    if (change === undefined) return
    for (const filter of change.filters) this.#history(filter).intervals.at(-1)!.endedAt ??= this.stage.timeline.now
    for (const habit of this.#habits) habit.changed?.(this)
  }

  #answered(kind: Change['kind'], packetId: number, packet: Packet): Change | undefined {
    const change = this.#change
    if (change?.kind !== kind || change.packetId !== packetId) {
      this.reportUnexpected(packet, 'nothing was asked')
      return undefined
    }
    this.#change = undefined
    return change
  }

  #receive(packet: Publish): void {
    const { packetId, qos } = packet
    if (qos === 2) {
      if (!this.#unreleased.has(packetId)) this.#deliver(packet)
      this.#unreleased.add(packetId)
    } else {
      this.#deliver(packet)
    }
    if (qos > 0) this.#acknowledge(qos, packetId)
    for (const habit of this.#habits) habit.received?.(this)
  }

  #acknowledge(qos: QoS, packetId: number): void {
    const type = qos === 1 ? PacketType.Puback : PacketType.Pubrec
    this.#keptBack.push({ type, packetId, reasonCode: 0, properties: noProperties })
    if (this.#keptBack.length >= this.#lazyAcknowledgements) this.#acknowledgeAll()
  }

  #acknowledgeAll(): void {
    const packets = this.#keptBack
    this.#keptBack = []
    for (const packet of packets) this.send(packet)
  }

  #release(packetId: number): void {
    this.#unreleased.delete(packetId)
    this.send({ type: PacketType.Pubcomp, packetId, reasonCode: 0, properties: noProperties })
  }

  /** Gives a message to the application, which compares it with what it knows. */
  #deliver(packet: Publish): void {
    const message = this.stage.messages.get(idOf(packet.payload))
    const isSame = message?.terms.topic === packet.topic && message.bytes.length === packet.payload.length
    if (message === undefined || !isSame || message.isForbidden) {
      const what = `${idOf(packet.payload)} of ${packet.payload.length} bytes on ${packet.topic}`
      this.stage.report('invented', `${this.clientId} got ${what}`)
      return
    }
    this.#checkTerms(packet, message)
    const known = this.deliveries.get(message)
    const deliveries = known ?? { count: 0, unmarkedCount: 0 }
    deliveries.count++
    if (!packet.dup) deliveries.unmarkedCount++
    if (known === undefined) {
      this.deliveries.set(message, deliveries)
      this.#checkOrder(message)
    } else {
      this.#checkRepetition(packet, message, deliveries)
    }
  }

  #checkTerms(packet: Publish, message: Message): void {
    const { clientId, stage } = this
    const { filter, qos, kind } = message.terms
    if (!this.#history(filter).allows(message, this.#session, stage.timeline.now)) {
      const fault = kind === 'probe' ? 'subscriptionsWrong' : 'invented'
      stage.report(fault, `${clientId} has no subscription for ${message}`)
    }
    const expectedQoS = Math.min(qos, this.qos)
    const identifiers = packet.properties.subscriptionIdentifiers ?? []
    const expected = this.version === 5 ? String(IDENTIFIER) : ''
    if (packet.qos !== expectedQoS || identifiers.join() !== expected || packet.retain) {
      const got = `QoS ${packet.qos}, Subscription Identifiers [${identifiers}], retain ${packet.retain}`
      stage.report('subscriptionsWrong', `${clientId} got ${message} with ${got}`)
    }
  }

  #checkOrder(message: Message): void {
    const { publisher, topic, sequence } = message.terms
    const key = `${publisher} ${topic}`
    const last = this.#lastSequences.get(key) ?? -1
    if (sequence > last) this.#lastSequences.set(key, sequence)
    else this.stage.report('outOfOrder', `${this.clientId} got ${message} behind number ${last}`)
  }

  #checkRepetition(packet: Publish, message: Message, { unmarkedCount }: Deliveries): void {
    const { clientId, stage } = this
    if (packet.qos === 2) stage.report('duplicatedQoS2', `${clientId} got ${message} again, dup ${packet.dup}`)
    // What the publisher sent again may be new to the broker, which had not stored what it sent first, and then goes on without DUP.
    if (unmarkedCount > message.sendCount) stage.report('unmarkedDuplicates', `${clientId} got ${message}`)
  }

  #history(filter: string): SubscriptionHistory {
    const known = this.histories.get(filter)
    if (known !== undefined) return known
    const history = new SubscriptionHistory()
    this.histories.set(filter, history)
    return history
  }
}

function end(interval: Interval, now: number): void {
  interval.endAskedAt ??= now
  interval.endedAt ??= now
}
