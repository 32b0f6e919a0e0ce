import { EventEmitter } from 'node:events'
import { Client, type ClientError, type ConnectOptions, type ReceivedMessage } from '@curlew/client'
import { isTopicFilter } from '@curlew/codec'
import type {
  ClientSubscribeCallback,
  IClientPublishOptions,
  IDisconnectOptions,
  ISubscriptionGrant,
  PacketCallback,
} from './call-arguments.ts'
import { isToldError, refusedError, translatedError } from './errors.ts'
import { Inbox } from './inbox.ts'
import { connectOptionsOf, type IClientOptions, urlsOf } from './options.ts'
import { type PacketListener, PacketTap } from './packet-tap.ts'
import {
  fromProperties,
  type IConnackPacket,
  type IPublishPacket,
  type Packet,
  type PacketProperties,
  pairsOf,
  publishPacketOf,
  toProperties,
} from './packets.ts'
import { type SubscribeArguments, subscriptionsOf, type TopicObject } from './subscribe-arguments.ts'
import { SubscriptionList } from './subscription-list.ts'

/** Packet Identifiers go around. */
const PACKET_IDS = 65_535

const nothing = (): void => {}

/**
 * MQTT.js's client on ours; see README.md for what is different. `connect` makes one.
 *
 * @example
 * client.on('message', (topic, message) => console.log(topic, message.toString()))
 * await client.subscribeAsync('presence')
 * await client.publishAsync('presence', 'Hello', { qos: 1 })
 */
export class MqttClient extends EventEmitter {
  readonly options: IClientOptions
  connected = false
  disconnecting = false
  disconnected = false
  reconnecting = false
  #client!: Client
  #lastPacketId = 0
  #connack: IConnackPacket | undefined
  readonly #subscriptions = new SubscriptionList(message => this.#inbox.push(message))
  readonly #inbox = new Inbox((message, done) => this.#receive(message, done))
  /** Ways to take back messages that are not delivered. */
  readonly #outgoing = new Map<number, AbortController>()

  constructor(options: IClientOptions) {
    super()
    this.options = options
    this.on('error', nothing) // as MQTT.js does: an error that nobody listens for ends no process
    if (!options.manualConnect) this.connect()
  }

