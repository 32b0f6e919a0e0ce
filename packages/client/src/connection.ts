import {
  type Auth,
  ClientDecoder,
  type ClientPacket,
  type Connack,
  type ConnackProperties,
  type Connect,
  DecodedPublish,
  type Disconnect,
  type DisconnectProperties,
  noProperties,
  type Packet,
  PacketType,
  ProtocolError,
  type ProtocolVersion,
  ReasonCode,
  writeClientPacket,
  writePing,
} from '@curlew/codec'
import { IncomingTopicAliases, OutgoingTopicAliases } from '@curlew/protocol'
import { type AuthenticationExchange, methodFault } from './enhanced-auth.ts'
import { argumentError, ClientError, connackReasonCode, protocolFault, refusal, unsupported } from './error.ts'
import { Fifo } from './fifo.ts'
import { KeepAlive } from './keep-alive.ts'
import type { ResolvedOptions } from './options.ts'
import { Output } from './output.ts'
import type { ByteStream, ByteStreamHandler } from './transport/byte-stream.ts'

/** What a connection tells the Client. */
export interface ConnectionOwner {
  /** The Server has accepted. */
  onConnected(connack: Connack): void
  /** A packet that belongs to the Session. What this throws ends the connection. */
  onPacket(packet: Packet): void
  /** A PUBLISH with the topic that its alias stands for. */
  onPublish(packet: DecodedPublish, topic: string): void
  /** The host takes bytes again. */
  onDrain(): void
  /** The connection is over; nothing follows. */
  onClosed(error: ClientError): void
}

/** How a Server of 3.1.1 says that it does not know the Protocol Version; the third byte does not matter. */
const oldRefusal = [0x20, 2, 0, 1]
const nothing = new Uint8Array(0)

/** The peer may take this long to close its side after we have closed ours, in milliseconds. */
const LINGER_MS = 1_000

/** Reads that wait while a method checks the Server's proof: each may keep as much as 64 KiB, the host's own buffer, alive. */
const HELD_READS_MAX = 256

/**
 * One Network Connection, from CONNECT to its end.
 *
 *     awaiting-connack ── CONNACK ─▶ connected ── close() ─▶ closing ── stream gone ─▶ closed
 *            └──────────────── close(), stream gone ───────────┴──────────────────────────▲
 *
 * The only place that ends it is {@link close}. What is thrown while its bytes are handled ends this connection and nothing else.
 */
export class Connection implements ByteStreamHandler {
  readonly version: ProtocolVersion
  readonly output: Output
  /** What the Server can and allows; empty until CONNACK. */
  server: ConnackProperties = {}
  outgoingAliases: OutgoingTopicAliases = new OutgoingTopicAliases(0)
  /** Whether the Server may have sent anything at all; a Server that does not know the version often just closes. */
  hasReceived = false
  readonly #stream: ByteStream
  readonly #owner: ConnectionOwner
  readonly #options: ResolvedOptions
  readonly #decoder: ClientDecoder
  readonly #aliases: IncomingTopicAliases
  #state: 'awaiting-connack' | 'connected' | 'closing' | 'closed' = 'awaiting-connack'
  #exchange: AuthenticationExchange | undefined
  #reauthenticated: ((error?: ClientError) => void) | undefined
  /** What the Authentication Method is at work on. */
  #methodTask: 'step' | 'finish' | undefined
  /** What has come while it checked the Server's proof, which may yet be wrong. */
  readonly #heldReads = new Fifo<Uint8Array>()
  #keepAlive: KeepAlive | undefined
  #cancelTimer: () => void
  /** The first bytes of an answer that may be a refusal of old. */
  #heldBytes: Uint8Array = nothing

