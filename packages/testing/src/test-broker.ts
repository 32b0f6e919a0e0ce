import { createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Broker, type BrokerOptions, type BrokerStats, type ClientInfo, createBroker } from '@curlew/broker'
import { type Client, type ConnectOptions, connect, duplexStream, hostRuntime, type Transport } from '@curlew/client'
import { duplexPair } from '@curlew/client/in-process'
import { isFailure, PacketType } from '@curlew/codec'
import { matchesTopicFilter } from '@curlew/protocol'
import { FreezableRuntime } from './freezable-runtime.ts'
import { Link } from './link.ts'
import { ConnectionReader, PacketLog, type PacketRecord, type PublishedMessage } from './packet-log.ts'
import { closeServer, listenOnLoopback } from './sockets.ts'
import { VirtualTime } from './virtual-time.ts'
import { type WaitOptions, Waits } from './waits.ts'

/** Everything about a test broker can be left out. Beside these, all options of `createBroker`. */
export interface TestBrokerOptions extends Omit<BrokerOptions, 'runtime'> {
  /** `virtual`: time stands still until {@link TestBroker.advance} moves it, for the broker and its Clients. Default `real`. */
  time?: 'real' | 'virtual'
  /** What the wall clock shows at first in virtual time, in milliseconds since 1970. Default: the beginning of 2026. */
  startMs?: number
  /** Milliseconds of real time that a `waitFor…` waits at most, unless told otherwise. Default 5 000. */
  waitMs?: number
  /** Packets that are remembered; then the oldest go. Default 10 000. */
  packetsMax?: number
}

/** A Client, or the Client Identifier of one. */
export type ClientOrId = Client | string

interface OpenLink {
  readonly link: Link
  readonly reader: ConnectionReader
  readonly runtime: FreezableRuntime | undefined
}

/**
 * Starts a broker for a test.
 *
 * @example
 * await using broker = await startTestBroker({ time: 'virtual' })
 * const client = await broker.client({ clientId: 'kettle' })
 */
export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  return new TestBroker(options)
}

/**
 * A broker inside a test, with Clients that need no socket: see {@link startTestBroker}. Closing it closes them.
 *
 * @example
 * const phone = await broker.client({ clientId: 'phone' })
 * await phone.publish('kettle/switch', 'on')
 * const { text } = await broker.waitForDelivery(kettle, 'kettle/switch')
 */
export class TestBroker {
  /** The broker itself. Who connects to listeners of its own is not seen by the log. */
  readonly broker: Broker
  /** What passes between Clients and broker, decoded. */
  readonly packets: PacketLog
  /** The clock; `undefined` in real time. */
  readonly time: VirtualTime | undefined
  /** Whether connections can be made; `false` is a broker that cannot be reached. Those there are stay. */
  isReachable = true
  readonly #waits: Waits
  readonly #startedMs = performance.now()
  readonly #links = new Set<OpenLink>()
  readonly #connected = new Map<string, ClientInfo>()
  readonly #clients: Client[] = []
  readonly #servers: Server[] = []
  /** Messages that {@link waitForMessage} or {@link waitForDelivery} have given. */
  readonly #given = new WeakSet<PacketRecord>()
  #connections = 0
  #closing: Promise<void> | undefined

  constructor({ time, startMs, waitMs = 5_000, packetsMax = 10_000, ...options }: TestBrokerOptions = {}) {
    this.time = time === 'virtual' ? new VirtualTime(startMs) : undefined
    this.packets = new PacketLog(packetsMax)
    this.#waits = new Waits(waitMs)
    this.broker = createBroker(this.time ? { ...options, runtime: this.time.brokerRuntime } : options)
    this.broker.on('connected', client => {
      this.#connected.set(client.clientId, client)
      this.#noteActivity()
    })
    this.broker.on('disconnected', ({ clientId }) => {
      this.#connected.delete(clientId)
      this.#noteActivity()
    })
  }

  /**
   * Connects a Client without a socket. It shares the broker's time.
   *
   * @throws {ClientError} as `connect`
   * @example
   * const phone = await broker.client({ clientId: 'phone', protocolVersion: 4 })
   */
  async client(options: ConnectOptions = {}): Promise<Client> {
    const runtime = new FreezableRuntime(options.runtime ?? this.time?.clientRuntime ?? hostRuntime)
    const transport: Transport = {
      connect: async () => {
        const [ours, far] = duplexPair()
        await this.#attach(far, runtime)
        return duplexStream(ours)
      },
    }
    const client = await connect([], { ...options, runtime, transport })
    this.#clients.push(client)
    return client
  }

