import type { Publish, Suback, Unsuback, Will } from '@curlew/codec'
import type { SimulatedClient } from './simulated-client.ts'
import type { Link } from './simulated-network.ts'

/** What a client is for. Calls come in the order of what happens on its connection. */
export interface ClientRole {
  client: SimulatedClient
  /** @param link the connection that it is for */
  will?(link: Link): Will | undefined
  /** Seconds: the Session Expiry Interval of the next connection, where it is not that of all. */
  expiryInterval?(): number
  /** CONNACK has come; what is unfinished has been sent again. */
  onOnline?(isSessionPresent: boolean): void
  /** The connection, which was online, is over. */
  onOffline?(parting: Parting): void
  /** @param isSeen whether the application sees it; not when a QoS 2 identifier is known */
  onPublish?(packet: Publish, isSeen: boolean): void
  onSubscribed?(packet: Suback | Unsuback): void
  /** Milliseconds until it connects again, where it is not what the profile says. */
  readonly awayMs?: number
  /** What the client had in memory is gone. */
  onForgotten?(): void
  /** It is about to connect with Clean Start, until a CONNACK says that it has begun anew. */
  onStartAnew?(): void
}

/** How a connection came to its end. */
export type Parting =
  /** DISCONNECT was sent, and the broker has certainly heard it before anything else. */
  | 'taken leave'
  /** DISCONNECT was sent; whether the broker heard it is not known. */
  | 'uncertain'
  /** Without a word. */
  | 'lost'
