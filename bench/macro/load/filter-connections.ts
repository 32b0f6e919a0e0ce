import { encodePacket, noProperties, type Packet, PacketType } from '@curlew/codec'
import { BATCH_COUNT, BatchPublisher } from './batch-publisher.ts'
import { Connection, plainEndpoint } from './connection.ts'
import type { LoadState } from './load-state.ts'

/** Filters in one SUBSCRIBE. */
const FILTERS_PER_PACKET = 500
const PAYLOAD_BYTES = 16

/** A Topic Filter with `+` at the end or in the middle, or with `#`. */
export function filterAt(index: number): string {
  if (index % 3 === 0) return `bench/wild/${index}/+`
  return index % 3 === 1 ? `bench/wild/+/${index}` : `bench/wild/${index}/#`
}

/** A topic that only the filter of this number matches. */
export function matchingTopicAt(index: number): string {
  return index % 3 === 1 ? `bench/wild/here/${index}` : `bench/wild/${index}/here`
}

/** A topic that looks as the others do and that no filter matches. */
export function missingTopicAt(index: number): string {
  return `bench/wild/no${index}/none`
}

/** Holds many Subscriptions at QoS 0, and counts what comes. */
export class FilterHolder extends Connection {
  constructor(index: number, port: number, load: LoadState) {
    super(`bench-filters-${index}`, plainEndpoint(port), load)
  }

  /** Subscribes to the filters numbered `indices`. */
  async subscribe(indices: readonly number[]): Promise<void> {
    for (let first = 0; first < indices.length; first += FILTERS_PER_PACKET) {
      const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
      const part = indices.slice(first, first + FILTERS_PER_PACKET)
      const subscriptions = part.map(index => ({ filter: filterAt(index), ...options }))
      const suback = await this.ask({
        type: PacketType.Subscribe,
        ...{ packetId: 1, subscriptions, properties: noProperties },
      })
      const isGranted = suback.type === PacketType.Suback && suback.reasonCodes.every(code => code === 0)
      if (!isGranted) throw new Error(`the broker refused Subscriptions: ${JSON.stringify(suback).slice(0, 100)}`)
      this.load.acknowledgementCount += part.length
    }
  }

  protected override receiveDecoded(packet: Packet): void {
    if (packet.type === PacketType.Publish) this.load.deliveryCount++
    else this.refuse(packet.type << 4)
  }

  protected override receive(firstByte: number): void {
    if (firstByte !== PacketType.Publish << 4) return this.refuse(firstByte)
    this.load.deliveryCount++
  }
}

/** Publishes at QoS 1 to each of its topics in turn. */
export class TopicsPublisher extends BatchPublisher {
  readonly #batches: readonly Buffer[]

  constructor(index: number, topics: readonly string[], port: number, load: LoadState) {
    super(`bench-topics-${index}`, port, load)
    this.#batches = Array.from({ length: Math.floor(topics.length / BATCH_COUNT) }, (_, batch) => {
      const first = batch * BATCH_COUNT
      return Buffer.concat(topics.slice(first, first + BATCH_COUNT).map((topic, at) => packetOf(topic, first + at)))
    })
  }

  get isIdle(): boolean {
    return this.sentCount === this.acknowledgedCount
  }

  protected override batchAt(index: number): Buffer | undefined {
    return this.load.isSending ? this.#batches[index % this.#batches.length] : undefined
  }
}

function packetOf(topic: string, sequence: number): Uint8Array {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 0x2e)
  const packetId = 1 + (sequence % 0xffff)
  const content = { topic, payload, packetId, properties: noProperties }
  return encodePacket({ type: PacketType.Publish, ...content, qos: 1, retain: false, dup: false }, 4)
}
