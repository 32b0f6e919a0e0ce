import type { Duplex } from 'node:stream'
import { PublishForms, ReasonCode, TopicNames } from '@curlew/codec'
import { PayloadSlab } from '@curlew/protocol'
import { type Limits, limitsOf, queuePolicyOf } from './config.ts'
import type { AuthenticationMethod } from './connection/authentication.ts'
import type { ByteStream } from './connection/byte-stream.ts'
import { type Capabilities, defaultCapabilities } from './connection/capabilities.ts'
import { Connection } from './connection/connection.ts'
import { ConnectionGate } from './connection/connection-gate.ts'
import { ConnectionCounters, type ConnectionObserver, type ConnectionServices } from './connection/services.ts'
import { Turn } from './connection/turn.ts'
import { WriterPool } from './connection/writer-pool.ts'
import { type BrokerEvents, Events } from './events.ts'
import { SysTopics } from './observe/sys-topics.ts'
import { defaultRoutingOptions, Router, type RoutingOptions } from './routing/router.ts'
import { type Log, silentLog } from './runtime/log.ts'
import { nodeRuntime } from './runtime/node-runtime.ts'
import type { Runtime } from './runtime/runtime.ts'
import { TimerWheel } from './runtime/timer-wheel.ts'
import { Congestion } from './sessions/congestion.ts'
import { DropCounters } from './sessions/drop-counters.ts'
import { OverflowLog } from './sessions/overflow-log.ts'
import type { QueuePolicy } from './sessions/queue-policy.ts'
import { restoreSessions } from './sessions/restore.ts'
import { SearchTurns } from './sessions/search-turns.ts'
import { Sender } from './sessions/sender.ts'
import { type RegistryServices, SessionRegistry } from './sessions/session-registry.ts'
import { StoreAnswers } from './sessions/store-answers.ts'
import { WaitingTotals } from './sessions/waiting-totals.ts'
import { MemoryStore } from './store/memory-store.ts'
import type { Store } from './store/store.ts'
import { byteStreamOf } from './transport/duplex-stream.ts'
import {
  checkExposure,
  type ListenAddress,
  ListenError,
  type Listener,
  type ListenOptions,
} from './transport/listener.ts'
import { listenTcp } from './transport/tcp.ts'
import { listenWebSocket } from './transport/websocket.ts'

/** Everything about a broker can be left out. */
export interface BrokerOptions {
  /** See {@link Limits} for each limit and its default. */
  limits?: Partial<Limits>
  /** What happens when the queue of a Session is full; see {@link QueuePolicy}. Default `drop-oldest`. */
  queuePolicy?: QueuePolicy
  /** What the broker offers of MQTT; see {@link Capabilities} for each. */
  capabilities?: Partial<Capabilities>
  /** See {@link RoutingOptions}. */
  routing?: Partial<RoutingOptions>
  /** Methods of extended authentication (section 4.12), by name. Default: none. */
  authenticationMethods?: Readonly<Record<string, AuthenticationMethod>>
  /** Where Sessions and retained messages live. Default: in memory, gone with the process. The broker closes it. */
  store?: Store
  /** Where events go that an operator should know of. Default: nowhere. */
  log?: Log
  /** Clock, timers and chance. Default: those of the host. */
  runtime?: Runtime
}

/** What a broker is doing, in numbers. */
export interface BrokerStats {
  readonly connections: number
  readonly sessions: number
  readonly subscriptions: number
  readonly retained: number
  readonly traffic: Readonly<ConnectionCounters>
  readonly drops: Readonly<DropCounters>
  /** What happens when the queue of a Session is full. */
  readonly queuePolicy: QueuePolicy
  /** Where Sessions and retained messages live: when an acknowledgement may leave, and whether the Store can write now. */
  readonly store: { readonly durability: Store['durability']; readonly isWritable: boolean }
}