  /**
   * Opens a port of the loopback for Clients that need a socket; they are logged, frozen and cut like the others.
   *
   * @returns a URL
   * @example
   * const url = await broker.listen() // such as mqtt://127.0.0.1:40123
   */
  async listen(): Promise<string> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, socket => {
      this.#attach(socket, undefined).catch(() => socket.destroy())
    })
    this.#servers.push(server)
    return listenOnLoopback(server)
  }

  /** Client Identifiers of those that are connected, in the order they came. */
  get clientIds(): string[] {
    return [...this.#connected.keys()]
  }

  /** What the broker counts. */
  stats(): BrokerStats {
    return this.broker.stats()
  }

  /**
   * Lets virtual time go on, and everything happen that falls due.
   *
   * @throws {Error} in real time
   * @example
   * await broker.advance(60_000) // a minute of Keep Alive, in no time
   */
  async advance(durationMs: number): Promise<void> {
    if (!this.time) throw new Error("only virtual time can be advanced: startTestBroker({ time: 'virtual' })")
    await this.time.advance(durationMs)
  }

  /**
   * Breaks a Client's connection: neither end hears a goodbye.
   *
   * @returns when the broker has noticed
   * @example
   * await broker.drop(kettle)
   */
  async drop(client: ClientOrId): Promise<void> {
    const clientId = idOf(client)
    for (const { link } of this.#linksOf(clientId)) link.cut()
    await this.waitForDisconnect(clientId)
  }

  /**
   * Stops a Client as if its process stood still: it reads nothing, sends nothing, and its timers do not run.
   *
   * @example
   * broker.freeze('kettle')
   * await broker.advance(91_000) // Keep Alive is 60 seconds, and the broker waits half as long again
   */
  freeze(client: ClientOrId): void {
    for (const { link, runtime } of this.#linksOf(idOf(client))) {
      link.freeze()
      runtime?.freeze()
    }
  }

  /**
   * Lets a frozen Client go on: all that was held up comes now.
   *
   * @example
   * broker.freeze(kettle)
   * broker.thaw(kettle)
   */
  thaw(client: ClientOrId): void {
    for (const { link, runtime } of this.#linksOf(idOf(client))) {
      link.thaw()
      runtime?.thaw()
    }
  }

  /**
   * The next message that a Client publishes on a Topic Filter, or has published; each message is given once. What the broker publishes
   * by itself, such as a Will, is seen by {@link waitForDelivery}.
   *
   * @example
   * void kettle.publish('kettle/temperature', '96.5')
   * const { clientId, text } = await broker.waitForMessage('kettle/+')
   */
  waitForMessage(filter = '#', options?: WaitOptions): Promise<PublishedMessage> {
    return this.#waitForPublish('to-broker', filter, undefined, options)
  }

  /**
   * The next message that the broker sends to a Client on a Topic Filter, or has sent; each is given once.
   *
   * @example
   * await kettle.publish('kettle/switch', 'on')
   * const { text } = await broker.waitForDelivery('kettle')
   */
  waitForDelivery(client: ClientOrId, filter = '#', options?: WaitOptions): Promise<PublishedMessage> {
    return this.#waitForPublish('to-client', filter, idOf(client), options)
  }

  /**
   * Resolves when a Client with this identifier is connected.
   *
   * @example
   * const { clientId } = await broker.waitForClient('kettle')
   */
  waitForClient(clientId: string, options?: WaitOptions): Promise<ClientInfo> {
    return this.#waits.until(
      () => this.#connected.get(clientId),
      () => `the client ${clientId} to connect; connected: ${this.clientIds.join(', ') || 'nobody'}`,
      options,
    )
  }

  /**
   * Resolves when no Client with this identifier is connected.
   *
   * @example
   * void kettle.close()
   * await broker.waitForDisconnect('kettle')
   */
  async waitForDisconnect(client: ClientOrId, options?: WaitOptions): Promise<void> {
    const clientId = idOf(client)
    await this.#waits.until(
      () => !this.#connected.has(clientId) || undefined,
      () => `the client ${clientId} to be disconnected`,
      options,
    )
  }

  /**
   * Resolves when a Client has been granted a Subscription with exactly this filter.
   *
   * @param clientId default: any Client
   * @example
   * await broker.waitForSubscription('kettle/switch')
   */
  async waitForSubscription(filter: string, clientId?: string, options?: WaitOptions): Promise<void> {
    const isGrant = (record: PacketRecord): boolean =>
      (clientId === undefined || record.clientId === clientId) && this.#grants(record, filter)
    const who = clientId === undefined ? 'a client' : `the client ${clientId}`
    await this.#waits.until(
      () => this.packets.find(isGrant)[0],
      () => `${who} to subscribe to ${filter}`,
      options,
    )
  }

  /**
   * The first packet, past or future, that matches.
   *
   * @param what the explanation calls it
   * @example
   * const { atMs } = await broker.waitForPacket(({ text }) => text.startsWith('SUBSCRIBE'), 'a SUBSCRIBE')
   */
  waitForPacket(
    matches: (record: PacketRecord) => boolean,
    what = 'a packet',
    options?: WaitOptions,
  ): Promise<PacketRecord> {
    return this.#waits.until(
      () => this.packets.find(matches)[0],
      () => `${what}; the last packets: ${this.packets.lines().slice(-5).join('; ') || 'none'}`,
      options,
    )
  }

  /**
   * Closes the Clients, then the broker. Calling it again returns the same promise.
   *
   * @example
   * await broker.close()
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#waits.close(new Error('the test broker is closed'))
    for (const { link, runtime } of this.#links) {
      link.thaw()
      runtime?.thaw()
    }
    await Promise.all(this.#clients.map(client => client.close()))
    await (this.time?.settle() ?? new Promise(resolve => setImmediate(resolve)))
    for (const { link } of this.#links) link.cut()
    await Promise.all(this.#servers.map(closeServer))
    await this.broker.close()
  }

  /** Serves a stream, with everything that passes seen. */
  async #attach(client: Duplex, runtime: FreezableRuntime | undefined): Promise<void> {
    if (!this.isReachable || this.#closing) throw new Error('the test broker cannot be reached')
    const reader = new ConnectionReader(++this.#connections, () => this.#nowMs())
    const [far, served] = duplexPair()
    const link = new Link(client, far, {
      onBytes: (direction, chunk) => {
        for (const record of reader.read(direction, chunk)) this.packets.add(record)
        this.#noteActivity()
      },
      onClosed: () => {
        this.#links.delete(open)
        this.#noteActivity()
      },
    })
    const open: OpenLink = { link, reader, runtime }
    this.#links.add(open)
    await this.broker.attach(served)
  }

  #nowMs(): number {
    return this.time?.nowMs ?? Math.round(performance.now() - this.#startedMs)
  }

  #noteActivity(): void {
    this.time?.noteActivity()
    this.#waits.notify()
  }

  #linksOf(clientId: string): OpenLink[] {
    const links = [...this.#links].filter(({ reader }) => reader.clientId === clientId)
    if (links.length === 0) throw new Error(`the client ${clientId} has no connection`)
    return links
  }

  #waitForPublish(
    direction: PacketRecord['direction'],
    filter: string,
    clientId: string | undefined,
    options: WaitOptions | undefined,
  ): Promise<PublishedMessage> {
    const matches = (record: PacketRecord): boolean =>
      record.direction === direction &&
      record.message !== undefined &&
      (clientId === undefined || record.clientId === clientId) &&
      matchesTopicFilter(filter, record.message.topic) &&
      !this.#given.has(record)
    const take = (): PublishedMessage | undefined => {
      const record = this.packets.find(matches)[0]
      if (record) this.#given.add(record)
      return record?.message
    }
    const what = clientId === undefined ? 'a message' : `a message to ${clientId}`
    return this.#waits.until(take, () => `${what} on ${filter}; ${this.#topicsSeen(direction)}`, options)
  }

  #topicsSeen(direction: PacketRecord['direction']): string {
    const messages = this.packets.find(record => record.direction === direction && record.message !== undefined)
    const topics = new Set(messages.map(({ message }) => message!.topic))
    return topics.size === 0 ? 'there was none at all' : `there were some on ${[...topics].slice(-10).join(', ')}`
  }

  /** Whether a record is a SUBACK that grants a filter. */
  #grants({ packet, connection }: PacketRecord, filter: string): boolean {
    if (packet.type !== PacketType.Suback) return false
    const asked = this.packets
      .find(record => record.connection === connection && record.packet.type === PacketType.Subscribe)
      .map(record => record.packet)
      .findLast(request => request.type === PacketType.Subscribe && request.packetId === packet.packetId)
    if (asked?.type !== PacketType.Subscribe) return false
    const index = asked.subscriptions.findIndex(request => request.filter === filter)
    return index >= 0 && !isFailure(packet.reasonCodes[index]!)
  }
}

function idOf(client: ClientOrId): string {
  return typeof client === 'string' ? client : client.clientId
}