  /** Sends CONNECT. @param exchange that the CONNECT begins */
  constructor(
    stream: ByteStream,
    connect: Connect,
    owner: ConnectionOwner,
    options: ResolvedOptions,
    exchange: AuthenticationExchange | undefined,
  ) {
    const { runtime, maximumPacketSize, topicAliasMaximum, connectTimeoutMs } = options
    this.version = connect.protocolVersion
    this.#stream = stream
    this.#owner = owner
    this.#options = options
    this.#exchange = exchange
    this.#decoder = new ClientDecoder({ version: this.version, maximumPacketSize, isLenient: true })
    this.#aliases = new IncomingTopicAliases(topicAliasMaximum)
    this.output = new Output(stream, runtime, options.outputHighWaterBytes, () => this.#sent())
    this.send(connect) // leaves at the end of the turn, when the stream has been started
    this.#cancelTimer = runtime.setTimer(connectTimeoutMs, () =>
      this.close(new ClientError('ERR_CONNECT_TIMEOUT', 'the Server did not answer CONNECT', { retryable: true })),
    )
    stream.start(this)
  }

  get isConnected(): boolean {
    return this.#state === 'connected'
  }

  get #isOver(): boolean {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  /**
   * Writes a packet behind what has collected.
   *
   * @throws {ClientError} when it cannot be written or is larger than the Server takes; nothing is written then
   */
  send(packet: ClientPacket): void {
    const { maximumPacketSize = Infinity } = this.server
    const writer = this.output.writer()
    const start = writer.position
    try {
      writeClientPacket(writer, packet, this.version)
    } catch (error) {
      writer.position = start
      throw argumentError((error as Error).message, error)
    }
    const size = writer.position - start
    if (size <= maximumPacketSize) return
    writer.position = start
    throw unsupported(`${size} bytes`, ReasonCode.PacketTooLarge) // [MQTT-3.2.2-15]
  }

