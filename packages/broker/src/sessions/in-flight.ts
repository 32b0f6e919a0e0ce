import type { ReasonCode } from '@curlew/codec'
import { type AfterPubrec, OutgoingDeliveries, packetIdAt } from '@curlew/protocol'
import type { QueuedRecord } from '../store/queued-record.ts'
import { messageBytes } from '../store/store.ts'
import type { Backlog } from './backlog.ts'

export interface InFlightLimits {
  /** Messages sent to one Client and not acknowledged at most, beside its Receive Maximum. Default 100. */
  inFlightMessagesMax: number
  /** Bytes of such messages; one message is always allowed. Default 1 MiB. */
  inFlightBytesMax: number
}

/**
 * The messages of a Session that have been sent and are not finished, on this Network Connection or an earlier one, within the limits
 * on their number and bytes.
 *
 * After a restart it begins with those that the earlier run may have sent: the first of what was stored. Until {@link resume} has
 * seen them nothing may be sent.
 */
export class InFlight {
  readonly #limits: InFlightLimits
  readonly #deliveries: OutgoingDeliveries<QueuedRecord>
  #bytes = 0
  #receiveMaximum: number
  /**
   * What is stored of an earlier run and has not been looked at: the first messages may have been sent then. The last sequence
   * whose PUBREC has come, or -1; `undefined` when there is no such thing.
   */
  #unresumed: number | undefined

  constructor(limits: InFlightLimits) {
    this.#limits = limits
    this.#receiveMaximum = limits.inFlightMessagesMax
    this.#deliveries = new OutgoingDeliveries(limits.inFlightMessagesMax)
  }

  get count(): number {
    return this.#deliveries.size
  }
  /** Whether something is to be sent again. */
  get hasResends(): boolean {
    return this.#deliveries.hasResends
  }
  /** Whether the Receive Maximum allows one more. */
  get hasQuota(): boolean {
    return this.#deliveries.hasQuota
  }
  /** Whether it is not known yet what an earlier run has sent. */
  get isUnresumed(): boolean {
    return this.#unresumed !== undefined
  }

  /** Whether an earlier run may have sent a message of QoS 2 that is queued: then it must stay with the Session [MQTT-4.8.2-4]. */
  mustKeep({ qos }: QueuedRecord): boolean {
    return qos === 2 && this.isUnresumed
  }

  /** Takes over that an earlier run had messages. @param lastReleased the last sequence whose PUBREC has come, or -1 */
  restore(lastReleased: number): void {
    this.#unresumed = lastReleased
  }

  /** Begins a Network Connection: what is unfinished is to be sent again. @param receiveMaximum of the Client */
  attach(receiveMaximum: number, queue: Backlog): void {
    this.#receiveMaximum = Math.min(receiveMaximum, this.#limits.inFlightMessagesMax)
    this.resume(queue)
    this.#deliveries.resume(this.#receiveMaximum) // [MQTT-3.3.4-9]
  }

  /** More of the queue has been read, of which an earlier run may have sent the first messages. */
  onFilled(queue: Backlog): void {
    if (!this.isUnresumed) return
    this.resume(queue)
    this.#deliveries.resume(this.#receiveMaximum)
  }

  /**
   * Takes messages that an earlier run had queued out of the queue. Which of them had been sent is not known, so what could have been
   * counts as sent: DUP says "might be" (section 3.3.1.1).
   */
  resume(queue: Backlog): void {
    if (this.#unresumed === undefined) return
    const { inFlightMessagesMax } = this.#limits
    if (!queue.hasLoaded(inFlightMessagesMax, this.#unresumed)) return
    this.#unresumed = undefined
    let index = 0
    let hasWaiting = false
    queue.takeOut(record => {
      hasWaiting ||= index++ >= inFlightMessagesMax || this.#deliveries.isInUse(record.packetId)
      if (hasWaiting && !record.isReleased) return false
      this.#deliveries.restore(record, record.isReleased)
      this.#count(record)
      return true
    })
  }

  /** Whether the message with this sequence may be sent now. */
  hasRoomFor(sequence: number): boolean {
    if (this.#unresumed !== undefined || !this.#deliveries.hasQuota) return false
    if (this.#bytes > this.#limits.inFlightBytesMax && this.#deliveries.size > 0) return false
    return !this.#deliveries.isInUse(packetIdAt(sequence)) // one never acknowledged holds up those 65 535 behind it
  }

  /** A message has been sent for the first time; {@link hasRoomFor} has been asked. */
  start(record: QueuedRecord): void {
    this.#deliveries.start(record)
    this.#count(record)
  }

  /** See {@link OutgoingDeliveries.nextResend}. */
  nextResend(): QueuedRecord | undefined {
    return this.#deliveries.nextResend()
  }

  /** See {@link OutgoingDeliveries.unfinished}. */
  unfinished(): QueuedRecord[] {
    return this.#deliveries.unfinished()
  }

  /** @returns what is under way with this Packet Identifier */
  recordOf(packetId: number): QueuedRecord | undefined {
    return this.#deliveries.get(packetId)
  }

  /** @returns what it has finished */
  puback(packetId: number): QueuedRecord | undefined {
    return this.#leave(this.#deliveries.puback(packetId))
  }

  /** See {@link OutgoingDeliveries.pubrec}. */
  pubrec(packetId: number, reasonCode: ReasonCode): AfterPubrec {
    const record = this.recordOf(packetId)
    const after = this.#deliveries.pubrec(packetId, reasonCode)
    if (after === 'finished') this.#leave(record)
    return after
  }

  /** @returns what it has finished */
  pubcomp(packetId: number): QueuedRecord | undefined {
    return this.#leave(this.#deliveries.pubcomp(packetId))
  }

  /** Ends a delivery that cannot go on, or goes on elsewhere. */
  abandon(packetId: number): QueuedRecord | undefined {
    return this.#leave(this.#deliveries.abandon(packetId))
  }

  #count(record: QueuedRecord): void {
    record.inFlightBytes = messageBytes(record.message)
    this.#bytes += record.inFlightBytes
  }

  #leave(record: QueuedRecord | undefined): QueuedRecord | undefined {
    if (record !== undefined) this.#bytes -= record.inFlightBytes
    return record
  }
}
