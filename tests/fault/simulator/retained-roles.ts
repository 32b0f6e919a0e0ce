import type { Publish, QoS } from '@curlew/codec'
import type { ClientRole } from './client-role.ts'
import { type Ledger, TROUBLE_MS } from './ledger.ts'
import type { Random } from './random.ts'
import type { RegisterSnapshot, RetainedRegister } from './retained-register.ts'
import { expiryIntervalOf, payloadBytes, type RoleServices } from './roles.ts'
import type { SimulatedClient } from './simulated-client.ts'

/** Writes retained messages and clears them; nobody else writes to its topic. */
export class RetainedWriterRole {
  client!: SimulatedClient
  /** Always the same: MQTT has no order among messages of different QoS. */
  readonly #qos: QoS
  readonly #register: RetainedRegister
  readonly #services: RoleServices
  readonly #random: Random
  readonly #expiry: Random
  #sequence = 0

  constructor(register: RetainedRegister, services: RoleServices, random: Random) {
    this.#register = register
    this.#qos = random.pick([1, 2])
    this.#services = services
    this.#random = random
    this.#expiry = random.fork('expiry')
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
    const expiryInterval = expiryIntervalOf(this.#services, this.client, this.#expiry)
    register.write({ sequence, payload: payload === '' ? undefined : payload, sentMs, expiryInterval })
    this.client.publish({
      topic: register.topic,
      payload,
      qos: this.#qos,
      retain: true,
      expiryInterval,
      onSentAgain: () => {
        if (ledger.lastTroubleMs > sentMs - TROUBLE_MS) register.doubt(sequence)
      },
      onAcknowledged: () => register.acknowledge(sequence, queue.nowMs),
      onGivenUp() {},
    })
  }
}

/** Looks now and then what is retained, with a Session that ends with each connection. */
export class RetainedReaderRole implements ClientRole {
  client!: SimulatedClient
  readonly #registers: readonly RetainedRegister[]
  readonly #qos: QoS
  readonly #ledger: Ledger
  #snapshots: RegisterSnapshot[] = []
  #found = new Set<string>()
  /** Whether the answer to the last SUBSCRIBE has come. */
  hasAnswer = false

  constructor(registers: readonly RetainedRegister[], qos: QoS, ledger: Ledger) {
    this.#registers = registers
    this.#ledger = ledger
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

  onPublish({ topic, payload, retain, dup }: Publish): void {
    this.#found.add(topic)
    if (!retain) return
    const snapshot = this.#snapshots.find(({ register }) => register.topic === topic)
    if (snapshot === undefined) return
    const text = Buffer.from(payload).toString('latin1')
    snapshot.register.check(snapshot, text)
    if (!dup) snapshot.register.checkExpiry(text, this.client.lastSent, this.#ledger)
  }

  /** Everything that is retained has had time to come. */
  checkComplete(nowMs: number): void {
    for (const snapshot of this.#snapshots) {
      if (!this.#found.has(snapshot.register.topic)) snapshot.register.checkMissing(snapshot, nowMs, this.#ledger)
    }
  }
}
