import type { QoS, RetainHandling } from '@curlew/codec'
import type { Message } from '@curlew/protocol'

/** What a Session is apart from its subscriptions and messages. */
export interface SessionRecord {
  readonly clientId: string
  /** Seconds; section 3.1.2.11.2. */
  readonly expiryInterval: number
  /** Wall clock, milliseconds since 1970; `undefined` while a Client is connected. */
  readonly disconnectedAtMs: number | undefined
  /** The Will Message that waits for its delay, if the Client went without taking it along. */
  readonly will: WillRecord | undefined
}

export interface WillRecord {
  readonly message: Message
  /** Wall clock, milliseconds since 1970, at which the Will Delay Interval is over. */
  readonly dueAtMs: number
}

export interface SubscriptionRecord {
  readonly filter: string
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: RetainHandling
  readonly identifier: number | undefined
}

/** A QoS 1 or QoS 2 message that a Session has to deliver. */
export interface QueuedRecord {
  /** Position in the Session's queue; grows by at least one per message. The Packet Identifier follows from it. */
  readonly sequence: number
  readonly message: Message
  readonly qos: 1 | 2
  readonly retain: boolean
  readonly subscriptionIdentifiers: readonly number[]
  /** The Shared Subscription that the message came by, if it did. */
  readonly sharedFilter: string | undefined
  /** Whether PUBREC has come, so that only PUBREL is to be sent. */
  readonly isReleased: boolean
}

/** One Session with all that belongs to it, as {@link Store.load} finds it. */
export interface StoredSession extends SessionRecord {
  readonly subscriptions: readonly SubscriptionRecord[]
  /** In the order of `sequence`. */
  readonly queue: readonly QueuedRecord[]
  /** Packet Identifiers of incoming QoS 2 messages whose PUBREL has not come. */
  readonly incoming: readonly number[]
}

/**
 * The truth of everything that survives a connection. Sessions and router tell it each change as it
 * happens; all changes of one turn of the event loop form one **envelope**, which becomes durable as a whole
 * or not at all, after {@link commit}.
 *
 * Whatever is sent because of a change waits until that change is durable: ask {@link isSettled}, and if it is
 * false, wait with {@link whenSettled}. A store that loses everything with the process settles at once.
 *
 * Methods that record a change do not block, do not fail and do no I/O; a store that cannot write any more
 * never settles again.
 */
export interface Store {
  /** What is in the store. Called once, before any change. */
  load(): Promise<StoredState>

  saveSession(record: SessionRecord): void
  /** Forgets the Session, its subscriptions, messages and identifiers. */
  deleteSession(clientId: string): void
  saveSubscription(clientId: string, record: SubscriptionRecord): void
  deleteSubscription(clientId: string, filter: string): void
  /** The message is held or owned (see `Message.hold`); the same object may be queued by many Sessions. */
  enqueue(clientId: string, record: QueuedRecord): void
  /** The message is delivered or dropped. */
  dequeue(clientId: string, sequence: number): void
  /** PUBREC has come for the message. */
  release(clientId: string, sequence: number): void
  acceptIncoming(clientId: string, packetId: number): void
  releaseIncoming(clientId: string, packetId: number): void
  /** Sets the retained message of a topic; `undefined` clears it. */
  saveRetained(topic: string, message: Message | undefined): void

  /** Closes the envelope; called at the end of each turn that changed something. */
  commit(): void
  /** Whether every change told so far is durable. */
  readonly isSettled: boolean
  /** Calls back when every change told so far is durable; callbacks come in the order they were given. */
  whenSettled(callback: () => void): void

  /** Settles what is open and lets go of files. */
  close(): Promise<void>
}

export interface StoredState {
  readonly sessions: readonly StoredSession[]
  readonly retained: readonly Message[]
}
