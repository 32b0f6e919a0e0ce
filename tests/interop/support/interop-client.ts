import { Signal, within } from './bounded-wait.ts'
import { Inbox, type MessageProperties, type QoS } from './inbox.ts'
import type { Link } from './link.ts'

/** MQTT 3.1, 3.1.1 or 5.0, as the Protocol Level byte of CONNECT has it. */
export type ProtocolVersion = 3 | 4 | 5

export const VERSION_NAMES = { 3: 'MQTT 3.1', 4: 'MQTT 3.1.1', 5: 'MQTT 5.0' } as const

export type Transport = 'tcp' | 'ws'

export const TRANSPORT_NAMES = { tcp: 'TCP', ws: 'WebSocket' } as const

export interface Subscription {
  readonly filter: string
  readonly qos: QoS
}

export interface OutgoingMessage {
  readonly topic: string
  readonly payload: string | Buffer
  readonly qos: QoS
  readonly retain?: boolean
  readonly properties?: MessageProperties
}

export interface ConnectOptions {
  readonly version: ProtocolVersion
  readonly transport: Transport
  /** At most 23 characters, which is all that MQTT 3.1 allows. */
  readonly clientId: string
  /** Clean Session, and from MQTT 5.0 on Clean Start. */
  readonly clean: boolean
  /** Session Expiry Interval in seconds; used with MQTT 5.0 only. */
  readonly sessionExpiryInterval: number
  /** Keep Alive in seconds. */
  readonly keepAlive: number
  readonly will?: OutgoingMessage
  /** Sent in one SUBSCRIBE packet as soon as CONNACK is here. */
  readonly subscriptions: readonly Subscription[]
  /** What the Session holds already; for tools that cannot connect without subscribing. Others send nothing. */
  readonly resumes: readonly Subscription[]
}

/** A client of somebody else's making, connected. Every adapter in `clients/` is one of these. */
export abstract class InteropClient {
  readonly inbox: Inbox = new Inbox()
  readonly link: Link
  /** The Reason Codes of SUBACK, one for each of `subscriptions`. Some clients do not tell. */
  granted: readonly number[] | 'unknown' = 'unknown'
  /** Session Present of CONNACK. MQTT 3.1 has none and some clients do not tell. */
  sessionPresent: boolean | 'unknown' = 'unknown'
  readonly #disconnected = new Signal<number | undefined>()

  constructor(link: Link) {
    this.link = link
  }

  /** Resolves when the client has what its QoS promises: written, PUBACK, PUBCOMP. */
  abstract publish(message: OutgoingMessage): Promise<void>

  abstract unsubscribe(filter: string): Promise<void>

  /** Sends DISCONNECT, and resolves when the client has closed. */
  abstract disconnect(): Promise<void>

  /** Stops whatever is left of the client, connected or not. */
  abstract dispose(): Promise<void>

  /** Resolves when the client notices that it is disconnected, to the Reason Code if the Server gave it one. */
  disconnected(): Promise<number | undefined> {
    return within(this.#disconnected.promise, () => 'the client to notice that it is disconnected')
  }

  protected noticeDisconnected(reasonCode?: number): void {
    this.#disconnected.resolve(reasonCode)
  }
}

/** What not every client can do. A scenario names what it needs, a variant what it lacks and why. */
export type Feature =
  | 'QoS 2'
  | 'QoS 2 subscriptions'
  | 'QoS 2 messages handed over at PUBREL'
  | 'many filters in one SUBSCRIBE'
  | 'UNSUBSCRIBE'
  | 'messages right behind CONNACK'
  | 'message properties'
  | 'DISCONNECT that discards the Will Message'
  | 'the Reason Code of DISCONNECT'

/** One way a client family can connect. */
export interface Variant {
  readonly version: ProtocolVersion
  readonly transport: Transport
  readonly lacks: Partial<Record<Feature, string>>
}

/** Clients that are driven alike: a library, or a set of tools. */
export interface ClientFamily {
  readonly name: string
  /** Why it cannot run here, and what would change that. */
  readonly unavailable?: string | undefined
  readonly variants: readonly Variant[]
  /** Starts what all clients of the family need, once a file. */
  start?(): Promise<void>
  stop?(): Promise<void>
  /** Connects and subscribes. `link` leads to the broker's port for `options.transport`. */
  open(options: ConnectOptions, link: Link): Promise<InteropClient>
}

/** Every combination, for families that can do the same in all of them. */
export function variants(versions: readonly ProtocolVersion[], transports: readonly Transport[]): Variant[] {
  return versions.flatMap(version => transports.map(transport => ({ version, transport, lacks: {} })))
}
