import type { Publish } from '@curlew/codec'
import { Violation } from './violation.ts'

interface FirstArrival {
  readonly payload: string
  readonly order: number
}

/**
 * Whether what is sent again on a connection comes in the order in which it was sent first [MQTT-4.6.0-1]. Only messages whose first
 * PUBLISH arrived are known; those that arrive with DUP at once are left out.
 */
export class ResendOrder {
  readonly #client: string
  /** By Packet Identifier. */
  readonly #first = new Map<number, FirstArrival>()
  #count = 0
  /** The order of the last one that was sent again on this connection. */
  #last = 0

  constructor(client: string) {
    this.#client = client
  }

  startConnection(): void {
    this.#last = 0
  }

  /** @param publish of QoS 1 or 2 */
  receive({ packetId, payload, dup, topic }: Publish): void {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1')
    if (!dup) {
      // An identifier that comes anew: the broker was killed before it had stored the message, and goes on from before.
      if (this.#first.has(packetId)) this.#first.clear()
      this.#first.set(packetId, { payload: text, order: ++this.#count })
      return
    }
    const first = this.#first.get(packetId)
    if (first === undefined || first.payload !== text) {
      this.#first.delete(packetId)
      return
    }
    if (first.order < this.#last) {
      const details = `'${topic}' '${text.slice(0, 20)}' with ${packetId} to ${this.#client}`
      throw new Violation('messages are sent again out of order', details)
    }
    this.#last = first.order
  }
}
