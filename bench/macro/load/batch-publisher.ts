import { type Packet, PacketType } from '@curlew/codec'
import { Connection, plainEndpoint } from './connection.ts'
import type { LoadState } from './load-state.ts'

/** Messages in one write, and half of what one publisher has under way. */
export const BATCH_COUNT = 50

/** Publishes at QoS 1 in batches that are encoded before, two of which may be under way. */
export abstract class BatchPublisher extends Connection {
  protected sentCount = 0
  protected acknowledgedCount = 0

  constructor(clientId: string, port: number, load: LoadState) {
    super(clientId, plainEndpoint(port), load)
  }

  /** Sends as much as may be under way. */
  send(): void {
    while (this.sentCount - this.acknowledgedCount <= BATCH_COUNT) {
      const batch = this.batchAt(this.sentCount / BATCH_COUNT)
      if (batch === undefined) return
      this.write(batch)
      this.sentCount += BATCH_COUNT
    }
  }

  /** The batch that is sent as this one, counted from 0; `undefined`: nothing is sent for now. The last one may be short. */
  protected abstract batchAt(index: number): Buffer | undefined

  protected override receiveDecoded(packet: Packet): void {
    if (packet.type === PacketType.Puback) this.#onPuback()
    else this.refuse(packet.type << 4)
  }

  protected override receive(firstByte: number): void {
    if (firstByte === PacketType.Puback << 4) this.#onPuback()
    else this.refuse(firstByte)
  }

  #onPuback(): void {
    this.acknowledgedCount++
    this.load.acknowledgementCount++
    if (this.acknowledgedCount % BATCH_COUNT === 0) this.send()
  }
}
