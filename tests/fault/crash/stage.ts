import { type Packet, PacketType, packetTypeName } from '@curlew/codec'
import { idOf, Message, type MessageTerms } from './message.ts'
import { Timeline } from './timeline.ts'

/** What can be wrong, one column of the results each. */
export const faultKinds = {
  lost: 'deliveries of acknowledged messages that never came',
  duplicatedQoS2: 'QoS 2 messages that a subscriber got twice',
  invented: 'messages that nobody sent, or that the subscriber had not asked for',
  outOfOrder: 'messages of one publisher on one topic whose first deliveries came in the wrong order',
  retainedWrong: 'retained messages that are not the last acknowledged write or a later one',
  sessionsLost: 'Sessions that the broker said it did not have any more, or should not have had',
  subscriptionsWrong: 'subscriptions that were not as last acknowledged',
  willsLost: 'Wills that did not come out',
  unmarkedDuplicates: 'repeated deliveries without DUP',
  protocolErrors: 'packets that do not belong there, refusals, connections closed for no reason',
  stuck: 'times that the broker did not get on for 20 seconds',
} as const

export type FaultKind = keyof typeof faultKinds

/** Examples kept of each kind of fault. */
const EXAMPLES_MAX = 5

/** What all clients of one run share. */
export class Stage {
  readonly timeline: Timeline = new Timeline()
  /** Every message that was ever sent, by its payload. */
  readonly messages: Map<string, Message> = new Map()
  /** Where the broker listens; `undefined` while it does not. */
  port: number | undefined
  /** Network Connections whose end has not been seen. */
  connectionCount = 0
  /** The client whose packets are written to standard error. */
  tracedClientId: string | undefined
  /** Once true, clients stop changing things of their own accord. */
  isEnding = false
  readonly faultCounts: Record<FaultKind, number>
  readonly examples: string[] = []

  constructor() {
    this.faultCounts = Object.fromEntries(Object.keys(faultKinds).map(kind => [kind, 0])) as Record<FaultKind, number>
  }

  /** Makes a message known before it is sent. */
  createMessage(terms: MessageTerms): Message {
    const { timeline } = this
    const message = new Message(terms, timeline.advance(), timeline.round)
    if (terms.payload !== '') this.messages.set(terms.payload, message)
    return message
  }

  /** Tells a packet of the traced client, for whoever looks for the reason of a fault. */
  trace(clientId: string, direction: '<' | '>', packet: Packet): void {
    if (clientId !== this.tracedClientId) return
    const { round, now } = this.timeline
    const told = ['packetId', 'qos', 'dup', 'retain', 'topic', 'reasonCode', 'reasonCodes', 'sessionPresent', 'filters']
    const fields: Record<string, unknown> = Object.fromEntries(
      Object.entries(packet).filter(([name]) => told.includes(name)),
    )
    if (packet.type === PacketType.Publish) fields['payload'] = idOf(packet.payload)
    if (packet.type === PacketType.Subscribe) fields['filters'] = packet.subscriptions.map(({ filter }) => filter)
    process.stderr.write(
      `${round} ${now} ${clientId} ${direction} ${packetTypeName(packet.type)} ${JSON.stringify(fields)}\n`,
    )
  }

  report(kind: FaultKind, what: string): void {
    if (++this.faultCounts[kind] <= EXAMPLES_MAX) {
      this.examples.push(`${kind}: ${what} (round ${this.timeline.round}, event ${this.timeline.now})`)
    }
  }
}
