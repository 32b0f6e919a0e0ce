import { Client, type ConnectOptions } from '@curlew/client'
import type { ClientFlags } from './client-flags.ts'
import { connectOptions, noPacketProperties } from './connect-options.ts'
import { connectionFault } from './connection-fault.ts'
import type { ServerAddress } from './server-address.ts'
import { addressBySrv } from './srv-lookup.ts'
import type { StateLine } from './state-line.ts'

/** What a connection is made from. */
export interface SessionPlan {
  readonly flags: ClientFlags
  readonly address: ServerAddress
  readonly state: StateLine
}

/** A connection of one of the tools: the client library with its errors in words for people. */
export class ClientSession {
  readonly client: Client
  readonly #flags: ClientFlags
  readonly #address: ServerAddress
  /** Rejects when the connection is over and will not come back. */
  readonly lost: Promise<never>

  private constructor(client: Client, flags: ClientFlags, address: ServerAddress) {
    this.client = client
    this.#flags = flags
    this.#address = address
    this.lost = client.closed.then(error =>
      error ? Promise.reject(connectionFault(error, flags, address, true)) : new Promise<never>(() => {}),
    )
    this.lost.catch(() => {}) // until somebody waits for it
  }

  /**
   * Connects. Unlike a connection that is lost later, a first one that fails is not tried again.
   *
   * @param more overrides what the flags say
   * @param state shows what becomes of the connection
   * @param prepare is called before anything can come: a Session that is found again brings what has waited in it at once
   * @throws {CommandError} why that failed
   */
  static async open(
    { flags, address: given, state }: SessionPlan,
    more: ConnectOptions,
    prepare: (client: Client) => void = () => {},
  ): Promise<ClientSession> {
    const options = { ...connectOptions(flags, given), ...more }
    if (flags.srv) state.show(`looking up ${given.name}`)
    const address = flags.srv ? await addressBySrv(given) : given
    state.show(`connecting to ${address.name}`)
    try {
      const client = new Client(address.urls, options)
      prepare(client)
      const connected = new Promise<void>(resolve => client.on('connected', () => resolve()))
      client.on('waiting', ({ error, delayMs }) => {
        state.show(`${error.message}; next attempt in ${(delayMs / 1000).toFixed(1)} s`)
      })
      await client.start()
      const error = await Promise.race([connected, client.closed])
      if (error) throw error
      return new ClientSession(client, flags, address)
    } catch (error) {
      state.end()
      throw connectionFault(error, flags, address, false)
    }
  }

  /**
   * Waits for work on the connection, but not beyond its end.
   *
   * @throws {CommandError} why the connection was lost, or what the work threw, in words
   */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    // What fails because the connection is over says only that; the connection says why.
    const told = work.catch(async error => {
      if ((error as { code?: string }).code === 'ERR_CLOSED') await this.lost
      throw connectionFault(error, this.#flags, this.#address, true)
    })
    return Promise.race([told, this.lost])
  }

  /** Says goodbye. @param hasWill whether the Server shall publish the Will, as Mosquitto's tools want it when they are interrupted */
  async close(hasWill = false): Promise<void> {
    const { disconnect } = this.#flags.property ?? noPacketProperties
    // The Session lives as long as CONNECT has said; the client library would end one that it began.
    const properties = { sessionExpiryInterval: undefined, ...disconnect }
    const isFive = this.client.protocolVersion === 5
    await this.client.close({ reasonCode: hasWill && isFive ? 4 : 0, properties })
  }
}
