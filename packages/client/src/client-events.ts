import type { ConnackProperties } from '@curlew/codec'
import type { ClientError } from './error.ts'
import type { ReceivedMessage } from './message.ts'

/**
 * Where a Client stands.
 *
 *     connecting ─▶ connected ── lost ─▶ waiting ─▶ connecting
 *         └──────────────┴──────────────────┴── close(), or nothing can heal it ─▶ closed
 */
export type ClientState = 'connecting' | 'connected' | 'waiting' | 'closed'

/** What a Client tells, by name. */
export interface ClientEvents {
  /** The state has changed. `error` is why it is not `connected`, where there is a reason. */
  state: { readonly state: ClientState; readonly error: ClientError | undefined }
  /** A connection has been accepted. */
  connected: { readonly sessionPresent: boolean; readonly server: ConnackProperties }
  /** A connection is over. */
  disconnected: ClientError
  /** The next attempt comes after `delayMs`. */
  waiting: { readonly delayMs: number; readonly error: ClientError }
  /** Something failed that no promise tells of: a handler that threw, a Subscription that was not renewed, an outbox. */
  error: ClientError
  /** A message came that no Subscription is for; it has been acknowledged. */
  unhandled: ReceivedMessage
}
