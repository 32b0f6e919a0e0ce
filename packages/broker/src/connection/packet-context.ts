import type { Packet, PublishAckType, ReasonCode } from '@curlew/codec'
import type { IncomingTopicAliases } from '@curlew/protocol'
import type { Session } from '../sessions/session.ts'
import type { ConnectionServices } from './services.ts'

/** What the handlers of packets need of their connection; only valid while it is `connected`. */
export interface PacketContext {
  readonly services: ConnectionServices
  readonly session: Session
  readonly incomingAliases: IncomingTopicAliases
  /** Sends an acknowledgement, when what it says is stored. Below 5.0 the Reason Code stays away. */
  acknowledge(type: PublishAckType, packetId: number, reasonCode: ReasonCode): void
  /** Stops reading for a while, for the sake of a receiver that is behind. */
  waitFor(receiver: Session): void
  /** Sends a packet, when what it says is stored. */
  sendWhenStored(packet: Packet): void
}