  onBytes(chunk: Uint8Array): void {
    this.hasReceived = true
    if (this.#isOver) return
    if (this.#keepAlive) this.#keepAlive.lastReceivedMs = this.#options.runtime.now()
    try {
      if (this.#methodTask === 'finish') return this.#hold(chunk)
      const bytes = this.#state === 'awaiting-connack' && this.version === 5 ? this.#withoutOldRefusal(chunk) : chunk
      if (bytes.length === 0) return
      this.#decoder.push(bytes)
      this.#decode()
    } catch (error) {
      this.#blame(error)
    }
    if (!this.output.isFlooded) return
    this.close(
      new ClientError('ERR_TRANSPORT', 'the Server takes none of the answers it asks for', { retryable: true }),
    )
  }

  onDrain(): void {
    if (this.isConnected) this.#owner.onDrain()
  }

  onClose(cause?: unknown): void {
    this.close(new ClientError('ERR_TRANSPORT', 'the connection was lost', { retryable: true, cause }))
    this.#state = 'closed'
    this.#cancelTimer()
  }

  /**
   * Ends the connection; calls that follow do nothing.
   *
   * @param reasonCode goes out in a DISCONNECT, if the version has one; `undefined` for none
   */
  close(error: ClientError, reasonCode?: number, properties: DisconnectProperties = noProperties): void {
    if (this.#isOver) return
    const wasConnected = this.#state === 'connected'
    this.#state = 'closing'
    this.#cancelTimer()
    if (reasonCode !== undefined && (this.version === 5 || (wasConnected && reasonCode === 0))) {
      this.#sayGoodbye(reasonCode, properties)
    }
    this.output.flush()
    this.#stream.end()
    this.#cancelTimer = this.#options.runtime.setTimer(LINGER_MS, () => this.#stream.destroy())
    this.#reauthenticated?.(error)
    this.#owner.onClosed(error)
  }

  #decode(): void {
    for (let packet = this.#decoder.next(); packet; packet = this.#decoder.next()) {
      this.#receive(packet)
      if (this.#isOver || this.#methodTask === 'finish') return
    }
  }

  #hold(chunk: Uint8Array): void {
    if (this.#heldReads.size >= HELD_READS_MAX) throw new ProtocolError('too much comes while its proof is checked')
    this.#heldReads.push(chunk)
  }

  #decodeHeld(): void {
    this.#decode()
    while (this.#heldReads.size > 0 && !this.#isOver && this.#methodTask !== 'finish') {
      this.#decoder.push(this.#heldReads.shift()!)
      this.#decode()
    }
  }

  /** The Server has sent what it must not. */
  #blame(error: unknown): void {
    const fault = protocolFault(error)
    this.close(fault, fault.code === 'ERR_PROTOCOL' ? fault.reasonCode : undefined)
  }

  #sayGoodbye(reasonCode: number, properties: DisconnectProperties): void {
    // A reason that belongs in no DISCONNECT is told as the general one.
    const told = [0x85, 0x86, 0x88, 0x8a, 0x91, 0x92].includes(reasonCode) ? 0x80 : reasonCode
    try {
      this.send({ type: PacketType.Disconnect, reasonCode: told as ReasonCode, properties }) // [MQTT-4.13.1-1]
    } catch {
      // The Server takes no packet as large as this one, so it hears nothing.
    }
  }

  /** Begins an exchange of AUTH packets anew (section 4.12.1). @param done is called once */
  reauthenticate(
    exchange: AuthenticationExchange,
    data: Uint8Array | undefined,
    done: (error?: ClientError) => void,
  ): void {
    this.#exchange = exchange
    this.#reauthenticated = done
    this.#sendAuth(ReasonCode.ReAuthenticate, data)
  }

  /**
   * A Server of 3.1.1 refuses the Protocol Version of a CONNECT with a CONNACK that 5.0 does not know: `20 02 00 01`, and some send
   * even that in pieces.
   *
   * @returns bytes for the decoder; none while more must come before it is clear what they are
   */
  #withoutOldRefusal(chunk: Uint8Array): Uint8Array {
    const bytes = this.#heldBytes.length === 0 ? chunk : new Uint8Array([...this.#heldBytes, ...chunk])
    const isAlike = bytes.length <= 4 && bytes.every((byte, index) => index === 2 || byte === oldRefusal[index])
    this.#heldBytes = isAlike ? bytes : nothing
    if (!isAlike) return bytes
    if (bytes.length < 4) return nothing
    throw refusal('ERR_REFUSED', 'the Server refused the connection', ReasonCode.UnsupportedProtocolVersion)
  }

  #receive(packet: Packet): void {
    if (this.#state === 'awaiting-connack') return this.#shake(packet)
    if (packet instanceof DecodedPublish) {
      const { topicAlias } = packet.properties
      const topic = topicAlias === undefined ? packet.topic : this.#aliases.resolve(packet.topic, topicAlias)
      return this.#owner.onPublish(packet, topic)
    }
    switch (packet.type) {
      case PacketType.Pingresp:
        return
      case PacketType.Connack:
        throw new ProtocolError('a second CONNACK')
      case PacketType.Auth:
        return this.#authenticate(packet)
      case PacketType.Disconnect:
        return this.#disconnected(packet)
      default:
        this.#owner.onPacket(packet)
    }
  }

