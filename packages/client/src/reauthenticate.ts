import { ReasonCode } from '@curlew/codec'
import type { Connection } from './connection.ts'
import { type AuthenticationMethod, beginExchange } from './enhanced-auth.ts'
import { argumentError, ClientError, offlineError } from './error.ts'
import type { ClientRuntime } from './runtime.ts'

/** What the method and the Server have together, in milliseconds: as long as a whole connection may take to open. */
const REAUTHENTICATE_TIMEOUT_MS = 30_000

/** How to authenticate anew. */
export interface ReauthenticateOptions {
  /** How long the method and the Server may take together, in milliseconds. Default 30 000. */
  readonly timeoutMs?: number
}

/**
 * Authenticates anew on the connection there is (section 4.12.1). What the Server does not answer in time ends that connection: an
 * answer that came later could be taken for that of the next exchange.
 *
 * @param present tells which connection that is
 * @throws {ClientError} by rejecting, as `Client.reauthenticate`
 */
export async function reauthenticate(
  method: AuthenticationMethod | undefined,
  present: () => Connection | undefined,
  runtime: ClientRuntime,
  timeoutMs: number = REAUTHENTICATE_TIMEOUT_MS,
): Promise<void> {
  const connection = present()
  if (!method) throw argumentError('there is no authentication method')
  if (connection?.version !== 5) throw offlineError(' of MQTT 5.0')
  const late = new ClientError('ERR_TIMEOUT', 'authenticating anew took too long', { retryable: true })
  let giveUp!: (error: ClientError) => void
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  const cancelTimer = runtime.setTimer(timeoutMs, () => giveUp(late))
  try {
    const { exchange, data } = await Promise.race([beginExchange(method), givenUp])
    if (connection !== present()) throw offlineError() // it went while the method worked
    await new Promise<void>((resolve, reject) => {
      giveUp = error => connection.close(error, ReasonCode.UnspecifiedError)
      connection.reauthenticate(exchange, data, error => (error ? reject(error) : resolve()))
    })
  } finally {
    cancelTimer()
  }
}
