import { encodePacket, noProperties, type Packet, PacketType } from '@curlew/codec'
import { BATCH_COUNT, BatchPublisher } from './batch-publisher.ts'
import { Connection, plainEndpoint } from './connection.ts'
import type { LoadState } from './load-state.ts'

const PAYLOAD_BYTES = 16

/** Topics with numbers from `firstTopic` on, written for the `version`th time. */
export interface RetainedForm {
  readonly firstTopic: number
  readonly topicCount: number
  readonly version: number
}

/** Writes each of its topics once. */
export class RetainedPublisher extends BatchPublisher {
  readonly #form: RetainedForm
  readonly #batches: Buffer[]

  constructor(form: RetainedForm, port: number, load: LoadState) {
    super(`bench-retained-${form.firstTopic}`, port, load)
    this.#form = form
    this.#batches = Array.from({ length: Math.ceil(form.topicCount / BATCH_COUNT) }, (_, index) => this.#batch(index))
  }

  protected override batchAt(index: number): Buffer | undefined {
    return this.#batches[index]
  }

  #batch(index: number): Buffer {
    const { firstTopic, topicCount, version } = this.#form
    const first = index * BATCH_COUNT
    const count = Math.min(BATCH_COUNT, topicCount - first)
    const packets = Array.from({ length: count }, (_, at) => {
      const topic = firstTopic + first + at
      const payload = Buffer.alloc(PAYLOAD_BYTES, 0x2e)
      payload.writeUInt32BE(topic, 0)
      payload.writeUInt32BE(version, 4)
      return encodePacket(
        {
          type: PacketType.Publish,
          topic: `bench/retained/${String(topic).padStart(6, '0')}`,
          ...{ payload, qos: 1, retain: true, dup: false, packetId: 1 + first + at, properties: noProperties },
        },
        this.protocolVersion,
      )
    })
    return Buffer.concat(packets)
  }
}

/** Subscribes to everything and counts each retained message once, if it is of the version expected. */
export class RetainedSubscriber extends Connection {
  readonly #version: number
  readonly #has: Uint8Array

  constructor(topicCount: number, version: number, port: number, load: LoadState) {
    super('bench-retained-all', plainEndpoint(port), load)
    this.#version = version
    this.#has = new Uint8Array(topicCount)
  }

  async subscribe(): Promise<void> {
    await this.ask({
      type: PacketType.Subscribe,
      packetId: 1,
      subscriptions: [{ filter: '#', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
      properties: noProperties,
    })
  }

  protected override receiveDecoded(packet: Packet): void {
    if (packet.type !== PacketType.Publish || packet.qos !== 1 || !packet.retain) return this.refuse(packet.type << 4)
    this.#onMessage(Buffer.from(packet.payload), 0, packet.packetId)
  }

  protected override receive(firstByte: number, bytes: Buffer, _start: number, end: number): void {
    if (firstByte !== ((PacketType.Publish << 4) | 0b0011)) return this.refuse(firstByte)
    const at = end - PAYLOAD_BYTES
    this.#onMessage(bytes, at, bytes.readUInt16BE(at - 2))
  }

  #onMessage(bytes: Buffer, at: number, packetId: number): void {
    this.reply(PacketType.Puback, packetId)
    const topic = bytes.readUInt32BE(at)
    if (bytes.readUInt32BE(at + 4) !== this.#version || this.#has[topic] !== 0) {
      return this.failBecause(`a retained message that is not the last one of its topic`)
    }
    this.#has[topic] = 1
    this.load.deliveryCount++
  }
}
