import type { Socket } from 'node:net'
import { CommandError, ExitCode } from '../command-error.ts'
import { authority, decoded } from './server-address.ts'

/** A SOCKS5 proxy (RFC 1928). */
export interface Proxy {
  readonly host: string
  readonly port: number
  /** Empty for a proxy that wants none (RFC 1929). */
  readonly userName: string
  readonly password: string
}

/** The port that SOCKS has by custom. */
const SOCKS_PORT = 1080

/** The protocol has one byte for the length of a user name and of a password. */
const CREDENTIAL_BYTES_MAX = 255

/** Why there is no way through a proxy: an error in words for people. */
export class ProxyError extends Error {
  /** What to type next. */
  readonly tries: readonly string[]

  constructor(message: string, tries: readonly string[]) {
    super(message)
    this.tries = tries
  }
}

/**
 * Reads `socks5h://[user[:password]@]host[:port]`. The h says that the proxy looks up the names of hosts, as Mosquitto's tools have it.
 *
 * @throws {CommandError} when it is something else
 */
export function parseProxy(text: string): Proxy {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const fault = (rule: string): never => {
    const shown = text.replace(/:[^:@/]*@/, ':…@')
    const message = `'${shown}' is no URL for --proxy: ${rule}`
    throw new CommandError(ExitCode.Failed, message, ['--proxy socks5h://gateway.example:1080'])
  }
  if (url?.protocol !== 'socks5h:') return fault('it begins with socks5h://, and no other kind of proxy is known')
  if (url.hostname === '' || !/^\/?$/.test(url.pathname + url.search + url.hash)) {
    return fault('behind the scheme comes [user[:password]@]host[:port], and nothing more')
  }
  const [userName, password] = [url.username, url.password].map(decoded) as [string, string]
  if ([userName, password].some(each => Buffer.byteLength(each) > CREDENTIAL_BYTES_MAX)) {
    return fault(`user name and password have at most ${CREDENTIAL_BYTES_MAX} bytes`)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { host, port: url.port === '' ? SOCKS_PORT : Number(url.port), userName, password }
}

/**
 * Opens a connection to a Server through a proxy, which looks up the Server's name.
 *
 * @param open opens the connection to the proxy
 * @throws {ProxyError} when there is none, or the proxy refuses
 */
export async function dialThrough(
  proxy: Proxy,
  to: { readonly host: string; readonly port: number },
  open: (signal: AbortSignal) => Promise<Socket>,
  signal: AbortSignal,
): Promise<Socket> {
  const name = authority(proxy.host, proxy.port)
  const socket = await open(signal).catch(({ message, code }: NodeJS.ErrnoException) => {
    throw new ProxyError(`cannot reach the proxy ${name}: ${message || code}`, ['another --proxy']) // several addresses have no message
  })
  const giveUp = (): void => void socket.destroy()
  signal.addEventListener('abort', giveUp, { once: true })
  socket.on('error', () => {}) // the library says what it means
  try {
    const { SocksClient } = await import('socks') // which few need
    const { host, port, userName: userId, password } = proxy
    await SocksClient.createConnection({
      command: 'connect',
      proxy: { host, port, type: 5, userId, password },
      destination: to,
      existing_socket: socket,
    })
    return socket
  } catch (error) {
    socket.destroy()
    // The library's error has the password in it, so it is not handed on as the cause.
    const message = `the proxy ${name} gives no connection to ${authority(to.host, to.port)}: ${(error as Error).message}`
    throw new ProxyError(message, refusalTries(proxy, name))
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function refusalTries({ userName }: Proxy, name: string): string[] {
  const unknown = `--proxy socks5h://<user>:<password>@${name}, if it wants to know who asks`
  const known = `another user name or password than that of ${userName} in --proxy`
  return ['another -h or -p, as the proxy knows them', userName === '' ? unknown : known]
}
