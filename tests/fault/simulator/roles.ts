import { noProperties, PacketType, type Publish, type QoS, type Suback, type Unsuback, type Will } from '@curlew/codec'
import type { EventQueue } from './event-queue.ts'
import { type Ledger, TROUBLE_MS } from './ledger.ts'
import type { PublishedMessage } from './published-message.ts'
import type { Random } from './random.ts'
import type { RegisterSnapshot, RetainedRegister } from './retained-register.ts'
import type { ClientRole, Parting, SimulatedClient } from './simulated-client.ts'
import type { SubscriberRecord } from './subscriber-record.ts'
import { Violation } from './violation.ts'

/** What all roles work with. */
export interface RoleServices {
  readonly queue: EventQueue
  readonly ledger: Ledger
  /** Whether clients still begin new things: not in the liveness phase. */
  readonly isActive: () => boolean
}

/** Sizes of payloads in bytes: mostly small, now and then larger than a read or than what is copied. */
function payloadBytes(random: Random): number {
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
  #sequence = 0

  constructor(name: string, topics: readonly string[], levels: readonly QoS[], services: RoleServices, random: Random) {
    this.#name = name
    this.#topics = topics
    this.#levels = levels
    this.#services = services
    this.#random = random
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
    const fields = { kind, publisher: this.#name, sequence: this.#sequence++, topic, qos } as const
    const message = ledger.send({ ...fields, payloadBytes: payloadBytes(this.#random) })
    this.client.publish({
      topic,
      payload: message.payload,
      qos,
      retain: false,
      onSentAgain: () => message.transmissions++,
      onAcknowledged: () => ledger.acknowledge(message),
      onGivenUp: () => ledger.giveUp(message),
    })
  }
}

/** Writes retained messages and clears them; nobody else writes to its topic. */
export class RetainedWriterRole {
  client!: SimulatedClient
  /** Always the same: MQTT has no order among messages of different QoS. */
  readonly #qos: QoS
  readonly #register: RetainedRegister
  readonly #services: RoleServices
  readonly #random: Random
  #sequence = 0

  constructor(register: RetainedRegister, services: RoleServices, random: Random) {
    this.#register = register
    this.#qos = random.pick([1, 2])
    this.#services = services
    this.#random = random
  }

  start(periodMs: number): void {
    const { queue, isActive } = this.#services
    queue.after(this.#random.duration(0, periodMs), () => {
      if (!isActive()) return
      if (this.client.canPublish) this.#write()
      this.start(periodMs)
    })
  }

  #write(): void {
    const register = this.#register
    const { ledger, queue } = this.#services
    const sentMs = queue.nowMs
    const sequence = this.#sequence++
    const payload = this.#random.chance(0.15) ? '' : `${register.topic}:${sequence}|`.padEnd(payloadBytes(this.#random))
    register.write(payload === '' ? undefined : payload, sequence)
    this.client.publish({
      topic: register.topic,
      payload,
      qos: this.#qos,
      retain: true,
      onSentAgain: () => {
        if (ledger.lastTroubleMs > sentMs - TROUBLE_MS) register.doubt(sequence)
      },
      onAcknowledged: () => register.acknowledge(sequence),
      onGivenUp() {},
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

  onPublish({ topic, payload, qos, dup }: Publish, isSeen: boolean): void {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1')
    this.#services.ledger.receive(this.#record, { topic, payload: text, qos, dup, isSeen })
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

/** Looks now and then what is retained, with a Session that ends with each connection. */
export class RetainedReaderRole implements ClientRole {
  client!: SimulatedClient
  readonly #registers: readonly RetainedRegister[]
  readonly #qos: QoS
  #snapshots: RegisterSnapshot[] = []
  #found = new Set<string>()
  /** Whether the answer to the last SUBSCRIBE has come. */
  hasAnswer = false

  constructor(registers: readonly RetainedRegister[], qos: QoS) {
    this.#registers = registers
    this.#qos = qos
  }

  onOnline(): void {
    this.#snapshots = this.#registers.map(register => register.snapshot())
    this.#found = new Set()
    this.hasAnswer = false
    this.client.subscribe([{ filter: 'r/#', qos: this.#qos }])
  }

  onSubscribed(): void {
    this.hasAnswer = true
  }

  onPublish({ topic, payload, retain }: Publish): void {
    this.#found.add(topic)
    if (!retain) return
    const snapshot = this.#snapshots.find(({ register }) => register.topic === topic)
    snapshot?.register.check(snapshot, Buffer.from(payload).toString('latin1'))
  }

  /** Everything that is retained has had time to come. */
  checkComplete(): void {
    for (const snapshot of this.#snapshots) {
      if (!this.#found.has(snapshot.register.topic)) snapshot.register.checkMissing(snapshot)
    }
  }
}

/** Calls back when a process has had the time and the means to notice that a connection is lost; not if it had not. */
export type AfterGrace = (processId: number, keepAlive: number, callback: () => void) => void

/** Connects with a Will, another one each time, and goes with or without a word. */
export class WillHolderRole implements ClientRole {
  client!: SimulatedClient
  readonly #name: string
  readonly #qos: QoS
  /** Seconds; Will Delay Interval, of 5.0 only. */
  readonly #delayInterval: number
  readonly #services: RoleServices
  readonly #afterGrace: AfterGrace
  #sequence = 0
  #message: PublishedMessage | undefined

  constructor(name: string, qos: QoS, delayInterval: number, services: RoleServices, afterGrace: AfterGrace) {
    this.#name = name
    this.#qos = qos
    this.#delayInterval = delayInterval
    this.#services = services
    this.#afterGrace = afterGrace
  }

  will(): Will {
    const fields = {
      kind: 'will',
      publisher: this.#name,
      sequence: this.#sequence++,
      topic: `w/${this.#name}`,
    } as const
    const message = this.#services.ledger.send({ ...fields, qos: this.#qos, payloadBytes: 12 })
    this.#message = message
    const properties = this.#delayInterval === 0 ? noProperties : { willDelayInterval: this.#delayInterval }
    const { topic, payload, qos } = message
    return { topic, payload: Buffer.from(payload, 'latin1'), qos, retain: false, properties }
  }

  onOffline(parting: Parting): void {
    const message = this.#message!
    const { ledger } = this.#services
    if (parting === 'taken leave') {
      message.isForbidden = true
      message.forbiddenMs = this.#services.queue.nowMs
      const isPublished = ledger.subscribers.some(({ receipts }) => receipts.has(message.id))
      if (isPublished) throw new Violation('a Will that was taken back is published', message.text)
    }
    // A Will with a delay is taken back by the next connection, so nobody knows.
    if (parting !== 'lost' || this.#delayInterval > 0) return
    const { profile, processId } = this.client
    this.#afterGrace(processId, profile.keepAlive, () => ledger.acknowledge(message))
  }
}
