import type { Log } from '../runtime/log.ts'
import type { ByteStream } from './byte-stream.ts'
import type { Connection } from './connection.ts'

/** How many connections are let in. */
export interface GateLimits {
  /** Connections at most. Default 100 000. */
  connectionsMax: number
  /** Connections from one address at most, loopback excepted. Default 1 000. */
  connectionsPerAddressMax: number
}

/** The connections that exist, and the decision whether one more may. It falls before a byte is read. */
export class ConnectionGate {
  readonly #limits: GateLimits
  readonly #log: Log
  readonly #connections = new Set<Connection>()
  readonly #perAddress = new Map<string, number>()
  #onEmpty: (() => void) | undefined
  /** Connections that were not let in. */
  refused = 0

  constructor(limits: GateLimits, log: Log) {
    this.#limits = limits
    this.#log = log
  }

  get count(): number {
    return this.#connections.size
  }

  /** Bytes of output that the host has not taken, of all connections. Looks at each of them. */
  get pendingBytes(): number {
    let bytes = 0
    for (const { output } of this.#connections) bytes += output.pendingBytes
    return bytes
  }

  connections(): Connection[] {
    return [...this.#connections]
  }

  allows({ remoteAddress }: ByteStream): boolean {
    const { connectionsMax, connectionsPerAddressMax } = this.#limits
    if (this.#connections.size >= connectionsMax)
      return this.#refuse(remoteAddress, `connectionsMax is ${connectionsMax}`)
    const count = this.#perAddress.get(remoteAddress) ?? 0
    if (count < connectionsPerAddressMax || isLocal(remoteAddress)) return true
    return this.#refuse(remoteAddress, `connectionsPerAddressMax is ${connectionsPerAddressMax}`)
  }

  enter(connection: Connection): void {
    this.#connections.add(connection)
    const { remoteAddress } = connection
    this.#perAddress.set(remoteAddress, (this.#perAddress.get(remoteAddress) ?? 0) + 1)
  }

  leave(connection: Connection): void {
    if (!this.#connections.delete(connection)) return
    const { remoteAddress } = connection
    const count = this.#perAddress.get(remoteAddress)! - 1
    if (count === 0) this.#perAddress.delete(remoteAddress)
    else this.#perAddress.set(remoteAddress, count)
    if (this.#connections.size === 0) this.#onEmpty?.()
  }

  /** Resolves when no connection is left. */
  whenEmpty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#onEmpty = resolve
    })
  }

  #refuse(remoteAddress: string, message: string): false {
    this.refused++
    this.#log.warn('connection not accepted', { remoteAddress, message })
    return false
  }
}

/** Loopback, also as IPv6 shows IPv4, and streams without an address. */
function isLocal(remoteAddress: string): boolean {
  return /^(::ffff:)?127\.|^::1$|^in process$/.test(remoteAddress)
}
