import { PacketType, type Publish, type QoS, type Suback, type Unsuback } from '@curlew/codec'
import type { ClientRole } from './client-role.ts'
import type { EventQueue } from './event-queue.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { SimulatedClient } from './simulated-client.ts'
import type { SubscriberRecord } from './subscriber-record.ts'

/** What all roles work with. */
export interface RoleServices {
  readonly queue: EventQueue
  readonly ledger: Ledger
  /** Whether clients still begin new things: not in the liveness phase. */
  readonly isActive: () => boolean
  /** Whether messages have a Message Expiry Interval now and then. */
  readonly hasExpiry: boolean
}

/** Seconds: mostly none, some that run out soon, and one that does not in any simulation. */
const EXPIRY_INTERVALS = [undefined, undefined, 1, 2, 5, 3_600] as const

/** The Message Expiry Interval of the next message of a client. */
export function expiryIntervalOf(
  { hasExpiry }: RoleServices,
  { profile }: SimulatedClient,
  random: Random,
): number | undefined {
  return hasExpiry && profile.version === 5 ? random.pick(EXPIRY_INTERVALS) : undefined
}

/** Sizes of payloads in bytes: mostly small, now and then larger than a read or than what is copied. */
export function payloadBytes(random: Random): number {
  if (random.chance(0.01)) return random.between(16_000, 24_000)
  return random.chance(0.1) ? random.between(200, 3_000) : random.between(10, 40)
}

/** Publishes to a few topics, at its own pace, with a few messages under way at a time. */
export class PublisherRole {
  client!: SimulatedClient
  readonly #name: string
  readonly #topics: readonly string[]
  readonly #levels: readonly QoS[]
  readonly #services: RoleServices
  readonly #random: Random
  readonly #expiry: Random
  #sequence = 0

  constructor(name: string, topics: readonly string[], levels: readonly QoS[], services: RoleServices, random: Random) {
    this.#name = name
    this.#topics = topics
    this.#levels = levels
    this.#services = services
    this.#random = random
    this.#expiry = random.fork('expiry')
  }

  /** @param periodMs between messages, at most @param count messages in all, at most */
  start(periodMs: number, count: number): void {
    const { queue, isActive } = this.#services
    queue.after(this.#random.duration(0, periodMs), () => {
      if (!isActive() || this.#sequence >= count) return
      const burst = this.#random.chance(0.2) ? this.#random.between(2, 8) : 1
      for (let index = 0; index < burst && this.client.canPublish; index++) this.#publish()
      this.start(periodMs, count)
    })
  }

  #publish(): void {
    const { ledger } = this.#services
    const [topic, qos] = [this.#random.pick(this.#topics), this.#random.pick(this.#levels)]
    const kind = topic.startsWith('s/') ? 'shared' : 'plain'
    const expiryInterval = expiryIntervalOf(this.#services, this.client, this.#expiry)
    const fields = { kind, publisher: this.#name, sequence: this.#sequence++, topic, qos, expiryInterval } as const
    const message = ledger.send({ ...fields, payloadBytes: payloadBytes(this.#random) })
    this.client.publish({
      topic,
      payload: message.payload,
      qos,
      retain: false,
      expiryInterval,
      onSentAgain: () => message.transmissions++,
      onAcknowledged: () => ledger.acknowledge(message),
      onGivenUp: () => ledger.giveUp(message),
    })
  }
}

/** Subscribes once, and again only to what it has given up; receives all its life. Also a member of a group. */
export class SubscriberRole implements ClientRole {
  client!: SimulatedClient
  readonly #record: SubscriberRecord
  readonly #filters: readonly string[]
  readonly #qos: QoS
  readonly #services: RoleServices
  readonly #random: Random
  #isStartingAnew = false
  /** What is under way, by Packet Identifier. */
  readonly #requests = new Map<number, { readonly filter: string; readonly isEnd: boolean }>()

  constructor(record: SubscriberRecord, filters: readonly string[], qos: QoS, services: RoleServices, random: Random) {
    this.#record = record
    this.#filters = filters
    this.#qos = qos
    this.#services = services
    this.#random = random
  }

  /** Gives up Subscriptions and takes them again. */
  startChanging(periodMs: number): void {
    const { queue, isActive } = this.#services
    queue.after(this.#random.duration(periodMs / 4, periodMs), () => {
      if (!isActive()) return
      if (this.client.isOnline && !this.client.isFrozen) this.#toggle(this.#random.pick(this.#filters))
      this.startChanging(periodMs)
    })
  }

  onOnline(): void {
    if (this.#isStartingAnew) {
      this.#isStartingAnew = false
      this.#requests.clear()
      this.#record.startAnew()
    }
    // What was asked for on an earlier connection and has no answer is asked for again.
    const unanswered = [...this.#requests.values()]
    this.#requests.clear()
    for (const { filter, isEnd } of unanswered) {
      if (isEnd) this.#requests.set(this.client.unsubscribe([filter]), { filter, isEnd })
      else this.#subscribe(filter)
    }
    for (const filter of this.#filters) {
      if (!this.#record.spans.some(span => span.filter === plainFilter(filter))) this.#subscribe(filter)
    }
  }

  onPublish({ topic, payload, qos, dup, properties }: Publish, isSeen: boolean): void {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1')
    const { lastSent: sent, profile } = this.client
    const [remaining, isTold] = [properties.messageExpiryInterval, profile.version === 5]
    this.#services.ledger.receive(this.#record, { topic, payload: text, qos, dup, isSeen, sent, remaining, isTold })
  }

  onForgotten(): void {
    this.#record.forgottenStep = this.#services.queue.step
  }

  onStartAnew(): void {
    this.#isStartingAnew = true
    this.#services.ledger.startAnew(this.#record)
  }

  onSubscribed(packet: Suback | Unsuback): void {
    const request = this.#requests.get(packet.packetId)
    this.#requests.delete(packet.packetId)
    if (request === undefined) return
    const { step } = this.#services.queue
    const filter = plainFilter(request.filter)
    if (packet.type === PacketType.Unsuback) {
      const ended = this.#record.spans.findLast(span => span.filter === filter && span.endRequestedStep !== Infinity)
      if (ended !== undefined) ended.endedStep = step
      return
    }
    const span = this.#record.current(filter)
    if (span !== undefined && (packet.reasonCodes[0] ?? 0x80) < 3) span.grantedStep = Math.min(span.grantedStep, step)
  }

  #toggle(filter: string): void {
    const span = this.#record.current(plainFilter(filter))
    if (this.#requests.size > 0) return
    if (span === undefined) return this.#subscribe(filter)
    this.#services.ledger.endSubscription(this.#record, plainFilter(filter))
    this.#requests.set(this.client.unsubscribe([filter]), { filter, isEnd: true })
  }

  #subscribe(filter: string): void {
    const name = plainFilter(filter)
    if (this.#record.current(name) === undefined) this.#record.request(name, this.#qos, this.#services.queue.step)
    this.#requests.set(this.client.subscribe([{ filter, qos: this.#qos }]), { filter, isEnd: false })
  }
}

/** The filter without the group that it is shared in. */
function plainFilter(filter: string): string {
  return filter.startsWith('$share/') ? filter.split('/').slice(2).join('/') : filter
}
