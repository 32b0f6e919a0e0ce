import {
  type Auth,
  type AuthProperties,
  type Connect,
  type Disconnect,
  isFailure,
  MqttError,
  type Packet,
  PacketType,
  ProtocolError,
  type ProtocolVersion,
  type PublishAckType,
  type PublishHeader,
  packetTypeName,
  ReasonCode,
  ReusingDecoder,
  reasonCodeName,
  UnsupportedProtocolVersionError,
  writePacket,
  writeShortAck,
} from '@curlew/codec'
import { IncomingTopicAliases, type Message } from '@curlew/protocol'
import type { SlowReceiver } from '../sessions/congestion.ts'
import type { Outlet } from '../sessions/outlet.ts'
import type { Session } from '../sessions/session.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { Authentication, type AuthenticationOwner } from './authentication.ts'
import type { ByteStream, ByteStreamHandler } from './byte-stream.ts'
import { type DeadlineOwner, Deadlines } from './deadlines.ts'
import { dispatch } from './dispatch.ts'
import { type Admission, handshake, type Refusal } from './handshake.ts'
import { Output, type OutputOwner } from './output.ts'
import type { PacketContext } from './packet-context.ts'
import { PublishOutput } from './publish-output.ts'
import { Reading } from './reading.ts'
import type { ClientInfo, ConnectionServices } from './services.ts'
import { isWithin, writeDisconnect, writeRefusal, writeWithin } from './sized-packets.ts'

type State = 'awaiting-connect' | 'authenticating' | 'connected' | 'closing' | 'closed'

/**
 * One Network Connection, from its first byte to its last.
 *
 *     awaiting-connect ── CONNECT names a method ─▶ authenticating ── it succeeds ─▶ connected
 *     awaiting-connect ── CONNECT is accepted ─────────────────────────────────────▶ connected
 *            │  refused, timed out, malformed        │  DISCONNECT, error, silence, taken over
 *            └──────────────▶ closing ◀──────────────┘
 *                                │  the peer has closed too, or the linger time is over
 *                                ▼
 *                             closed
 *
 * Packets of a chunk are handled in order and to completion before the next chunk. {@link Connection.close} is the only place
 * that ends the connection; whatever is thrown while a packet is handled ends up there and harms nobody else.
 */