  /** Connects, where the option `manualConnect` has kept it from doing so. */
  connect(): this {
    const client = new Client(urlsOf(this.options), this.#connectOptions())
    this.#client = client
    client.on('connected', ({ sessionPresent, server }) => this.#onConnected(sessionPresent, server))
    client.on('unhandled', message => this.#inbox.push(message))
    client.on('error', error => this.#tell('error', error))
    client.on('state', ({ state, error }) => {
      if (state === 'waiting' || (state === 'connecting' && this.connected)) this.#onLost(error, true)
      if (state === 'connecting' && this.reconnecting) this.#tell('reconnect')
      if (state === 'closed' && error) this.#onGivenUp(error)
    })
    client.start().catch(error => this.#tell('error', error))
    return this
  }

  /** Connects again after `end()`. */
  reconnect(): this {
    if (this.#client.state !== 'closed') return this
    this.disconnecting = false
    this.disconnected = false
    this.reconnecting = true
    this.#subscriptions.clear()
    this.connect()
    process.nextTick(() => this.#tell('reconnect'))
    return this
  }

  /**
   * Publishes a message, and calls back when its QoS is complete.
   *
   * @example
   * client.publish('hello', 'world', { qos: 1, retain: true }, error => console.log(error ?? 'delivered'))
   */
  publish(
    topic: string,
    message: string | Buffer,
    options?: IClientPublishOptions | PacketCallback | null,
    callback?: PacketCallback,
  ): this {
    if (typeof options === 'function') return this.publish(topic, message, {}, options)
    const { qos = 0, retain = false, dup = false, properties, cbStorePut } = options ?? {}
    const done = callback ?? nothing
    if (this.#isDisconnecting(done)) return this
    const fields = { retain, ...(properties && this.#isFive && { properties: toProperties(properties) }) }
    try {
      if (qos === 0) this.#publishNow(topic, message, fields, done)
      else {
        const packetId = this.#nextPacketId()
        const packet = { cmd: 'publish', topic, payload: message, qos, retain, messageId: packetId, dup } as const
        this.#publish({ ...packet, ...(this.#isFive && properties && { properties }) }, { qos, ...fields }, done)
        cbStorePut?.()
      }
    } catch (error) {
      process.nextTick(done, error)
    }
    return this
  }

  /** As {@link publish}, as a promise. */
  publishAsync(topic: string, message: string | Buffer, options?: IClientPublishOptions): Promise<Packet | undefined> {
    return new Promise((resolve, reject) => {
      this.publish(topic, message, options, (error, packet) => (error ? reject(error) : resolve(packet)))
    })
  }

  /** Subscribes to a Topic Filter, a list, or an object with options for each; what is granted at this QoS already is left out. */
  subscribe(
    topics: TopicObject,
    options?: SubscribeArguments | ClientSubscribeCallback | null,
    callback?: ClientSubscribeCallback,
  ): this {
    if (typeof options === 'function') return this.subscribe(topics, {}, options)
    const done = callback ?? nothing
    const wanted = subscriptionsOf(topics, options ?? {}, this.#isFive)
    const invalid = wanted.length === 0 ? 'empty_topic_list' : wanted.find(({ topic }) => !isTopicFilter(topic))?.topic
    if (invalid !== undefined) {
      setImmediate(done, new Error(`Invalid topic ${invalid}`))
      return this
    }
    if (this.#isDisconnecting(done)) return this
    const isForced = typeof topics === 'object' && !Array.isArray(topics) && topics['resubscribe'] === (true as never)
    const fresh = wanted.filter(({ topic, qos }) => isForced || (this.#subscriptions.qosOf(topic) ?? -1) < qos)
    if (fresh.length === 0) {
      done(null, [])
      return this
    }
    const packetId = this.#nextPacketId()
    const granting = fresh.map(({ topic, options: each }) => this.#subscriptions.add(this.#client, topic, each))
    Promise.all(granting).then(
      granted => {
        const grants = fresh.map(({ grant }, index) => ({ ...grant, qos: granted[index]! }))
        this.#call(done, null, grants, { cmd: 'suback', messageId: packetId, granted })
      },
      error =>
        this.#call(
          done,
          translatedError(error, 'Subscribe'),
          fresh.map(({ grant }) => grant),
        ),
    )
    return this
  }

  /** As {@link subscribe}, as a promise. */
  subscribeAsync(topics: TopicObject, options?: SubscribeArguments): Promise<ISubscriptionGrant[]> {
    return new Promise((resolve, reject) => {
      this.subscribe(topics, options, (error, granted) => (error ? reject(error) : resolve(granted!)))
    })
  }

  /** Ends Subscriptions, and calls back when the Server has answered, or at once when there is no connection. */
  unsubscribe(
    topics: string | string[],
    options?: { properties?: PacketProperties } | PacketCallback | null,
    callback?: PacketCallback,
  ): this {
    if (typeof options === 'function') return this.unsubscribe(topics, {}, options)
    const done = callback ?? nothing
    const filters = [topics].flat()
    const invalid = filters.length === 0 ? 'empty_topic_list' : filters.find(filter => !isTopicFilter(filter))
    if (invalid !== undefined) {
      setImmediate(done, new Error(`Invalid topic ${invalid}`))
      return this
    }
    if (this.#isDisconnecting(done)) return this
    const { userProperties } = options?.properties ?? {}
    const unknown: string[] = []
    const ending = filters.map(filter => {
      const subscription = this.#subscriptions.take(filter)
      if (!subscription) unknown.push(filter)
      return subscription?.then(each => each.unsubscribe())
    })
    if (unknown.length > 0) {
      ending.push(
        this.#client.unsubscribe(unknown, userProperties && { userProperties: pairsOf(userProperties) }) as never,
      )
    }
    const packet = { cmd: 'unsuback', messageId: this.#nextPacketId() }
    Promise.all(ending).then(
      () => this.#call(done, null, packet),
      error => this.#call(done, translatedError(error, 'Subscribe')),
    )
    return this
  }

  /** As {@link unsubscribe}, as a promise. */
  unsubscribeAsync(
    topics: string | string[],
    options?: { properties?: PacketProperties },
  ): Promise<Packet | undefined> {
    return new Promise((resolve, reject) => {
      this.unsubscribe(topics, options, (error, packet) => (error ? reject(error) : resolve(packet)))
    })
  }

  /** Ends the connection for good, when what was published is delivered, or at once if `force` is `true`. */
  end(
    force?: boolean | IDisconnectOptions | ((error?: Error) => void) | null,
    options?: IDisconnectOptions | ((error?: Error) => void) | null,
    callback?: (error?: Error) => void,
  ): this {
    const given = [force, options, callback]
    const done = given.find(each => typeof each === 'function') ?? nothing
    if (this.disconnecting) {
      done()
      return this
    }
    this.disconnecting = true
    const disconnect = given.find(each => typeof each === 'object' && each !== null)
    this.#close(force === true, disconnect).then(() => {
      const wasConnected = this.connected
      this.connected = false
      this.#connack = undefined
      if (wasConnected) this.#tell('close')
      this.disconnected = true
      this.#tell('end')
      this.#call(done)
      if (this.options.reconnectPeriod === 0 || this.options.manualConnect) this.disconnecting = false
    })
    return this
  }

  /** As {@link end}, as a promise. */
  endAsync(force?: boolean | IDisconnectOptions, options?: IDisconnectOptions): Promise<void> {
    return new Promise(resolve => this.end(force, options, () => resolve()))
  }

  /** Takes a message back that is not delivered; its callback gets an error. */
  removeOutgoingMessage(packetId: number): this {
    this.#outgoing.get(packetId)?.abort()
    return this
  }

  /** Override it to take your time: the next message comes, and this one is acknowledged, when `callback` is called. */
  handleMessage(_packet: IPublishPacket, callback: (error?: Error | null) => void): void {
    callback()
  }

  /** Of the last message of QoS 1 or 2, SUBSCRIBE or UNSUBSCRIBE. Counted here: our client has numbers of its own on the wire. */
  getLastMessageId(): number {
    return this.#lastPacketId
  }

  /** Seconds. */
  get keepalive(): number {
    const { keepalive = 60 } = this.options
    const told = this.connected ? Number(this.#connack?.properties?.['serverKeepAlive'] ?? 0) : 0
    return keepalive > 0 && told > 0 ? told : keepalive
  }

  /** What the Server said in the CONNACK of this connection. */
  get serverProperties(): PacketProperties | undefined {
    return this.#connack?.properties
  }

  get #isFive(): boolean {
    return this.options.protocolVersion === 5
  }

  #connectOptions(): ConnectOptions {
    const listener: PacketListener = {
      isHeard: event => this.listenerCount(event) > 0,
      tell: (event, packet) => this.#tell(event, packet),
    }
    return {
      ...connectOptionsOf(this.options),
      tap: stream => new PacketTap(stream, this.options.protocolVersion!, listener),
    }
  }

  #publishNow(topic: string, message: string | Buffer, fields: object, done: PacketCallback): void {
    if (this.#client.publishNow(topic, message, fields)) {
      if (done !== nothing) process.nextTick(() => done())
      return
    }
    if (!this.connected && this.options.queueQoSZero === false) {
      process.nextTick(done, new Error('No connection to broker'))
      return
    }
    this.#client.publish(topic, message, fields).then(
      () => this.#call(done),
      error => this.#call(done, translatedError(error, 'Publish')),
    )
  }

  #publish(packet: IPublishPacket, options: object, done: PacketCallback): void {
    const controller = new AbortController()
    const packetId = packet.messageId!
    this.#outgoing.set(packetId, controller)
    this.#client
      .publish(packet.topic, packet.payload, { ...options, signal: controller.signal })
      .finally(() => this.#outgoing.delete(packetId))
      .then(
        () => this.#call(done, null, packet.qos === 1 ? packet : { cmd: 'pubrel', qos: 2, messageId: packetId }),
        error => this.#call(done, translatedError(error, 'Publish')),
      )
  }

  #nextPacketId(): number {
    this.#lastPacketId = (this.#lastPacketId % PACKET_IDS) + 1
    return this.#lastPacketId
  }

  #isDisconnecting(callback: (error: Error) => void): boolean {
    if (!this.disconnecting) return false
    if (callback === nothing) this.#tell('error', new Error('client disconnecting'))
    else callback(new Error('client disconnecting'))
    return true
  }

  async #close(isForced: boolean, options: IDisconnectOptions | undefined): Promise<void> {
    const { sessionExpiryInterval = 0 } = this.options.properties ?? {}
    const properties = { ...(sessionExpiryInterval > 0 && { sessionExpiryInterval }), ...options?.properties }
    const drain = !isForced && this.connected
    // Like MQTT.js, the Session stays what it was, whatever clean says.
    await this.#client.close({
      drain,
      isSilent: isForced,
      reasonCode: options?.reasonCode === 4 ? 4 : 0,
      ...(this.#isFive && { properties: toProperties(properties) }),
    })
  }

  #receive(message: ReceivedMessage, done: (error?: Error | null) => void): void {
    const packet = publishPacketOf(message, this.options.protocolVersion!)
    this.#tell('message', packet.topic, packet.payload, packet)
    this.handleMessage(packet, error => {
      if (error) this.#tell('error', error)
      done(error)
    })
  }

  #onConnected(sessionPresent: boolean, server: object): void {
    this.connected = true
    this.reconnecting = false
    const answer = this.#isFive ? { reasonCode: 0, properties: fromProperties(server) } : { returnCode: 0 }
    this.#connack = { cmd: 'connack', sessionPresent, ...answer }
    this.#tell('connect', this.#connack)
  }

  /** A connection is over, or an attempt to make one has failed. */
  #onLost(error: ClientError | undefined, isRetried: boolean): void {
    this.connected = false
    this.#connack = undefined
    const { code, reasonCode, cause } = error ?? {}
    if (code === 'ERR_DISCONNECTED') this.#tell('disconnect', { cmd: 'disconnect', reasonCode })
    if (isToldError(cause)) this.#tell('error', cause)
    if (isRetried && !this.reconnecting) {
      this.reconnecting = true
      this.#tell('offline')
    }
    this.#tell('close')
  }

  /** Our client does not try again what cannot succeed, such as credentials that were refused. */
  #onGivenUp(error: ClientError): void {
    if (error.code === 'ERR_REFUSED') this.#tell('error', refusedError(error, this.options.protocolVersion!))
    else this.#onLost(error, false)
  }

  #tell(event: string, ...values: unknown[]): void {
    this.#call(() => this.emit(event, ...values))
  }

  /** Calls the application. What it throws is its own, and is no affair of our client's. */
  #call<Values extends unknown[]>(callback: (...values: Values) => unknown, ...values: Values): void {
    try {
      callback(...values)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
}
