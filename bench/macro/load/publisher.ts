import { type Packet, PacketType } from '@curlew/codec'
import { receiverCount, type Scenario } from '../scenarios.ts'
import { Connection } from './connection.ts'
import type { LoadState } from './load-state.ts'
import { type MessageForm, PublishBatch, packetIdOf } from './publish-batch.ts'

/**
 * Publishes one topic and never has more under way than the scenario's window.
 *
 * `sentCount ≥ #deliveredCount`, `#acknowledgedCount`; the smaller of the two is how many messages are over, and the gap to
 * `sentCount` is what is under way. Counts are sequence numbers too: messages are numbered from 0 in the order of sending.
 */
export class Publisher extends Connection {
  readonly form: MessageForm
  /** Whether {@link LoadState} has it on its list. */
  isCredited = false
  sentCount = 0
  #deliveredCount = 0
  #receivedCount = 0
  #acknowledgedCount = 0

  readonly #window: number
  readonly #batch: number
  /** As many as fit in the window: a batch is over, and its bytes free, before its turn comes again. */
  readonly #batches: PublishBatch[]
  /** When each batch of the window was due, in milliseconds of `performance.now()`. */
  readonly #dueMs: Float64Array

  /** Whether a message is over when it is acknowledged, because its receivers are away. */
  readonly #isForLater: boolean
  /** Latency is taken of the messages whose sequence number has none of these bits. */
  readonly #latencyMask: number
  readonly #receiverCount: number
  /** How many receivers have message `n`, at `n % window`. Only where there are many. */
  readonly #arrivals: Uint32Array

  constructor(form: MessageForm, scenario: Scenario, port: number, load: LoadState) {
    super(`bench-${scenario.name}-pub-${form.publisherIndex}`, { ...scenario, port }, load)
    const { window, batch } = scenario
    this.form = form
    this.#window = window
    this.#batch = batch
    this.#batches = Array.from({ length: window / batch }, (_, index) => new PublishBatch(form, index * batch, batch))
    this.#dueMs = new Float64Array(this.#batches.length)
    this.#isForLater = scenario.isForLater
    this.#latencyMask = scenario.latencyEvery - 1
    this.#receiverCount = receiverCount(scenario)
    this.#arrivals = new Uint32Array(window)
  }

  get isIdle(): boolean {
    return this.#overCount === this.sentCount
  }

  get #overCount(): number {
    if (this.#isForLater) return this.#acknowledgedCount
    return this.form.qos === 0 ? this.#deliveredCount : Math.min(this.#deliveredCount, this.#acknowledgedCount)
  }

  sendBatches(): void {
    while (this.load.isSending && this.sendBatch(this.load.nowMs));
  }

  /**
   * @param dueMs when it should have been sent: latency counts from here
   * @returns whether the window had room for it
   */
  sendBatch(dueMs: number): boolean {
    const first = this.sentCount
    if (first >= this.load.sentMax) return false
    if (first + this.#batch - this.#overCount > this.#window) return false
    const slot = (first / this.#batch) % this.#batches.length
    this.#dueMs[slot] = dueMs
    this.sentCount = first + this.#batch
    this.write(this.#batches[slot]!.stamp(first))
    return true
  }

  dueMsOf(sequence: number): number {
    return this.#dueMs[Math.floor(sequence / this.#batch) % this.#dueMs.length]!
  }

  /** One of the receivers has the message for the first time. */
  onDelivered(sequence: number): void {
    if (this.#isForLater) return
    if (this.#receiverCount === 1) {
      this.#deliveredCount++
      this.load.credit(this)
      return
    }
    const slot = sequence % this.#window
    if (++this.#arrivals[slot]! < this.#receiverCount) return
    this.#arrivals[slot] = 0
    this.#deliveredCount++
    this.load.credit(this)
  }

  protected override receiveDecoded(packet: Packet): void {
    if (packet.type === PacketType.Puback || packet.type === PacketType.Pubrec || packet.type === PacketType.Pubcomp) {
      return this.#onAcknowledgement(packet.type, packet.packetId)
    }
    this.refuse(packet.type << 4)
  }

  protected override receive(firstByte: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 2) return this.refuse(firstByte)
    this.#onAcknowledgement(firstByte >> 4, (bytes[start]! << 8) | bytes[start + 1]!)
  }

  /** Acknowledgements come in the order of the messages [MQTT-4.6.0-2], [MQTT-4.6.0-3]. */
  #onAcknowledgement(type: number, packetId: number): void {
    if (type === PacketType.Pubrec && this.form.qos === 2) {
      if (packetId !== packetIdOf(this.#receivedCount)) return this.#refuseOrder('PUBREC', packetId)
      this.#receivedCount++
      this.reply(PacketType.Pubrel, packetId)
      return
    }
    if (type !== (this.form.qos === 1 ? PacketType.Puback : PacketType.Pubcomp)) return this.refuse(type << 4)
    if (packetId !== packetIdOf(this.#acknowledgedCount)) return this.#refuseOrder('PUBACK or PUBCOMP', packetId)
    const { load } = this
    if (load.isRecording && (this.#acknowledgedCount & this.#latencyMask) === 0) {
      const latencyMs = load.nowMs - this.dueMsOf(this.#acknowledgedCount)
      load.acknowledgementNs.record(Math.max(1, Math.round(latencyMs * 1e6)))
    }
    this.#acknowledgedCount++
    load.acknowledgementCount++
    load.credit(this)
  }

  #refuseOrder(what: string, packetId: number): void {
    this.failBecause(`${what} of Packet Identifier ${packetId} is out of order`)
  }
}
