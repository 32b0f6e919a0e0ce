import type { Packet, ProtocolVersion } from '@curlew/codec'
import { acknowledgementVectors } from './vectors/acknowledgements.ts'
import { connackVectors } from './vectors/connack.ts'
import { connectVectors } from './vectors/connect.ts'
import { publishVectors } from './vectors/publish.ts'
import { sessionVectors } from './vectors/session.ts'
import { subscriptionVectors } from './vectors/subscriptions.ts'

/** A packet and the bytes that stand for it: the very ones that the encoder writes, and that the decoder must understand. */
export interface Vector {
  readonly name: string
  /** The versions in which these bytes mean this packet. */
  readonly versions: readonly ProtocolVersion[]
  /** In the notation of `notation.ts`. */
  readonly bytes: string
  readonly packet: Packet
}

/** All fifteen Control Packets in all versions, every property, and the edges of every field. */
export const vectors: readonly Vector[] = [
  ...connectVectors,
  ...connackVectors,
  ...publishVectors,
  ...acknowledgementVectors,
  ...subscriptionVectors,
  ...sessionVectors,
]
