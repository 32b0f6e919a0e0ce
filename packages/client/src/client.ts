import {
  type Connack,
  type ConnackProperties,
  type DecodedPublish,
  noProperties,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type UserProperty,
} from '@curlew/codec'
import type { ClientEvents, ClientState } from './client-events.ts'
import type { Connection } from './connection.ts'
import { Connector, type ConnectorOwner } from './connector.ts'
import { Drains } from './drains.ts'
import { abortError, ClientError, closedError, offlineError, onAbort } from './error.ts'
import { Events } from './events.ts'
import type { ReceivedMessage } from './message.ts'
import { type CloseOptions, type ConnectOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { createMessage, type OutgoingMessage } from './outgoing-message.ts'
import { type Payload, type PublishOptions, type PublishResult, unacknowledged } from './publish-options.ts'
import { publishPromise } from './publish-promise.ts'
import { Publisher } from './publisher.ts'
import { type ReauthenticateOptions, reauthenticate } from './reauthenticate.ts'
import { Receiver } from './receiver.ts'
import { quiet } from './rejections.ts'
import type { ClientRuntime } from './runtime.ts'
import { checkedFilters, type SubscribeOptions, Subscription } from './subscription.ts'
import { Subscriptions } from './subscriptions.ts'

const settled: Promise<PublishResult> = Promise.resolve(unacknowledged)

/** An MQTT Client: see `connect`. Everything that waits for the Server is a promise that rejects with a {@link ClientError}. */
export class Client implements ConnectorOwner {
  readonly #options: ResolvedOptions
  readonly #events = new Events<ClientEvents>()
  readonly #connector: Connector
  readonly #publisher: Publisher
  readonly #receiver: Receiver
  readonly #subscriptions: Subscriptions
  #connection: Connection | undefined
  #state: ClientState = 'connecting'
  #lastIdentifier = 0
  #server: ConnackProperties = noProperties
  #settleClosed!: (error: ClientError | undefined) => void
  #unlisten: (() => void) | undefined
  #reauthentication: Promise<void> | undefined
  readonly #drains = new Drains()
  /** Resolves when the Client is closed: with `undefined` after `close()`, otherwise with what could not be healed. */
  readonly closed: Promise<ClientError | undefined>

  /** It does nothing until {@link start}. @throws {ClientError} `ERR_INVALID_ARGUMENT` naming a bad option */
  constructor(urls: readonly (string | URL)[], options: ConnectOptions) {
    this.#options = resolveOptions(options)
    this.closed = new Promise(resolve => {
      this.#settleClosed = resolve
    })
    this.#connector = new Connector(urls, this.#options, this)
    this.#subscriptions = new Subscriptions(packetId => this.#publisher.isInUse(packetId))
    this.#publisher = new Publisher(this.#options, packetId => this.#subscriptions.isRequested(packetId))
    this.#receiver = new Receiver(this.#options, (topic, identifiers) => this.#subscriptions.find(topic, identifiers))
    this.#publisher.onIdle = () => this.#checkIdle()
    this.#publisher.onFault = error => this.#report(error)
    this.#receiver.onUnhandled = message =>
      this.#events.emit('unhandled', message, error => this.#listenerFailed(error))
    this.#subscriptions.onLost = (_, error) => this.#report(error)
  }

  get state(): ClientState {
    return this.#state
  }

  /** As the Server knows it. */
  get clientId(): string {
    return this.#connector.clientId
  }

  /** What the Server said of itself when it accepted: what it can and allows. Empty before, and below 5.0. */
  get server(): ConnackProperties {
    return this.#server
  }

  /** Clock, timers and chance, for what builds upon a Client. */
  get runtime(): ClientRuntime {
    return this.#options.runtime
  }

  /** Of the present connection; `undefined` without one. */
  get protocolVersion(): ProtocolVersion | undefined {
    return this.#connection?.version
  }

  /** Messages of ours that are not delivered, and what they take of the outbox's bytes. */
  get outbox(): { readonly count: number; readonly bytes: number } {
    return this.#publisher
  }

  /** Calls the listener at every event of this name. @returns a function that takes the listener away */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /** Loads the outbox and begins to connect. Called once, by `connect`. */
  async start(): Promise<void> {
    const { outbox, signal } = this.#options
    if (signal) {
      this.#unlisten = onAbort(signal, error => this.#connector.stop(error, 0))
      if (signal.aborted) {
        const error = abortError(signal)
        this.#connector.stop(error, undefined)
        throw error
      }
    }
    try {
      const contents = await outbox?.load()
      if (contents) {
        this.#publisher.restore(contents)
        this.#receiver.restore(contents)
      }
    } catch (cause) {
      const error = new ClientError('ERR_OUTBOX', 'the outbox cannot be read', { cause })
      this.onGivenUp(error)
      throw error
    }
    if (this.#state !== 'closed') this.#connector.start()
  }

  /**
   * Publishes a message.
   *
   * @returns when its QoS is complete: QoS 0 when it is handed to the host, QoS 1 at PUBACK, QoS 2 at PUBCOMP
   * @throws {ClientError} `ERR_PUBLISH_REFUSED`, `ERR_NOT_SUPPORTED`, `ERR_OFFLINE`, `ERR_OUTBOX_FULL`, `ERR_EXPIRED`, `ERR_ABORTED`,
   * `ERR_INVALID_ARGUMENT` or `ERR_CLOSED`
   * @example
   * const { isMatched } = await client.publish('home/kitchen/temperature', '21.5', { qos: 1 })
   */
  publish(topic: string, payload: Payload, options: PublishOptions = {}): Promise<PublishResult> {
    try {
      const { qos = 0, signal } = options
      if (qos === 0 && !signal && this.publishNow(topic, payload, options)) return settled
      if (signal?.aborted) throw abortError(signal)
      return publishPromise(this.#publisher, this.#outgoing(topic, payload, options), signal)
    } catch (error) {
      return quiet(Promise.reject(error))
    }
  }

  /**
   * Publishes at QoS 0 at once or not at all: no promise, nothing queued. For measurements that are worthless later.
   *
   * @returns whether it was handed on; `false` without a connection, or when the host has more to send than `outputHighWaterBytes`
   * @throws {ClientError} `ERR_INVALID_ARGUMENT` or `ERR_NOT_SUPPORTED`
   */
  publishNow(topic: string, payload: Payload, options: Omit<PublishOptions, 'qos' | 'signal'> = {}): boolean {
    if (!this.#connection) return false
    return this.#publisher.publishNow(createMessage(topic, payload, options, 0, this.#options.runtime))
  }

  /**
   * Publishes like {@link publish}, but calls back in place of a promise, which costs less where there are many.
   *
   * @param settle is called once, perhaps before this returns: with what `publish` would reject with, or with the result
   * @returns takes the message back while it has not been sent, and otherwise lets its delivery go on; `settle` is not called any more
   * @throws {ClientError} `ERR_INVALID_ARGUMENT`, `ERR_OFFLINE`, `ERR_OUTBOX_FULL` or `ERR_CLOSED`; `settle` is not called then
   */
  send(
    topic: string,
    payload: Payload,
    options: Omit<PublishOptions, 'signal'>,
    settle: (error: ClientError | undefined, result: PublishResult | undefined) => void,
  ): () => void {
    const message = this.#outgoing(topic, payload, options)
    message.settle = settle
    this.#publisher.publish(message)
    return () => this.#publisher.cancel(message)
  }

  #outgoing(topic: string, payload: Payload, options: PublishOptions): OutgoingMessage {
    const message = createMessage(topic, payload, options, options.qos ?? 0, this.#options.runtime)
    if (this.#state === 'closed') throw closedError()
    if (this.#options.offline === 'reject' && !this.#connection) throw offlineError()
    return message
  }

  /**
   * Subscribes to one or more Topic Filters.
   *
   * @param options or the handler alone
   * @returns when the Server has granted all of them; without a connection, when there is one again
   * @throws {ClientError} `ERR_SUBSCRIBE_REFUSED`, `ERR_NOT_SUPPORTED`, `ERR_ABORTED`, `ERR_INVALID_ARGUMENT` or `ERR_CLOSED`
   * @example
   * for await (const message of await client.subscribe('home/+/temperature')) console.log(message.text())
   */
  subscribe(
    filters: string | readonly string[],
    options: SubscribeOptions | ((message: ReceivedMessage) => unknown) = {},
  ): Promise<Subscription> {
    return quiet(this.#subscribe(filters, options))
  }

  async #subscribe(
    filters: string | readonly string[],
    options: SubscribeOptions | ((message: ReceivedMessage) => unknown),
  ): Promise<Subscription> {
    const list = this.#filters(filters)
    const given = typeof options === 'function' ? { handler: options } : options
    if (given.signal?.aborted) throw abortError(given.signal)
    const identifier = given.subscriptionIdentifier ?? ++this.#lastIdentifier
    const subscription = new Subscription(list, given, identifier, {
      unsubscribe: each => this.#subscriptions.remove(each).finally(() => this.#checkIdle()),
      report: error => this.#report(error),
    })
    await new Promise<void>((resolve, reject) => {
      this.#subscriptions.add(subscription, error => (error ? reject(error) : resolve()))
    }).finally(() => this.#checkIdle())
    if (given.signal?.aborted) throw abortError(given.signal)
    return subscription
  }

  /**
   * Has the Server forget Subscriptions that an earlier run of the program made; those that `subscribe` gave end by themselves.
   *
   * @returns Reason Codes, one per filter; none below 5.0, and none when there is no connection: then it is done on the next one
   * @throws {ClientError} `ERR_INVALID_ARGUMENT`, `ERR_CLOSED`, or `ERR_OFFLINE` when 10 000 filters wait for a connection
   */
  unsubscribe(
    filters: string | readonly string[],
    options: { userProperties?: readonly UserProperty[] } = {},
  ): Promise<readonly number[]> {
    return quiet(this.#unsubscribe(filters, options))
  }

  async #unsubscribe(
    filters: string | readonly string[],
    { userProperties }: { userProperties?: readonly UserProperty[] },
  ): Promise<readonly number[]> {
    const list = this.#filters(filters)
    const reasonCodes = await new Promise<readonly number[] | undefined>(resolve => {
      this.#subscriptions.unsubscribe({ filters: list, userProperties, settle: resolve })
    })
    this.#checkIdle()
    return reasonCodes ?? []
  }

  /**
   * Authenticates anew on the present connection, such as with a fresh token (section 4.12.1).
   *
   * @returns when the Server has consented; while that is under way, further calls wait for the same exchange
   * @throws {ClientError} `ERR_OFFLINE`, `ERR_INVALID_ARGUMENT` without an Authentication Method, `ERR_AUTHENTICATION` when the method
   * fails, `ERR_TIMEOUT` when method and Server take longer than `timeoutMs`, after which the Client connects anew if it was the
   * Server, or why the Server ended the connection
   */
  reauthenticate({ timeoutMs }: ReauthenticateOptions = {}): Promise<void> {
    const { authentication, runtime } = this.#options
    this.#reauthentication ??= quiet(
      reauthenticate(authentication, () => this.#connection, runtime, timeoutMs).finally(() => {
        this.#reauthentication = undefined
      }),
    )
    return this.#reauthentication
  }

  /**
   * Resolves when all that was published is delivered, and every SUBSCRIBE and UNSUBSCRIBE answered, or the Client is closed.
   *
   * @param options `signal` gives up waiting
   * @throws {ClientError} `ERR_ABORTED`
   */
  drain({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#isIdle || this.#state === 'closed' ? Promise.resolve() : quiet(this.#drains.wait(signal))
  }

  /**
   * Says goodbye and ends everything: what is not delivered rejects with `ERR_CLOSED`, except that a durable outbox keeps it; loops
   * over Subscriptions end.
   *
   * @param options `drain`: deliver first what was published; `signal` gives that up, and closes at once. `reasonCode`: 0x04 has the Server publish the Will; default 0.
   * `properties`: said in the DISCONNECT; its `sessionExpiryInterval` has the Session outlive this Client, or not. 5.0 only.
   * `isSilent`: there is no goodbye, as if the connection were lost: the Server publishes the Will and keeps the Session
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { drain = false, signal, reasonCode = 0, properties = noProperties, isSilent = false } = options
    if (drain) await this.drain({ signal }).catch(() => {}) // only the signal rejects it; what is not delivered says so itself
    this.#connector.stop(closedError(), isSilent ? undefined : reasonCode, properties)
    await this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  onAttempt(): void {
    this.#enter('connecting', undefined)
  }

  onConnected(connection: Connection, { sessionPresent, properties }: Connack): void {
    this.#connection = connection
    this.#server = properties
    this.#receiver.attach(connection, sessionPresent)
    this.#subscriptions.attach(connection, sessionPresent)
    if (this.#connection === connection) this.#publisher.attach(connection, sessionPresent)
    // Whoever is told of a message, or of this, may have closed the Client meanwhile.
    if (this.#connection === connection) this.#emit('connected', { sessionPresent, server: properties })
    if (this.#connection === connection) this.#enter('connected', undefined)
  }

  onPacket(packet: Packet): void {
    switch (packet.type) {
      case PacketType.Puback:
        return this.#publisher.puback(packet)
      case PacketType.Pubrec:
        return this.#publisher.pubrec(packet)
      case PacketType.Pubcomp:
        return this.#publisher.pubcomp(packet)
      case PacketType.Pubrel:
        return this.#receiver.pubrel(packet)
      case PacketType.Suback:
        this.#subscriptions.suback(packet)
        return this.#publisher.pump() // a message may have waited for its Packet Identifier
      case PacketType.Unsuback:
        this.#subscriptions.unsuback(packet)
        return this.#publisher.pump()
    }
  }

  onPublish(packet: DecodedPublish, topic: string): void {
    this.#receiver.publish(packet, topic)
  }

  onDrain(): void {
    this.#publisher.pump()
  }

  onLost(error: ClientError): void {
    if (!this.#connection) return
    this.#detach()
    this.#emit('disconnected', error)
  }

  onWaiting(error: ClientError, delayMs: number): void {
    this.#enter('waiting', error)
    this.#emit('waiting', { delayMs, error })
  }

  onGivenUp(error: ClientError): void {
    if (this.#state === 'closed') return
    this.#detach()
    this.#unlisten?.()
    const isFault = error.code !== 'ERR_CLOSED'
    this.#enter('closed', isFault ? error : undefined)
    this.#publisher.close()
    this.#subscriptions.close(isFault ? error : closedError(), isFault)
    this.#drains.end()
    const { outbox } = this.#options
    const tell = () => this.#settleClosed(isFault ? error : undefined)
    if (!outbox) return tell()
    outbox.close().then(tell, cause => {
      this.#report(new ClientError('ERR_OUTBOX', 'the outbox cannot be closed', { cause }))
      tell()
    })
  }

  #filters(filters: string | readonly string[]): readonly string[] {
    if (this.#state === 'closed') throw closedError()
    return checkedFilters(filters)
  }

  #detach(): void {
    this.#connection = undefined
    this.#publisher.detach()
    this.#receiver.detach()
    this.#subscriptions.detach()
  }

  #enter(state: ClientState, error: ClientError | undefined): void {
    if (state === this.#state) return
    this.#state = state
    this.#emit('state', { state, error })
  }

  get #isIdle(): boolean {
    return this.#publisher.count === 0 && this.#subscriptions.openCount === 0
  }

  #checkIdle(): void {
    if (this.#drains.size > 0 && this.#isIdle) this.#drains.end()
  }

  #emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    this.#events.emit(name, event, cause => this.#listenerFailed(cause))
  }

  #listenerFailed(cause: unknown): void {
    this.#report(new ClientError('ERR_HANDLER', 'a listener threw', { cause }))
  }

  /** A listener of errors that throws itself has nobody left to be told. */
  #report(error: ClientError): void {
    this.#events.emit('error', error, () => {})
  }
}
