import type { Connection } from './connection.ts'
import { type AuthenticationMethod, beginExchange } from './enhanced-auth.ts'
import { argumentError, ClientError } from './error.ts'

/**
 * Authenticates anew on the connection there is (section 4.12.1).
 *
 * @param present tells which connection that is
 * @throws {ClientError} by rejecting, as `Client.reauthenticate`
 */
export async function reauthenticate(
  method: AuthenticationMethod | undefined,
  present: () => Connection | undefined,
): Promise<void> {
  const connection = present()
  const offline = new ClientError('ERR_OFFLINE', 'there is no connection of MQTT 5.0', { retryable: true })
  if (!method) throw argumentError('there is no authentication method')
  if (connection?.version !== 5) throw offline
  const { exchange, data } = await beginExchange(method)
  if (connection !== present()) throw offline // it went while the method worked
  await new Promise<void>((resolve, reject) => {
    connection.reauthenticate(exchange, data, error => (error ? reject(error) : resolve()))
  })
}
