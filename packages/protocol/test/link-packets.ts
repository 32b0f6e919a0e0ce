import type { ReasonCode } from '@curlew/codec'

/** A PUBLISH between the two ends: what delivery looks at, and the message as its place in the order of publishing. */
export interface PublishPacket {
  readonly type: 'PUBLISH'
  readonly packetId: number
  readonly qos: 1 | 2
  readonly dup: boolean
  readonly content: number
}

/** What the sender receives. */
export interface AckPacket {
  readonly type: 'PUBACK' | 'PUBREC' | 'PUBCOMP'
  readonly packetId: number
  readonly reasonCode: ReasonCode
}

export interface PubrelPacket {
  readonly type: 'PUBREL'
  readonly packetId: number
  readonly reasonCode: ReasonCode
}

/** What the receiver receives. */
export type SentPacket = PublishPacket | PubrelPacket
