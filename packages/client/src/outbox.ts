import type { PublishProperties } from '@curlew/codec'

/** A message as an {@link Outbox} keeps it. */
export interface StoredMessage {
  /** Position in the order of publishing, counted from 0. The Packet Identifier follows from it. */
  readonly sequence: number
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: 1 | 2
  readonly retain: boolean
  /** Message Expiry Interval is what is left of it, in seconds. */
  readonly properties: PublishProperties
  /** Whether its PUBREC has come: it must not be published again. */
  readonly isReleased: boolean
}

/** What an outbox held when it was opened. */
export interface OutboxContents {
  /** In the order of publishing. */
  readonly messages: readonly StoredMessage[]
  /** Packet Identifiers of received QoS 2 messages whose PUBREL has not come. */
  readonly incoming: readonly number[]
}

/**
 * Where what is on its way survives the process. Without one, it lives in memory.
 *
 * The calls record changes and do not throw; {@link settle} says when they are stored. The Client sends a PUBLISH when its
 * message is stored, PUBREL when the release is, and PUBREC when the accepted identifier is: after a crash at any moment the delivery
 * goes on from what is stored, and neither loses nor repeats an acknowledged step [MQTT-4.1.0-1].
 */
export interface Outbox {
  /** Opens it. Called once, before anything else. */
  load(): Promise<OutboxContents>
  append(message: StoredMessage): void
  /** The PUBREC of a QoS 2 message has come. */
  release(sequence: number): void
  /** The message is delivered, refused, expired or cancelled. */
  remove(sequence: number): void
  acceptIncoming(packetId: number): void
  releaseIncoming(packetId: number): void
  /** Forgets the received identifiers: the Server has no Session any more. */
  clearIncoming(): void
  /**
   * Calls back once, when everything recorded so far is on stable storage, in the order of the calls.
   *
   * @param callback gets the fault when it cannot be stored; then nothing later can be either
   */
  settle(callback: (fault?: unknown) => void): void
  close(): Promise<void>
}
