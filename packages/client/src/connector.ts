import {
  type Connack,
  type Connect,
  type DecodedPublish,
  type DisconnectProperties,
  noProperties,
  type Packet,
  PacketType,
  ProtocolError,
  ReasonCode,
} from '@curlew/codec'
import { openStream } from '#transport'
import { Backoff } from './backoff.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { type AuthenticationExchange, beginExchange } from './enhanced-auth.ts'
import { abortError, argumentError, ClientError, onAbort, protocolFault } from './error.ts'
import type { Credentials, ResolvedOptions } from './options.ts'
import { payloadBytes } from './publish-options.ts'
import { Servers } from './servers.ts'
import type { ByteStream } from './transport/byte-stream.ts'

/** What the connector tells the Client. */
export interface ConnectorOwner {
  /** An attempt begins. @param url `undefined` where a transport of the application's takes its place */
  onAttempt(url: URL | undefined): void
  /** The Server has accepted. */
  onConnected(connection: Connection, connack: Connack): void
  /** A packet that belongs to the Session, PUBLISH excepted. */
  onPacket(packet: Packet): void
  /** A PUBLISH, with the topic that its alias stands for. */
  onPublish(packet: DecodedPublish, topic: string): void
  /** The host takes bytes again. */
  onDrain(): void
  /** A connection that had been accepted is over. */
  onLost(error: ClientError): void
  /** The next attempt comes later. */
  onWaiting(error: ClientError, delayMs: number): void
  /** There will be no further attempt. */
  onGivenUp(error: ClientError): void
}

/**
 * Keeps a Client connected: chooses the Server, makes the CONNECT, waits between attempts, and stops where another attempt could
 * only fail like the last one.
 */
export class Connector {
  readonly #options: ResolvedOptions
  readonly #owner: ConnectorOwner
  readonly #servers: Servers
  readonly #backoff: Backoff
  #version: 3 | 4 | 5
  #clientId: string
  #connection: Connection | undefined
  /** Whether any connection has been accepted. */
  #hasConnected = false
  /** Whether the last refusal was of the credentials that a function gave; a fresh token may help, once. */
  #hasRefusedCredentials = false
  #isOver = false
  #cancelWait: () => void = () => {}
  /** Gives up the attempt under way. */
  #abandon: (error: ClientError) => void = () => {}

  /** @throws {ClientError} `ERR_INVALID_ARGUMENT` */
  constructor(urls: readonly (string | URL)[], options: ResolvedOptions, owner: ConnectorOwner) {
    if (urls.length === 0 && !options.transport) throw argumentError('there is no URL to connect to')
    this.#options = options
    this.#owner = owner
    this.#servers = new Servers(urls.length === 0 ? ['mqtt://transport'] : urls)
    this.#backoff = new Backoff(options.reconnect || {})
    this.#version = options.protocolVersion ?? 5
    this.#clientId = options.clientId
  }

  /** As the Server knows the Client. */
  get clientId(): string {
    return this.#clientId
  }

