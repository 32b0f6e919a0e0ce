import type { PublishHeader } from '@curlew/codec'
import type { Message } from '@curlew/protocol'

/** The way from a Session to its Client. Implemented by the connection that the Session is attached to. */
export interface Outlet {
  /** Whether so much waits to be sent that nothing should be added; {@link Session.pump} is called when that is over. */
  readonly isCongested: boolean
  /**
   * Sends a PUBLISH.
   *
   * @param header read before the call returns, not kept
   * @returns `false` when it is larger than the Client takes; then nothing was sent
   */
  publish(message: Message, header: PublishHeader): boolean
  /** Sends a PUBREL. */
  pubrel(packetId: number): void
  /** Ends the connection with 0x97 when the turn is over, because the queue of its Session is full (ADR 0016). */
  evict(): void
  /** Ends the connection because another one has taken the Session [MQTT-3.1.4-3]. */
  takeOver(): void
}