/**
 * An MQTT broker.
 *
 * @example
 * const broker = createBroker()
 * const { url } = await broker.listen({ protocol: 'mqtt', port: 1883 })
 * await broker.close()
 */
export interface Broker {
  /**
   * Starts a listener; a broker may have several.
   *
   * @throws {ListenError} when the port is taken or not allowed, or when the address would be open to everybody
   */
  listen(options: ListenOptions): Promise<ListenAddress>
  /** Serves a Client over a stream of bytes that the caller has, such as one end of a pair in memory. */
  attach(stream: Duplex): Promise<void>
  /** @returns a function that takes the listener away */
  on<Name extends keyof BrokerEvents>(name: Name, listener: (event: BrokerEvents[Name]) => void): () => void
  stats(): BrokerStats
  /**
   * Stops: no new connections, DISCONNECT 0x8B to the Clients of 5.0, everything pending sent as far as the peers take it, the store closed.
   * Sessions that are to outlive their connection stay in the store. Calling it again returns the same promise.
   */
  close(): Promise<void>
}

/** Creates a broker. It does nothing until {@link Broker.listen} or {@link Broker.attach}. @throws {ConfigError} naming a bad option */
export function createBroker(options: BrokerOptions = {}): Broker {
  return new ComposedBroker(options)
}