  /** Begins an attempt. */
  start(): void {
    const { current } = this.#servers
    this.#owner.onAttempt(this.#options.transport ? undefined : current)
    if (this.#isOver) return // a listener has closed the Client
    const controller = new AbortController()
    const abandon = (error: ClientError): void => controller.abort(error)
    this.#abandon = abandon
    const timeout = new ClientError('ERR_CONNECT_TIMEOUT', 'the Server could not be reached in time', {
      retryable: true,
    })
    const cancelTimer = this.#options.runtime.setTimer(this.#options.connectTimeoutMs, () => abandon(timeout))
    this.#open(current, controller.signal)
      .catch(error => this.#failed(protocolFault(error), false))
      .finally(cancelTimer)
  }

  /** Ends the connection and every attempt. @param reasonCode for the goodbye; `undefined`: there is none */
  stop(error: ClientError, reasonCode: number | undefined, properties: DisconnectProperties = noProperties): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelWait()
    const { cleanStart, sessionExpiryInterval } = this.#options
    const endsSession = cleanStart && sessionExpiryInterval > 0 && this.#version === 5
    this.#connection?.close(error, reasonCode, endsSession ? { sessionExpiryInterval: 0, ...properties } : properties)
    this.#abandon(error)
    this.#owner.onGivenUp(error)
  }

  async #open(url: URL, signal: AbortSignal): Promise<void> {
    const { authentication, transport } = this.#options
    const credentials = await raced(this.#credentials(url), signal)
    const begun = authentication && this.#version === 5 ? await raced(beginExchange(authentication), signal) : undefined
    const stream = await raced(
      (transport?.connect(signal) ?? openStream(url, this.#options, signal)).then(opened => {
        if (signal.aborted) opened.destroy()
        return opened
      }),
      signal,
    ).catch(cause => {
      if (cause instanceof ClientError) throw cause
      throw new ClientError('ERR_TRANSPORT', `cannot reach ${url.host}: ${cause?.message}`, {
        retryable: canHeal(cause),
        cause,
      })
    })
    if (signal.aborted) {
      stream.destroy()
      throw abortError(signal)
    }
    this.#begin(this.#options.tap?.(stream) ?? stream, this.#connectPacket(credentials, begun?.data), begun?.exchange)
  }

  #begin(stream: ByteStream, connect: Connect, exchange: AuthenticationExchange | undefined): void {
    let connection: Connection
    const owner: ConnectionOwner = {
      onConnected: connack => this.#accepted(connection, connack),
      onPacket: packet => this.#owner.onPacket(packet),
      onPublish: (packet, topic) => this.#owner.onPublish(packet, topic),
      onDrain: () => this.#owner.onDrain(),
      onClosed: error => {
        if (connection !== this.#connection) return
        this.#connection = undefined
        this.#failed(error, !connection.hasReceived)
      },
    }
    try {
      connection = new Connection(stream, connect, owner, this.#options, exchange)
    } catch (error) {
      stream.destroy() // an option makes a CONNECT that cannot be written
      throw error
    }
    this.#connection = connection
    this.#abandon = error => connection.close(error)
  }

  async #credentials(url: URL): Promise<Credentials> {
    const { credentials } = this.#options
    if (typeof credentials === 'function') return credentials()
    if (credentials) return credentials
    const [userName, password] = [url.username, url.password].map(decodeURIComponent)
    return { userName: userName || undefined, password: password || undefined }
  }

  #connectPacket({ userName, password }: Credentials, authenticationData: Uint8Array | undefined): Connect {
    const { will, authentication, keepAlive, cleanStart, maximumPacketSize } = this.#options
    const { sessionExpiryInterval, receiveMaximum, topicAliasMaximum, properties } = this.#options
    const isFive = this.#version === 5
    return {
      type: PacketType.Connect,
      protocolVersion: this.#version,
      // Below 5.0 the flag also says how long the Session lives, so it is the same each time.
      cleanStart: cleanStart && !(isFive && this.#hasConnected),
      keepAlive,
      clientId: this.#clientId,
      userName,
      password: password === undefined ? undefined : payloadBytes(password),
      will: will && {
        qos: 0,
        retain: false,
        properties: {},
        ...will,
        payload: payloadBytes(will.payload),
      },
      properties: {
        ...properties,
        sessionExpiryInterval,
        receiveMaximum,
        topicAliasMaximum,
        maximumPacketSize,
        authenticationMethod: isFive ? authentication?.name : undefined,
        authenticationData,
      },
    }
  }

  #accepted(connection: Connection, connack: Connack): void {
    if (connack.sessionPresent && this.#options.cleanStart && !(this.#hasConnected && this.#version === 5)) {
      throw new ProtocolError('the Server has kept a Session that it was to forget', '[MQTT-3.2.2-4]')
    }
    const { assignedClientIdentifier = this.#clientId } = connack.properties
    if (this.#clientId !== '' && assignedClientIdentifier !== this.#clientId) {
      throw new ProtocolError('the Server has assigned another Client Identifier', '[MQTT-3.2.2-16]')
    }
    this.#hasConnected = true
    this.#clientId = assignedClientIdentifier
    this.#hasRefusedCredentials = false
    this.#backoff.connected(this.#options.runtime.now())
    this.#owner.onConnected(connection, connack)
  }

  /** @param isSilent whether the Server closed without a word, as some do that do not know the Protocol Version */
  #failed(error: ClientError, isSilent: boolean): void {
    if (this.#isOver) return
    const { reconnect, startsOffline, protocolVersion, runtime } = this.#options
    this.#owner.onLost(error)
    if (this.#isOver) return
    if (this.#backoff.ended(runtime.now())) this.#servers.lasted()
    const { reasonCode } = error
    if (reasonCode === ReasonCode.UnsupportedProtocolVersion || (isSilent && error.code === 'ERR_TRANSPORT')) {
      if (protocolVersion === undefined && !this.#hasConnected && this.#version === 5) {
        this.#version = 4
        return this.start()
      }
    }
    const isPermanent = reasonCode === ReasonCode.ServerMoved
    if (error.serverReference && (isPermanent || reasonCode === ReasonCode.UseAnotherServer)) {
      if (this.#servers.refer(error.serverReference, isPermanent)) return this.start()
    }
    const isLastServer = this.#servers.failed()
    const mayRetry = (error.retryable || this.#mayAskAgain(reasonCode)) && reconnect !== false
    if (!isLastServer && (error.retryable || !this.#hasConnected)) return this.start()
    const isHopeless = !mayRetry || (!this.#hasConnected && !startsOffline)
    const delayMs = isHopeless ? undefined : this.#backoff.failed(runtime.now(), runtime.random())
    if (delayMs === undefined) {
      this.#isOver = true
      return this.#owner.onGivenUp(error)
    }
    if (protocolVersion === undefined && !this.#hasConnected) this.#version = 5
    this.#cancelWait = runtime.setTimer(delayMs, () => this.start()) // first: a listener may close the Client
    this.#owner.onWaiting(error, delayMs)
  }

  /** Credentials from a function may be fresh ones the next time; if those are refused as well, it is over. */
  #mayAskAgain(reasonCode: number | undefined): boolean {
    const isRefused = reasonCode === ReasonCode.BadUserNameOrPassword || reasonCode === ReasonCode.NotAuthorized
    if (!isRefused || typeof this.#options.credentials !== 'function' || this.#hasRefusedCredentials) return false
    this.#hasRefusedCredentials = true
    return true
  }
}

/** A certificate that is not to be trusted does not become so by waiting; a URL that cannot be used neither. */
function canHeal(cause: unknown): boolean {
  const code = String((cause as { code?: string } | undefined)?.code)
  return !(cause instanceof TypeError) && !/CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code)
}

/** A promise that is given up when the signal fires. */
export function raced<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const giveUp = (error: ClientError): void => reject(error.cause instanceof ClientError ? error.cause : error)
    if (signal.aborted) giveUp(abortError(signal))
    const unlisten = onAbort(signal, giveUp)
    promise.then(resolve, reject).finally(unlisten)
  })
}
