import { type Message, type OutgoingDelivery, packetIdAt } from '@curlew/protocol'

/** Stands in {@link QueuedRecord.envelope} for a message that the Store has not been told of. Small numbers, so that V8 keeps them in the record. */
export const UNTOLD = -2
/** Stands there for a message that was delivered before it was written. */
export const ELIDED = -1

/** A QoS 1 or QoS 2 message that a Session has to deliver, waiting or under way. @template Body what is known of the message itself */
export interface QueuedRecord<Body = Message> extends OutgoingDelivery {
  /** Position in the Session's queue; grows by at least one per message. The Packet Identifier follows from it. */
  readonly sequence: number
  readonly message: Body
  readonly qos: 1 | 2
  readonly retain: boolean
  readonly subscriptionIdentifiers: readonly number[]
  /** The Shared Subscription that the message came by, if it did. */
  readonly sharedFilter: string | undefined
  /** Whether PUBREC has come, so that only PUBREL is to be sent. Set by the Session. */
  isReleased: boolean
  /** The Session's own: bytes that the message counts in flight, see `messageBytes`. At its end the message is cold, and asking it again slow. */
  inFlightBytes: number
  /** The Store's own: the envelope it was told of the message in. 0 for what comes from an earlier run. */
  envelope: number
  /** The Store's own: which stored body the message shares with other Sessions, or 0. */
  bodyId: number
}

/** A message that waits and that the Store has not been told of. @param terms what of its Subscriptions goes with it */
export function queuedRecord<Body>(
  sequence: number,
  message: Body,
  qos: 1 | 2,
  retain: boolean,
  { subscriptionIdentifiers, sharedFilter }: Pick<QueuedRecord, 'subscriptionIdentifiers' | 'sharedFilter'>,
): QueuedRecord<Body> {
  return {
    sequence,
    packetId: packetIdAt(sequence),
    message,
    qos,
    retain,
    subscriptionIdentifiers,
    sharedFilter,
    isReleased: false,
    phase: 'waiting',
    usesQuota: false,
    inFlightBytes: 0,
    envelope: UNTOLD,
    bodyId: 0,
  }
}