/** The composition root: builds the parts bottom up, starts them, stops them top down. */
class ComposedBroker implements Broker {
  readonly #limits: Limits
  readonly #log: Log
  readonly #store: Store
  readonly #timers: TimerWheel
  readonly #router: Router
  readonly #registry: SessionRegistry
  readonly #registryServices: RegistryServices
  readonly #connectionServices: ConnectionServices
  readonly #gate: ConnectionGate
  readonly #events: Events
  readonly #sysTopics: SysTopics
  readonly #drops = new DropCounters()
  /** One function for all connections. */
  readonly #leave = (connection: Connection): void => this.#gate.leave(connection)
  readonly #listeners: Listener[] = []
  #restoring: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(options: BrokerOptions) {
    const { runtime = nodeRuntime, log = silentLog, store = new MemoryStore() } = options
    const limits = limitsOf(options.limits)
    this.#limits = limits
    this.#log = log
    this.#store = store
    this.#timers = new TimerWheel(runtime, error => log.error('internal error in a timer', { error }))
    this.#router = new Router(store, limits, { ...defaultRoutingOptions, ...options.routing }, () => runtime.random())
    this.#events = new Events(error => log.error('a listener of the broker threw', { error }))
    const onError = (error: unknown): void => log.error('internal error at the end of a turn', { error })
    const turn = new Turn(runtime, store, onError)
    const touch = (): void => turn.touch()
    const answers = new StoreAnswers(store, touch)
    const congestion = new Congestion()
    const queuePolicy = queuePolicyOf(options.queuePolicy)
    const overflows = new OverflowLog(log, runtime)
    this.#registryServices = {
      runtime,
      store,
      router: this.#router,
      timers: this.#timers,
      limits,
      touch,
      sessions: {
        runtime,
        store,
        retained: this.#router.retained,
        answers,
        searchTurns: new SearchTurns(runtime, touch, onError),
        groups: this.#router.groups,
        limits,
        queuePolicy,
        drops: this.#drops,
        overflows,
        waiting: new WaitingTotals(),
        congestion,
        slab: new PayloadSlab(),
        sender: new Sender(runtime, this.#drops),
      },
    }
    this.#registry = new SessionRegistry(this.#registryServices)
    this.#connectionServices = {
      runtime,
      timers: this.#timers,
      store,
      answers,
      router: this.#router,
      registry: this.#registry,
      congestion,
      queuePolicy,
      drops: this.#drops,
      overflows,
      turn,
      writers: new WriterPool(),
      publishForms: new PublishForms(),
      topicNames: new TopicNames(),
      limits,
      capabilities: { ...defaultCapabilities, ...options.capabilities },
      authenticationMethods: new Map(Object.entries(options.authenticationMethods ?? {})),
      sessionExpiryIntervalMax: limits.sessionExpiryIntervalMax,
      log,
      counters: new ConnectionCounters(),
      observer: this.#createObserver(),
    }
    this.#gate = new ConnectionGate(limits, log)
    this.#sysTopics = this.#createSysTopics()
  }

  #createObserver(): ConnectionObserver {
    return {
      connected: client => this.#events.emit('connected', client),
      disconnected: (client, reason, reasonCode) =>
        this.#events.emit('disconnected', { ...client, reason, reasonCode }),
    }
  }

  async listen(options: ListenOptions): Promise<ListenAddress> {
    checkExposure(options)
    await this.#restored()
    const accept = (stream: ByteStream) => this.#accept(stream)
    const listener =
      options.protocol === 'mqtt'
        ? await listenTcp(options, accept)
        : await listenWebSocket(options, accept, this.#limits.packetBytesMax)
    if (this.#closing !== undefined) {
      await listener.close()
      throw new ListenError('ERR_LISTEN_FAILED', 'the broker is closed: create another one')
    }
    this.#listeners.push(listener)
    this.#log.info('listening', { url: listener.address.url })
    return listener.address
  }

  async attach(stream: Duplex): Promise<void> {
    const bytes = byteStreamOf(stream, this.#connectionServices.runtime)
    await this.#restored()
    if (!stream.destroyed) this.#accept(bytes)
  }

  on<Name extends keyof BrokerEvents>(name: Name, listener: (event: BrokerEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  stats(): BrokerStats {
    return {
      connections: this.#gate.count,
      sessions: this.#registry.count,
      subscriptions: this.#router.subscriptionCount,
      retained: this.#router.retained.count,
      traffic: this.#connectionServices.counters,
      drops: this.#drops,
      queuePolicy: this.#connectionServices.queuePolicy,
      store: { durability: this.#store.durability, isWritable: this.#store.health.isWritable },
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  #createSysTopics(): SysTopics {
    const { runtime, timers, touch, sessions } = this.#registryServices
    return new SysTopics({
      runtime,
      timers,
      touch,
      limits: this.#limits,
      sources: {
        store: this.#store,
        router: this.#router,
        registry: this.#registry,
        gate: this.#gate,
        traffic: this.#connectionServices.counters,
        drops: this.#drops,
        waiting: sessions.waiting,
        queuePolicy: sessions.queuePolicy,
      },
    })
  }

  #accept(stream: ByteStream): boolean {
    if (this.#closing !== undefined || !this.#gate.allows(stream)) {
      stream.destroy()
      return false
    }
    const connection = new Connection(stream, this.#connectionServices)
    this.#gate.enter(connection)
    connection.onClosed = this.#leave
    connection.start()
    return true
  }

  /** Reads the store, once, before anybody is let in. */
  #restored(): Promise<void> {
    this.#restoring ??= this.#restore()
    return this.#restoring
  }

  async #restore(): Promise<void> {
    const { runtime } = this.#registryServices
    const startedMs = runtime.monotonicMs()
    const restored = restoreSessions(await this.#store.load(), this.#registry, this.#registryServices)
    const durationMs = Math.round(runtime.monotonicMs() - startedMs)
    if (restored.sessions + restored.retained > 0) this.#log.info('restored', { ...restored, durationMs })
    if (this.#closing === undefined) this.#sysTopics.start()
  }

  async #stop(): Promise<void> {
    const listenersClosed = this.#listeners.map(listener => listener.close())
    const gone = this.#gate.whenEmpty()
    this.#registry.stop()
    this.#sysTopics.stop()
    for (const connection of this.#gate.connections()) {
      connection.close(ReasonCode.ServerShuttingDown, 'the server is shutting down')
    }
    this.#registryServices.sessions.searchTurns.finish()
    await gone
    await Promise.all(listenersClosed)
    this.#timers.close()
    await this.#store.close()
    this.#log.info('stopped')
  }
}
