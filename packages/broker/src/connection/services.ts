import type { PublishForms, TopicNames } from '@curlew/codec'
import type { Router } from '../routing/router.ts'
import type { Log } from '../runtime/log.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { TimerWheel } from '../runtime/timer-wheel.ts'
import type { Congestion } from '../sessions/congestion.ts'
import type { DropCounters } from '../sessions/drop-counters.ts'
import type { OverflowLog } from '../sessions/overflow-log.ts'
import type { QueuePolicy } from '../sessions/queue-policy.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { StoreAnswers, ToldStore } from '../sessions/store-answers.ts'
import type { AuthenticationMethod } from './authentication.ts'
import type { Capabilities } from './capabilities.ts'
import type { ConnectionLimits } from './limits.ts'
import type { Turn } from './turn.ts'
import type { WriterPool } from './writer-pool.ts'

/** Numbers of all connections of a broker; read by whoever shows them. */
export class ConnectionCounters {
  opened = 0
  closed = 0
  receivedBytes = 0
  sentBytes = 0
  receivedPackets = 0
  sentPackets = 0
  receivedConnects = 0
  receivedPublishes = 0
  sentPublishes = 0
  /** Bytes of payloads, of PUBLISH packets that were taken. */
  receivedPayloadBytes = 0
  sentPayloadBytes = 0
  /** PUBLISH packets that were refused, with their own answer or in silence as the version allows. */
  deniedPublishes = 0
  /** Connections that were ended because the queue of their Session was full (`disconnect` of `QueuePolicy`). */
  evicted = 0
  /** Connections that the broker ended, by Reason Code. There are 43 codes. */
  readonly endedByReason: Map<number, number> = new Map()
}

/** What a Client that has just been connected or has gone looks like from outside. */
export interface ClientInfo {
  readonly clientId: string
  readonly protocolVersion: 3 | 4 | 5
  readonly remoteAddress: string
}

/** Where connections report what the application may want to know. */
export interface ConnectionObserver {
  connected(client: ClientInfo): void
  /** @param reason for people; @param reasonCode of DISCONNECT, sent or received, if there was one */
  disconnected(client: ClientInfo, reason: string, reasonCode: number | undefined): void
}

/** What all connections of a broker share. */
export interface ConnectionServices {
  readonly runtime: Runtime
  readonly timers: TimerWheel
  readonly store: ToldStore
  readonly answers: StoreAnswers
  readonly router: Router
  readonly registry: SessionRegistry
  readonly congestion: Congestion
  readonly queuePolicy: QueuePolicy
  readonly drops: DropCounters
  readonly overflows: OverflowLog
  readonly turn: Turn
  readonly writers: WriterPool
  readonly publishForms: PublishForms
  readonly topicNames: TopicNames
  readonly limits: ConnectionLimits
  readonly capabilities: Capabilities
  /** By name; empty unless the application brings some. */
  readonly authenticationMethods: ReadonlyMap<string, AuthenticationMethod>
  /** Seconds; see the registry's limit of the same name. */
  readonly sessionExpiryIntervalMax: number
  readonly log: Log
  readonly counters: ConnectionCounters
  readonly observer: ConnectionObserver
}
