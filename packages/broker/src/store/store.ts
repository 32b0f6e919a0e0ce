import type { QoS, RetainHandling } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import type { QueuedRecord } from './queued-record.ts'

/** What a Session is apart from its subscriptions and messages. */
export interface SessionRecord {
  readonly clientId: string
  /** Seconds; section 3.1.2.11.2. */
  readonly expiryInterval: number
  /** Wall clock, milliseconds since 1970; `undefined` while a Client is connected. */
  readonly disconnectedAtMs: number | undefined
  /** The Will Message that has been neither published nor taken back. */
  readonly will: WillRecord | undefined
}

export interface WillRecord {
  /** Does not expire before it is published. */
  readonly message: Message
  /** Seconds from publication to expiry; `undefined`: never. */
  readonly messageExpiryInterval: number | undefined
  /** Seconds; Will Delay Interval. */
  readonly delayInterval: number
  /** Wall clock, milliseconds since 1970, at which the delay is over; `undefined` while the Client is connected. */
  readonly dueAtMs: number | undefined
}

export interface SubscriptionRecord {
  readonly filter: string
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: RetainHandling
  readonly identifier: number | undefined
}

/** What waits in the queue of a stored Session, in numbers; {@link Store.readQueue} has the messages. */
export interface Backlog {
  readonly count: number
  /** As {@link messageBytes} counts them. */
  readonly bytes: number
  /** The next message gets this `sequence`, or a later one. */
  readonly nextSequence: number
  /** The last `sequence` whose PUBREC has come, or -1. */
  readonly lastReleased: number
}

/** One Session with all that belongs to it, as {@link Store.load} finds it. */
export interface StoredSession extends SessionRecord {
  readonly subscriptions: readonly SubscriptionRecord[]
  readonly backlog: Backlog
  /** Packet Identifiers of incoming QoS 2 messages whose PUBREL has not come. */
  readonly incoming: readonly number[]
}

/** Whether a {@link Store} can keep what it is told, and if not, why, for people. */
export type StoreHealth = { readonly isWritable: true } | { readonly isWritable: false; readonly reason: string }

/**
 * The truth of everything that survives a connection. Sessions and router tell it each change as it
 * happens; all changes of one turn of the event loop form one **envelope**, which becomes durable as a whole
 * or not at all, after {@link commit}. Several turns may share an envelope.
 *
 * Whatever is sent because of a change waits until that change is durable: ask {@link isSettled}, and if it is
 * false, wait with {@link whenSettled}. A store that loses everything with the process settles at once.
 *
 * Methods that record a change do not block, do not fail and do no I/O; while a store cannot write, see {@link health}, it
 * does not settle.
 */
export interface Store {
  /** What is in the store. Called once, before any change. */
  load(): Promise<StoredState>

  saveSession(record: SessionRecord): void
  /** Lets a Session go on as another record says, under that one's Client Identifier. */
  renameSession(clientId: string, record: SessionRecord): void
  /** Forgets the Session, its subscriptions, messages and identifiers. */
  deleteSession(clientId: string): void
  saveSubscription(clientId: string, record: SubscriptionRecord): void
  deleteSubscription(clientId: string, filter: string): void
  /** The message is held or owned (see `Message.hold`); the same message may be queued by many Sessions, each with its own record. */
  enqueue(clientId: string, record: QueuedRecord): void
  /** The message is delivered or dropped. Nobody waits for this: a crash may bring the message again. */
  dequeue(clientId: string, record: QueuedRecord): void
  /** PUBREC has come for the message. */
  release(clientId: string, record: QueuedRecord): void
  acceptIncoming(clientId: string, packetId: number): void
  releaseIncoming(clientId: string, packetId: number): void
  /** Sets the retained message of a topic; `undefined` clears it. */
  saveRetained(topic: string, message: Message | undefined): void

  /**
   * Reads queued messages of a Session, so that a Session need not keep them in memory: the first ones from a `sequence` on, in order,
   * at most a page. None means that there are no more.
   *
   * @param onRead may be called before the call returns; is not called while the store cannot read
   */
  readQueue(clientId: string, from: number, onRead: (records: readonly QueuedRecord[]) => void): void

  /** Closes the envelope; called at the end of each turn that changed something. */
  commit(): void
  /** Whether every change told so far that anybody may have to wait for is durable. */
  readonly isSettled: boolean
  /** Calls back when every change told so far is durable; callbacks come in the order they were given. */
  whenSettled(callback: () => void): void
  /** Whether a message that was told with {@link enqueue} is durable. */
  isDurable(record: QueuedRecord): boolean
  /** Whether so much waits for the disk that whoever brings more should be made to wait. */
  readonly isCongested: boolean
  readonly health: StoreHealth
  /** Called when {@link health} has changed. Set by whoever wants to know, one at a time. */
  onHealthChange: (() => void) | undefined
  /** When a change is durable: on stable storage, given to the system that stores it in an interval, or never. */
  readonly durability: 'always' | 'interval' | 'memory'

  /** Settles what is open and lets go of files. */
  close(): Promise<void>
}

export interface StoredState {
  readonly sessions: readonly StoredSession[]
  readonly retained: readonly Message[]
}

/** What one waiting message is taken to cost beside its payload, properties and topic, in bytes. */
const OVERHEAD_BYTES = 64

/** What a message counts in the limits on bytes of queues and of messages in flight. */
export function messageBytes(message: Message): number {
  return message.payloadLength + message.encodedProperties.length + message.topic.length + OVERHEAD_BYTES
}
