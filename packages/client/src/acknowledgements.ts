import type { ReasonCode } from '@curlew/codec'
import { PacketIdTable } from '@curlew/protocol'
import { Fifo } from './fifo.ts'
import type { Acknowledger } from './message.ts'

/** A PUBLISH of QoS 1 or 2 that the application has and has not acknowledged. */
export class PendingAcknowledgement implements Acknowledger {
  readonly packetId: number
  readonly #owner: Acknowledgements
  /** Subscriptions that have not acknowledged. */
  #awaited: number
  /** In which connection's order it stands, counted from 0; {@link Acknowledgements}' own. */
  connection = 0
  /** The first failure of any Subscription, otherwise success. */
  reasonCode: ReasonCode = 0

  constructor(packetId: number, awaited: number, owner: Acknowledgements) {
    this.packetId = packetId
    this.#awaited = awaited
    this.#owner = owner
  }

  get isReady(): boolean {
    return this.#awaited === 0
  }

  acknowledge(reasonCode: ReasonCode): void {
    this.reasonCode ||= reasonCode
    if (--this.#awaited === 0) this.#owner.processed(this)
  }
}

/**
 * Acknowledgements of one QoS: the application gives them in any order, the Server gets them in the order in which the
 * messages came [MQTT-4.6.0-2], [MQTT-4.6.0-3]. There are at most as many as Packet Identifiers.
 */
export class Acknowledgements {
  readonly #send: (packetId: number, reasonCode: ReasonCode) => void
  readonly #onProcessed: (packetId: number, reasonCode: ReasonCode) => void
  #pending = new PacketIdTable<PendingAcknowledgement>()
  /** Connections that are over. */
  #connection = 0
  /** Those of this connection, in order. */
  readonly #order = new Fifo<PendingAcknowledgement>()

  /** @param onProcessed hears of each message once, when nobody has to acknowledge it any more, connected or not */
  constructor(
    send: (packetId: number, reasonCode: ReasonCode) => void,
    onProcessed: (packetId: number, reasonCode: ReasonCode) => void = () => {},
  ) {
    this.#send = send
    this.#onProcessed = onProcessed
  }

  /** Messages of this connection that have not been acknowledged to the Server. */
  get size(): number {
    return this.#order.size
  }

  /**
   * A message has come.
   *
   * @param count of Subscriptions that must acknowledge it; 0 if there is none
   * @param isNew whether it cannot be one that came on an earlier connection: what had its identifier then, the Server has given up
   * @returns `undefined` when the application has the message already: it came on an earlier connection of the Session
   */
  expect(packetId: number, count: number, isNew: boolean): PendingAcknowledgement | undefined {
    const known = this.#pending.get(packetId)
    if (known && (!isNew || known.connection === this.#connection)) {
      this.#enqueue(known)
      return undefined
    }
    if (known) this.#pending.remove(known)
    const pending = new PendingAcknowledgement(packetId, count, this)
    this.#pending.add(pending)
    this.#enqueue(pending)
    if (count === 0) this.#onProcessed(packetId, pending.reasonCode)
    return pending
  }

  /** {@link PendingAcknowledgement} is ready. */
  processed(pending: PendingAcknowledgement): void {
    if (this.#pending.get(pending.packetId) === pending) this.#onProcessed(pending.packetId, pending.reasonCode)
    this.flush()
  }

  /** Sends what is due. */
  flush(): void {
    for (let first = this.#order.peek(); first?.isReady; first = this.#order.peek()) {
      this.#order.shift()
      if (this.#pending.get(first.packetId) === first) this.#pending.remove(first)
      this.#send(first.packetId, first.reasonCode)
    }
  }

  /** The connection is gone. What the application acknowledges now waits for the Server to send the message again. */
  detach(): void {
    this.#connection++
    this.#order.clear()
  }

  #enqueue(pending: PendingAcknowledgement): void {
    pending.connection = this.#connection
    this.#order.push(pending)
  }

  /** The Session is gone: nothing will be sent again. */
  forget(): void {
    this.#order.clear()
    this.#pending = new PacketIdTable()
  }
}
