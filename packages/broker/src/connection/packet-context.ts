import type { Packet, ProtocolVersion, PublishAckType, ReasonCode } from '@curlew/codec'
import type { IncomingTopicAliases } from '@curlew/protocol'
import type { SlowReceiver } from '../sessions/congestion.ts'
import type { Session } from '../sessions/session.ts'
import type { Acknowledgements } from './acknowledgements.ts'
import type { Output } from './output.ts'
import type { ConnectionServices } from './services.ts'

/** What the handlers of packets need of their connection; only valid while it is `connected`. */
export interface PacketContext {
  readonly services: ConnectionServices
  readonly session: Session
  readonly version: ProtocolVersion
  readonly output: Output
  readonly acknowledgements: Acknowledgements
  readonly incomingAliases: IncomingTopicAliases
  /** Sends an acknowledgement, when what it says is stored. Below 5.0 the Reason Code stays away. */
  acknowledge(type: PublishAckType, packetId: number, reasonCode: ReasonCode): void
  /** Ends the connection. @param message for people */
  close(reasonCode: ReasonCode, message: string): void
  /** Stops reading for a while, for the sake of a receiver that is behind. */
  waitFor(receiver: SlowReceiver): void
  /** Sends a packet, when what it says is stored. @param saysStored `false` when it says nothing of the kind; default `true` */
  sendWhenStored(packet: Packet, saysStored?: boolean): void
}
