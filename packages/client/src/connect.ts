import { Client } from './client.ts'
import type { ConnectOptions } from './options.ts'

/**
 * Connects to a Server.
 *
 * @param urls `mqtt://`, `mqtts://`, `ws://` or `wss://`; of several, the first that accepts. Browsers know the last two only
 * @returns when a Server has accepted; with `startsOffline`, at once
 * @throws {ClientError} why the last Server could not be reached or refused, when all have been tried once
 * @example
 * const client = await connect('mqtt://127.0.0.1:1883')
 * await client.publish('hello', 'world')
 * await client.close()
 */
export async function connect(
  urls: string | URL | readonly (string | URL)[],
  options: ConnectOptions = {},
): Promise<Client> {
  const client = new Client(Array.isArray(urls) ? urls : [urls as string | URL], options)
  await client.start()
  if (options.startsOffline) return client
  const connected = new Promise<undefined>(resolve => client.on('connected', () => resolve(undefined)))
  const error = await Promise.race([connected, client.closed])
  if (error || client.state === 'closed') throw error ?? new Error('closed')
  return client
}
