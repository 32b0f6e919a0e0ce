import { BlockList, isIP } from 'node:net'
import type { ByteStream } from '../connection/byte-stream.ts'

/** Where to listen, and for what. */
export interface ListenOptions {
  /** `mqtt`: MQTT over TCP. `ws`: MQTT over WebSocket (section 6), on any path. */
  protocol: 'mqtt' | 'ws'
  /** Default 127.0.0.1. Other than loopback needs {@link insecure} as long as there is no authentication. */
  host?: string
  /** 0, the default, takes any free port. */
  port?: number
  /** Says that anybody who reaches the address may do anything. Default `false`. */
  insecure?: boolean
  /**
   * For `ws`: web pages that may connect, by their origins such as `https://example.org`, or `*` for all. Default: pages of this machine
   * where the listener is on loopback, otherwise all. Programs that are no browsers send no origin.
   */
  origins?: readonly string[]
}

/** Where a listener really listens. */
export interface ListenAddress {
  readonly protocol: 'mqtt' | 'ws'
  readonly host: string
  readonly port: number
  /** For people and clients, such as `mqtt://127.0.0.1:1883`. */
  readonly url: string
}

export interface Listener {
  readonly address: ListenAddress
  /** Stops accepting. Connections that exist go on. */
  close(): Promise<void>
}

/** Takes a new stream; `false` means that the connection gate refuses it, and the stream has been destroyed. */
export type AcceptStream = (stream: ByteStream) => boolean

/** A listener could not start. `code` says why, `message` what to do. */
export class ListenError extends Error {
  readonly code: 'ERR_LISTEN_ADDRESS_IN_USE' | 'ERR_LISTEN_NOT_ALLOWED' | 'ERR_LISTEN_FAILED' | 'ERR_LISTEN_INSECURE'

  constructor(code: ListenError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  override get name(): string {
    return 'ListenError'
  }
}

/** Makes of what the host reports an error that says what to do. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const cause = { cause: error }
  if (error.code === 'EADDRINUSE') {
    const message = `port ${port} on ${host} is taken by another program: stop that program or choose another port`
    return new ListenError('ERR_LISTEN_ADDRESS_IN_USE', message, cause)
  }
  if (error.code === 'EACCES') {
    const message = `port ${port} needs rights that this user has not: choose a port from 1024 on`
    return new ListenError('ERR_LISTEN_NOT_ALLOWED', message, cause)
  }
  const what = error.code === 'EADDRNOTAVAIL' ? `this machine has no address ${host}` : error.message
  return new ListenError('ERR_LISTEN_FAILED', `cannot listen on ${host} port ${port}: ${what}`, cause)
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether an address reaches this machine only. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const family = isIP(host)
  return family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

/** @throws {ListenError} when an open broker would be reachable from other machines without anybody having said so */
export function checkExposure({ host = '127.0.0.1', insecure = false }: ListenOptions): void {
  if (insecure || isLoopback(host)) return
  const message = `${host} can be reached from other machines and nobody would have to log in: listen on 127.0.0.1, or say that this is meant with insecure: true (--insecure)`
  throw new ListenError('ERR_LISTEN_INSECURE', message)
}

/** @returns the URL of a listener, with brackets around an IPv6 address */
export function addressOf(protocol: 'mqtt' | 'ws', host: string, port: number): ListenAddress {
  return { protocol, host, port, url: `${protocol}://${isIP(host) === 6 ? `[${host}]` : host}:${port}` }
}