  #shake(packet: Packet): void {
    if (packet.type === PacketType.Auth) return this.#authenticate(packet)
    if (packet.type !== PacketType.Connack) throw new ProtocolError('the first packet is not CONNACK', '[MQTT-3.2.0-1]')
    const { properties } = packet
    const reasonCode = connackReasonCode(packet.reasonCode)
    if (reasonCode !== 0) {
      return this.close(refusal('ERR_REFUSED', 'the Server refused the connection', reasonCode, properties))
    }
    this.#finishExchange(properties.authenticationData, () => this.#accept(packet))
  }

  #accept(packet: Connack): void {
    const { properties } = packet
    this.server = properties
    const aliasMaximum = Math.min(properties.topicAliasMaximum ?? 0, this.#options.outgoingTopicAliasMaximum)
    this.outgoingAliases = new OutgoingTopicAliases(aliasMaximum) // [MQTT-3.2.2-18]
    this.#state = 'connected'
    this.#cancelTimer()
    const keepAlive = properties.serverKeepAlive ?? this.#options.keepAlive // [MQTT-3.2.2-21]
    if (keepAlive > 0) {
      const { runtime, pingTimeoutMs } = this.#options
      this.#keepAlive = new KeepAlive(keepAlive, pingTimeoutMs, runtime.now())
      this.#watch()
    }
    this.#owner.onConnected(packet)
  }

  #disconnected({ reasonCode, properties }: Disconnect): void {
    this.close(refusal('ERR_DISCONNECTED', 'the Server disconnected', reasonCode, properties))
  }

  #authenticate(packet: Auth): void {
    const { reasonCode, properties } = packet
    const method = this.#options.authentication?.name
    if (!this.#exchange || properties.authenticationMethod !== method) {
      throw new ProtocolError('AUTH that no exchange of ours called for', '[MQTT-4.12.0-5]')
    }
    if (reasonCode === ReasonCode.Success && this.isConnected) {
      return this.#finishExchange(properties.authenticationData, () => {
        this.#exchange = undefined
        this.#reauthenticated?.()
        this.#reauthenticated = undefined
      })
    }
    if (reasonCode !== ReasonCode.ContinueAuthentication) {
      throw new ProtocolError(`AUTH with Reason Code ${reasonCode}`, '[MQTT-4.12.0-2]')
    }
    if (this.#methodTask) throw new ProtocolError('the Server did not wait for the answer to its AUTH')
    const exchange = this.#exchange
    const data = copyOf(properties.authenticationData)
    this.#run(
      'step',
      async () => exchange.step(data),
      answer => this.#sendAuth(ReasonCode.ContinueAuthentication, answer), // [MQTT-4.12.0-3]
    )
  }

  #finishExchange(data: Uint8Array | undefined, then: () => void): void {
    if (this.#methodTask) throw new ProtocolError('the Server did not wait for the answer to its AUTH')
    const exchange = this.#exchange
    if (!exchange?.finish) return then()
    const copy = copyOf(data)
    this.#run('finish', async () => exchange.finish?.(copy), then)
  }

  /** Runs a step of the Authentication Method; what it throws ends the connection. */
  #run<Result>(task: 'step' | 'finish', work: () => Promise<Result>, then: (result: Result) => void): void {
    this.#methodTask = task
    work().then(
      result => {
        this.#methodTask = undefined
        if (this.#isOver) return
        try {
          then(result)
          if (task === 'finish') this.#decodeHeld()
        } catch (error) {
          this.#blame(error)
        }
      },
      cause => this.close(methodFault(cause), ReasonCode.NotAuthorized),
    )
  }

  #sendAuth(reasonCode: ReasonCode, authenticationData: Uint8Array | undefined): void {
    const properties = { authenticationMethod: this.#options.authentication?.name, authenticationData }
    this.send({ type: PacketType.Auth, reasonCode, properties })
  }

  #sent(): void {
    if (this.#keepAlive) this.#keepAlive.lastSentMs = this.#options.runtime.now()
  }

  #watch(): void {
    const { runtime } = this.#options
    const keepAlive = this.#keepAlive!
    this.#cancelTimer = runtime.setTimer(keepAlive.delayMs(runtime.now()), () => {
      const action = keepAlive.check(runtime.now())
      if (action === 'give-up') {
        const error = new ClientError('ERR_KEEP_ALIVE', 'nothing was heard of the Server', { retryable: true })
        this.close(error)
        return this.#stream.destroy() // a half-open connection would not even take a goodbye
      }
      if (action === 'ping') writePing(this.output.writer(), PacketType.Pingreq)
      this.#watch()
    })
  }
}

/** Views of a packet do not outlive the turn. */
function copyOf(data: Uint8Array | undefined): Uint8Array | undefined {
  return data && new Uint8Array(data)
}
