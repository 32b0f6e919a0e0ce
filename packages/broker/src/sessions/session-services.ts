import type { PublishHeader } from '@curlew/codec'
import type { PayloadSlab } from '@curlew/protocol'
import type { RetainedMessages } from '../routing/retained-messages.ts'
import type { SharedGroups } from '../routing/shared-groups.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Store } from '../store/store.ts'
import type { Congestion } from './congestion.ts'
import type { QueueLimits } from './message-queue.ts'

export interface SessionLimits extends QueueLimits {
  /** Messages sent to one Client and not acknowledged at most, beside its Receive Maximum. Default 100. */
  inFlightMessagesMax: number
  /** Bytes of such messages; one message is always allowed. Default 1 MiB. */
  inFlightBytesMax: number
}

/** Messages that did not reach a Client, by reason. One object serves all Sessions of a broker. */
export class DropCounters {
  /** QoS 0 while the Client could not keep up. */
  congested = 0
  /** The oldest of a full queue. */
  queueFull = 0
  /** Message Expiry Interval. */
  expired = 0
  /** Larger than the Client's Maximum Packet Size. */
  tooLarge = 0
}

/** What all Sessions of a broker share. */
export interface SessionServices {
  readonly runtime: Runtime
  readonly store: Store
  readonly retained: RetainedMessages
  readonly groups: SharedGroups
  readonly limits: SessionLimits
  readonly drops: DropCounters
  readonly congestion: Congestion
  /** Holds the payloads of messages in flight. */
  readonly slab: PayloadSlab
  /** Filled for each PUBLISH and read at once, so that none is allocated per message. */
  readonly header: PublishHeader
}
