import { emptyPublishHeader, type PublishHeader, type QoS } from '@curlew/codec'
import { isExpired, type Message, NEVER, remainingInterval } from '@curlew/protocol'
import type { DeliveryTerms } from '../routing/subscription.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { QueuedRecord } from '../store/queued-record.ts'
import type { DropCounters } from './drop-counters.ts'
import type { Outlet } from './outlet.ts'

/** Gives Application Messages their headers and sends them; what cannot be sent is counted. One serves all Sessions of a broker. */
export class Sender {
  readonly #runtime: Runtime
  readonly #drops: DropCounters
  /** Filled for each PUBLISH and read at once, so that none is allocated per message. */
  readonly #header = emptyPublishHeader()

  constructor(runtime: Runtime, drops: DropCounters) {
    this.#runtime = runtime
    this.#drops = drops
  }

  /** Sends a message of QoS 0, if the Client is there and keeps up: a Session does not keep it (section 4.1). */
  sendAtMostOnce(outlet: Outlet | undefined, message: Message, retain: boolean, terms: DeliveryTerms): void {
    if (outlet === undefined) return
    if (outlet.isCongested) {
      this.#drops.congested++
      return
    }
    if (this.#isOver(message)) return
    const header = this.#headerOf(message, 0, retain, terms.subscriptionIdentifiers)
    if (!outlet.publish(message, header)) this.#drops.tooLarge++
  }

  /**
   * Sends a message for the first time in this run of the broker.
   *
   * @param isRepeated whether an earlier run may have sent it
   * @returns `false` when it has expired or is too large for the Client [MQTT-3.1.2-25]
   */
  send(outlet: Outlet, record: QueuedRecord, isRepeated: boolean): boolean {
    const { message, packetId, qos, retain, subscriptionIdentifiers } = record
    if (this.#isOver(message)) return false
    const header = this.#headerOf(message, qos, retain, subscriptionIdentifiers)
    header.dup = isRepeated // [MQTT-3.3.1-1]
    header.packetId = packetId
    if (outlet.publish(message, header)) return true
    this.#drops.tooLarge++
    return false
  }

  /** Sends a message that may have been sent before. @returns `false` when it is too large for the Client */
  sendAgain(outlet: Outlet, { message, packetId, qos, retain, subscriptionIdentifiers }: QueuedRecord): boolean {
    const header = this.#headerOf(message, qos, retain, subscriptionIdentifiers)
    header.dup = true // [MQTT-3.3.1-1]
    header.packetId = packetId // [MQTT-4.4.0-1]
    if (outlet.publish(message, header)) return true
    this.#drops.tooLarge++
    return false
  }

  #headerOf(message: Message, qos: QoS, retain: boolean, subscriptionIdentifiers: readonly number[]): PublishHeader {
    const header = this.#header
    const { expiresAt } = message
    header.qos = qos
    header.dup = false // [MQTT-3.3.1-3]
    header.retain = retain
    header.messageExpiryInterval =
      expiresAt === NEVER ? undefined : remainingInterval(expiresAt, this.#runtime.monotonicMs())
    header.subscriptionIdentifiers = subscriptionIdentifiers
    return header
  }

  /** Whether a message has expired before its delivery began; then it is counted [MQTT-3.3.2-5]. */
  #isOver(message: Message): boolean {
    if (message.expiresAt === NEVER || !isExpired(message.expiresAt, this.#runtime.monotonicMs())) return false
    this.#drops.expired++
    return true
  }
}
