import { noProperties, type Packet, PacketType, type Publish, type QoS } from '@curlew/codec'
import type { Scenario } from '../scenarios.ts'
import { Connection } from './connection.ts'
import type { LoadState } from './load-state.ts'
import type { ArrivalOrder } from './message-order.ts'
import { PAYLOAD_BYTES_MIN, packetIdDistance, payloadOf } from './publish-batch.ts'
import type { Publisher } from './publisher.ts'

/** Bit of the fixed header of PUBLISH. */
const DUP = 0x08

/** What a subscriber gets, and from whom: `publishers` are those whose messages it must see, all of them and in order. */
export interface Subscribing {
  readonly index: number
  readonly filter: string
  readonly publishers: readonly Publisher[]
  /** What has come; the same for all connections of one Session. */
  readonly order: ArrivalOrder
}

/** Receives, acknowledges, and tells each publisher what has arrived. */
export class Subscriber extends Connection {
  readonly #filter: string
  readonly #publishers: readonly Publisher[]
  readonly #firstPublisher: number
  readonly #order: ArrivalOrder
  readonly #qos: QoS
  readonly #firstByte: number
  /** The bit that may be set besides: a message that waited may have been sent before. */
  readonly #dupBit: number
  readonly #payloadBytes: number
  readonly #packetIdDistance: number
  /** Length of the body of each PUBLISH. */
  readonly #bodyBytes: number
  /** Latency is taken of the messages whose sequence number has none of these bits. */
  readonly #latencyMask: number

  constructor(subscribing: Subscribing, scenario: Scenario, port: number, load: LoadState) {
    super(`bench-${scenario.name}-sub-${subscribing.index}`, { ...scenario, port }, load)
    const { publishers, filter, order } = subscribing
    this.#filter = filter
    this.#publishers = publishers
    this.#firstPublisher = publishers[0]!.form.publisherIndex
    this.#order = order
    this.#dupBit = scenario.isForLater ? DUP : 0
    this.#qos = scenario.qos
    this.#firstByte = (PacketType.Publish << 4) | (scenario.qos << 1)
    this.#payloadBytes = scenario.payloadBytes
    this.#packetIdDistance = packetIdDistance(scenario.protocolVersion)
    const packetIdBytes = this.#packetIdDistance - (scenario.qos > 0 ? 0 : 2)
    this.#bodyBytes = 2 + publishers[0]!.form.topic.length + packetIdBytes + scenario.payloadBytes
    this.#latencyMask = scenario.latencyEvery - 1
  }

  async subscribe(): Promise<void> {
    const suback = await this.ask({
      type: PacketType.Subscribe,
      packetId: 1,
      subscriptions: [
        { filter: this.#filter, qos: this.#qos, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
      properties: noProperties,
    })
    if (suback.type !== PacketType.Suback || suback.reasonCodes[0] !== this.#qos) {
      throw new Error(`no subscription of ${this.#filter} at QoS ${this.#qos}: ${JSON.stringify(suback)}`)
    }
  }

  protected override receiveDecoded(packet: Packet): void {
    if (packet.type === PacketType.Publish) return this.#receivePublish(packet)
    if (packet.type === PacketType.Pubrel) return this.reply(PacketType.Pubcomp, packet.packetId)
    this.refuse(packet.type << 4)
  }

  #receivePublish(packet: Publish): void {
    const payload = Buffer.from(packet.payload)
    const isPlain = packet.qos === this.#qos && (!packet.dup || this.#dupBit !== 0) && !packet.retain
    if (!isPlain || payload.length < PAYLOAD_BYTES_MIN) return this.failBecause('a PUBLISH that nobody sent')
    const publisher = this.#publishers[payload.readUInt32BE(0) - this.#firstPublisher]
    const sequence = payload.readUInt32BE(4)
    if (publisher?.form.topic !== packet.topic || !payload.equals(payloadOf(publisher.form, sequence))) {
      return this.failBecause(`a PUBLISH of ${packet.topic} whose topic or payload has changed on the way`)
    }
    this.#onMessage(publisher.form.publisherIndex, sequence, packet.packetId)
  }

  protected override receive(firstByte: number, bytes: Buffer, start: number, end: number): void {
    if ((firstByte & ~this.#dupBit) === this.#firstByte && end - start === this.#bodyBytes) {
      const at = end - this.#payloadBytes
      const publisherIndex = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
      const sequence = ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0
      const packetIdAt = at - this.#packetIdDistance
      return this.#onMessage(publisherIndex, sequence, (bytes[packetIdAt]! << 8) | bytes[packetIdAt + 1]!)
    }
    if (firstByte !== ((PacketType.Pubrel << 4) | 2)) return this.refuse(firstByte)
    this.reply(PacketType.Pubcomp, (bytes[start]! << 8) | bytes[start + 1]!)
  }

  /** @param packetId ignored at QoS 0 */
  #onMessage(publisherIndex: number, sequence: number, packetId: number): void {
    if (this.#qos > 0) this.reply(this.#qos === 1 ? PacketType.Puback : PacketType.Pubrec, packetId)
    if (!this.#order.accept(publisherIndex, sequence)) return
    const { load } = this
    load.deliveryCount++
    const publisher = this.#publishers[publisherIndex - this.#firstPublisher]!
    if (load.isRecording && (sequence & this.#latencyMask) === 0) {
      load.latencyNs.record(Math.max(1, Math.round((load.nowMs - publisher.dueMsOf(sequence)) * 1e6)))
    }
    publisher.onDelivered(sequence)
  }
}
