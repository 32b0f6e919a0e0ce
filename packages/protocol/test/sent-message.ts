import type { DeliveryPhase, OutgoingDelivery } from '@curlew/protocol'

let count = 0

/** What a sender delivers in these tests: a message that is its content only. */
export class SentMessage<Content> implements OutgoingDelivery {
  readonly content: Content
  readonly packetId: number
  readonly qos: 1 | 2
  /** The order in which they are made. */
  readonly sequence: number = count++
  phase: DeliveryPhase = 'waiting'
  usesQuota = false

  constructor(content: Content, packetId: number, qos: 1 | 2) {
    this.content = content
    this.packetId = packetId
    this.qos = qos
  }
}

export function sent<Content>(content: Content, packetId: number, qos: 1 | 2): SentMessage<Content> {
  return new SentMessage(content, packetId, qos)
}