export class Connection
  implements ByteStreamHandler, Outlet, PacketContext, OutputOwner, DeadlineOwner, AuthenticationOwner
{
  readonly services: ConnectionServices
  readonly output: Output
  readonly acknowledgements: Acknowledgements
  readonly #stream: ByteStream
  readonly #decoder: ReusingDecoder
  #state: State = 'awaiting-connect'
  #session: Session | undefined
  /** Made for the first PUBLISH that has one. */
  #incomingAliases: IncomingTopicAliases | undefined
  /** There is one from `connected` on. */
  #publishOutput: PublishOutput | undefined
  #authentication: Authentication | undefined
  #isEvicted = false
  /** Bytes; what the Client announced, or no limit. */
  #maximumPacketSize = Number.POSITIVE_INFINITY
  /** Called once when the connection is gone. */
  onClosed: ((connection: Connection) => void) | undefined = undefined

  readonly #reading: Reading
  readonly #deadlines: Deadlines

  constructor(stream: ByteStream, services: ConnectionServices) {
    this.services = services
    this.#stream = stream
    this.output = new Output(stream, this, services)
    this.acknowledgements = new Acknowledgements(services, this.output)
    this.#decoder = new ReusingDecoder({
      receiver: 'server',
      maximumPacketSize: services.limits.connectPacketBytesMax,
      topicNames: services.topicNames,
    })
    this.#reading = new Reading(stream, services)
    this.#deadlines = new Deadlines(this, services, this.#reading)
  }

  /** Begins to read. */
  start(): void {
    this.services.counters.opened++
    this.#stream.start(this)
  }

  get #isOpen(): boolean {
    return this.#state !== 'closing' && this.#state !== 'closed'
  }

  get state(): State {
    return this.#state
  }
  get remoteAddress(): string {
    return this.#stream.remoteAddress
  }
  /** Of the CONNECT; 5 before it has come. */
  get version(): ProtocolVersion {
    return this.#decoder.version ?? 5
  }
  /** The Session; only while `connected`. */
  get session(): Session {
    if (this.#session === undefined) throw new TypeError('the connection has no Session')
    return this.#session
  }
  get incomingAliases(): IncomingTopicAliases {
    this.#incomingAliases ??= new IncomingTopicAliases(this.services.limits.topicAliasMaximum)
    return this.#incomingAliases
  }

  onBytes(chunk: Uint8Array): void {
    if (!this.#isOpen) return
    const { turn, counters, runtime } = this.services
    turn.touch()
    counters.receivedBytes += chunk.length
    this.#deadlines.lastReceivedMs = runtime.monotonicMs()
    try {
      this.#decoder.push(chunk)
      let hasPackets = false
      for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
        hasPackets = true
        counters.receivedPackets++
        this.#receive(packet)
        if (!this.#isOpen) return
      }
      this.#deadlines.watchPacket(this.#decoder.isInsidePacket, hasPackets)
    } catch (error) {
      this.fail(error)
    }
    this.#reading.waitIfNeeded(this.acknowledgements, this.output)
  }

  onDrain(): void {
    this.#deadlines.endStall()
    this.output.resume()
    this.#reading.outputTaken()
    if (this.#state !== 'connected') return
    this.services.turn.touch()
    try {
      this.session.pump()
    } catch (error) {
      this.fail(error)
    }
  }

  onEnd(): void {
    if (this.#isOpen) this.#leave('the client closed the connection')
    this.#toClosing()
  }

  onClose(): void {
    if (this.#isOpen) this.#leave('the connection was lost')
    this.#toClosed()
  }

  /**
   * Ends the connection. A Client of 5.0 that is connected is told why; then our side closes, and the rest is read and ignored
   * until the peer closes too or the linger time is over, so that the reason can reach it.
   *
   * @param message for people: what happened and, where that helps, what to do
   * @param isSilent whether even such a Client is not told (ADR 0013)
   */
  close(reasonCode: ReasonCode, message: string, isSilent = false): void {
    if (!this.#isOpen) return
    const { counters } = this.services
    counters.endedByReason.set(reasonCode, (counters.endedByReason.get(reasonCode) ?? 0) + 1)
    const isTold = this.#state === 'connected' && this.version === 5 && !isSilent
    if (isTold) writeDisconnect(this.output.writer(), reasonCode, message, this.#maximumPacketSize)
    this.#leave(message, reasonCode)
    this.#toClosing()
  }

  get isCongested(): boolean {
    return this.output.isCongested
  }

  /** {@link Outlet.publish} */
  publish(message: Message, header: PublishHeader): boolean {
    const isSent = this.#publishOutput!.publish(message, header)
    if (isSent) this.services.counters.sentPublishes++
    return isSent
  }

  /** {@link Outlet.pubrel} */
  pubrel(packetId: number): void {
    this.acknowledge(PacketType.Pubrel, packetId, ReasonCode.Success)
  }

  /** {@link Outlet.evict}. Not in the midst of a fan-out: the Will would be published in it, and others evicted by that, without end. */
  evict(): void {
    if (this.#isEvicted) return
    this.#isEvicted = true
    const message = 'the queue of the Session is full: acknowledge faster, or ask for less'
    this.services.turn.flushAtEnd({ flush: () => this.close(ReasonCode.QuotaExceeded, message) })
    this.services.counters.evicted++
    this.services.overflows.evicted(this.session.clientId)
  }

  /** {@link Outlet.takeOver} */
  takeOver(): void {
    this.close(ReasonCode.SessionTakenOver, 'another connection uses the same Client Identifier') // [MQTT-3.1.4-3]
  }

  /** Sends an acknowledgement, when what it says is stored. Below 5.0 there are no Reason Codes. */
  acknowledge(type: PublishAckType, packetId: number, reasonCode: ReasonCode): void {
    const saysStored = !isFailure(reasonCode)
    const { acknowledgements } = this
    const isPuback = type === PacketType.Puback
    const writer = isPuback ? acknowledgements.pubackWriter(saysStored) : acknowledgements.writer(saysStored)
    writeShortAck(writer, type, packetId, this.version === 5 ? reasonCode : ReasonCode.Success)
  }

  /** {@link PacketContext.waitFor} */
  waitFor(receiver: SlowReceiver): void {
    this.#reading.waitFor(receiver)
  }

  /** Sends a packet, when what it says is stored. @throws {PacketTooLargeError} when the Client does not take so much */
  sendWhenStored(packet: Packet, saysStored = true): void {
    writeWithin(this.acknowledgements.writer(saysStored), packet, this.version, this.#maximumPacketSize)
  }

  #receive(packet: Packet): void {
    switch (packet.type) {
      case PacketType.Connect:
        return this.#connect(packet)
      case PacketType.Disconnect:
        return this.#disconnect(packet)
      case PacketType.Auth:
        return this.#authenticate(packet)
      default:
        if (this.#state === 'connected') return dispatch(this, packet)
        throw new ProtocolError(`${packetTypeName(packet.type)} before the CONNACK`, '[MQTT-3.1.2-30]')
    }
  }

  #connect(connect: Connect): void {
    this.#maximumPacketSize = connect.properties.maximumPacketSize ?? Number.POSITIVE_INFINITY
    const outcome = handshake(connect, this.services)
    if ('reasonCode' in outcome) return this.#refuse(outcome)
    if (outcome.method === undefined) return this.#admit(connect, outcome)
    this.#state = 'authenticating'
    const client = { clientId: outcome.clientId, userName: connect.userName, remoteAddress: this.remoteAddress }
    const { authenticationMethod = '', authenticationData } = connect.properties
    const begin = () => outcome.method!.begin(client)
    this.#authentication = new Authentication(authenticationMethod, begin, this, this.services.log)
    this.#authentication.onFirstSuccess = properties => this.#admit(connect, outcome, properties)
    this.#authentication.begin(authenticationData)
  }

  #refuse(refusal: Refusal): void {
    const { reasonCode, message } = refusal
    const { log } = this.services
    log.warn('connection refused', { remoteAddress: this.remoteAddress, reason: reasonCodeName(reasonCode), message })
    writeRefusal(this.output, refusal, this.version, this.#maximumPacketSize)
    this.close(reasonCode, message) // [MQTT-3.2.2-7]
  }

  #admit(connect: Connect, admission: Admission, authentication?: AuthProperties): void {
    const refusal = authentication && admission.recheck()
    if (refusal !== undefined) return this.#refuse(refusal)
    if (!isWithin(admission.connack(false, authentication), this.version, this.#maximumPacketSize)) {
      return this.close(ReasonCode.PacketTooLarge, 'Maximum Packet Size has no room for a CONNACK')
    }
    const { registry, limits, observer } = this.services
    const { properties } = connect
    const { clientId, cleanStart, sessionExpiryInterval } = admission
    const { session, isPresent, isStored } = registry.open(clientId, cleanStart, sessionExpiryInterval)
    this.#session = session
    session.attach(this, properties.receiveMaximum ?? 0xffff)
    this.#state = 'connected'
    this.#decoder.maximumPacketSize = limits.packetBytesMax
    const aliasMaximum = Math.min(properties.topicAliasMaximum ?? 0, limits.outgoingTopicAliasMaximum)
    this.#publishOutput = new PublishOutput(this.output, this.version, this.#maximumPacketSize, aliasMaximum)
    session.incoming.resume(connect.protocolVersion === 5 ? limits.receiveMaximum : 0xffff)
    session.setWill(connect.will) // [MQTT-3.1.2-7]
    this.#deadlines.startKeepAlive(admission.keepAlive)
    const writer = this.acknowledgements.firstWriter(isStored)
    writePacket(writer, admission.connack(isPresent, authentication), this.version) // [MQTT-3.2.0-1]
    observer.connected(this.#clientOf(session))
    session.pump()
    session.gatherShared()
  }

  #disconnect(packet: Disconnect): void {
    if (this.#state !== 'connected') return this.close(ReasonCode.NotAuthorized, 'the client gave up authenticating')
    const { session } = this
    const expiry = packet.properties.sessionExpiryInterval
    if (expiry !== undefined) {
      if (session.expiryInterval === 0 && expiry > 0) {
        throw new ProtocolError('DISCONNECT sets a Session Expiry Interval that CONNECT did not (section 3.14.2.2.2)')
      }
      session.expiryInterval = Math.min(expiry, this.services.sessionExpiryIntervalMax)
    }
    if (packet.reasonCode === ReasonCode.Success) session.will = undefined // [MQTT-3.14.4-3]
    this.#leave('the client disconnected', packet.reasonCode)
    this.#toClosing()
  }

  #authenticate(packet: Auth): void {
    this.#authentication!.receive(packet) // the decoder takes AUTH only where CONNECT has named a method [MQTT-4.12.0-7]
  }

  /** {@link AuthenticationOwner.sendAuth} */
  sendAuth(packet: Auth): void {
    this.sendWhenStored(packet)
  }

  /** {@link AuthenticationOwner.authenticationFailed} */
  authenticationFailed(reasonCode: ReasonCode, message: string): void {
    if (this.#state === 'authenticating') this.#refuse({ reasonCode, message })
    else this.close(reasonCode, message) // [MQTT-4.12.1-2]
  }

  /** The one place that handles what was thrown while packets were handled. */
  fail(error: unknown): void {
    if (error instanceof MqttError) {
      // Bridges of Mosquitto try a version of their own first and fall back on this answer only.
      if (error instanceof UnsupportedProtocolVersionError) this.#decoder.version ??= 4 // [MQTT3-3.1.2-2]; ADR 0012
      const isConnect = this.#state === 'awaiting-connect' && this.#decoder.version !== undefined
      if (isConnect) return this.#refuse(error) // [MQTT-3.1.4-1]
      return this.close(error.reasonCode, error.message, error.isSilent) // [MQTT-4.13.1-1]
    }
    const fields = { clientId: this.#session?.clientId, state: this.#state, error }
    this.services.log.error('internal error; the connection is closed', fields)
    this.close(ReasonCode.ImplementationSpecificError, 'internal error')
  }

  /** Lets go of the Session; a Will that is still there is published. */
  #leave(reason: string, reasonCode?: number): void {
    this.services.turn.touch()
    const session = this.#session
    if (session === undefined) return
    this.#session = undefined
    const { registry, observer, log } = this.services
    try {
      registry.leave(session, this)
    } catch (error) {
      log.error('internal error while a connection ended', { clientId: session.clientId, error }) // it ends all the same
    }
    observer.disconnected(this.#clientOf(session), reason, reasonCode)
  }

  #clientOf({ clientId }: Session): ClientInfo {
    return { clientId, protocolVersion: this.version, remoteAddress: this.remoteAddress }
  }

  #toClosing(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#state = 'closing'
    this.#deadlines.startLinger()
    this.#authentication?.stop()
    this.acknowledgements.discard()
    this.output.end()
    this.#reading.stop()
    this.#stream.end()
  }

  #toClosed(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#deadlines.stop()
    this.#authentication?.stop()
    this.#reading.stop()
    this.acknowledgements.discard()
    this.services.counters.closed++
    this.onClosed?.(this)
  }

  /** {@link OutputOwner.onPending} */
  onPending(): void {
    this.#deadlines.watchStall()
  }

  /** {@link DeadlineOwner.abort} */
  abort(): void {
    this.#stream.destroy()
    this.#toClosed()
  }

  get pendingBytes(): number {
    return this.#stream.pendingBytes
  }
  get takenMark(): number {
    return this.output.sentBytes - this.#stream.untakenMark
  }
}
