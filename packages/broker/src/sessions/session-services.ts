import type { PayloadSlab } from '@curlew/protocol'
import type { RetainedMessages } from '../routing/retained-messages.ts'
import type { SharedGroups } from '../routing/shared-groups.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { QueueLimits } from './backlog.ts'
import type { Congestion } from './congestion.ts'
import type { DropCounters } from './drop-counters.ts'
import type { InFlightLimits } from './in-flight.ts'
import type { OverflowLog } from './overflow-log.ts'
import type { QueuePolicy } from './queue-policy.ts'
import type { SearchTurns } from './search-turns.ts'
import type { Sender } from './sender.ts'
import type { StoreAnswers, ToldStore } from './store-answers.ts'
import type { WaitingTotals } from './waiting-totals.ts'

export interface SessionLimits extends QueueLimits, InFlightLimits {}

/** What all Sessions of a broker share. */
export interface SessionServices {
  readonly runtime: Runtime
  readonly store: ToldStore
  readonly answers: StoreAnswers
  readonly retained: RetainedMessages
  readonly searchTurns: SearchTurns
  readonly groups: SharedGroups
  readonly limits: SessionLimits
  readonly queuePolicy: QueuePolicy
  readonly drops: DropCounters
  readonly overflows: OverflowLog
  readonly waiting: WaitingTotals
  readonly congestion: Congestion
  /** Holds the payloads of messages in flight. */
  readonly slab: PayloadSlab
  readonly sender: Sender
}
