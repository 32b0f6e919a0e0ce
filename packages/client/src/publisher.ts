import {
  emptyPublishHeader,
  isFailure,
  PacketType,
  type Puback,
  type Pubcomp,
  type Pubrec,
  ReasonCode,
  writePublish,
  writeShortAck,
} from '@curlew/codec'
import { isExpired, NEVER, OutgoingDeliveries, remainingInterval } from '@curlew/protocol'
import type { Connection } from './connection.ts'
import { argumentError, ClientError, closedError, refusal, unsupported } from './error.ts'
import { Fifo } from './fifo.ts'
import type { ResolvedOptions } from './options.ts'
import type { Outbox, OutboxContents } from './outbox.ts'
import { OutgoingMessage } from './outgoing-message.ts'
import { publishResult, unacknowledged } from './publish-options.ts'

/** Receive Maximum where the Server says nothing (section 3.2.2.3.3). */
const RECEIVE_MAXIMUM_DEFAULT = 65_535

/**
 * What a Server below 5.0 is trusted to take at once, as it has no way to say. Mosquitto 2.0 takes 20 messages of QoS 2 by default and drops
 * what is beyond without a word; other Clients have the same default.
 */
const IN_FLIGHT_MAX_OF_OLD = 20

const header = emptyPublishHeader()

/**
 * The way out of messages: a queue in the order of publishing, of which the front is in flight. It outlives connections.
 *
 *     publish ─▶ waiting (stored first, where there is an outbox) ── quota, room ─▶ in flight ── acknowledged ─▶ settled
 *                    ▲                                                                 │
 *                    └──────────────── the Server has lost the Session ────────────────┘
 *
 * Bounded by `outboxMessagesMax` and `outboxBytesMax`, everything that is not settled counted. QoS 0 waits here only while there is no
 * connection or the host takes no bytes.
 */
export class Publisher {
  readonly #options: ResolvedOptions
  /** Whether a Packet Identifier belongs to a request under way: SUBSCRIBE and UNSUBSCRIBE share the identifiers. */
  readonly #isRequested: (packetId: number) => boolean
  #deliveries = new OutgoingDeliveries<OutgoingMessage>(RECEIVE_MAXIMUM_DEFAULT)
  #waiting = new Fifo<OutgoingMessage>()
  /** How many of those that wait have been taken back. They leave when they are first or most, so that many cost little. */
  #cancelled = 0
  #bytes = 0
  #count = 0
  #nextSequence = 0
  #connection: Connection | undefined
  /** Called when nothing is left to deliver. */
  onIdle: (() => void) | undefined
  /** Called when an outbox fails. */
  onFault: ((error: ClientError) => void) | undefined

  constructor(options: ResolvedOptions, isRequested: (packetId: number) => boolean) {
    this.#options = options
    this.#isRequested = isRequested
  }

  /** Messages that are not settled. */
  get count(): number {
    return this.#count
  }

  /** Bytes of them, as the outbox counts. */
  get bytes(): number {
    return this.#bytes
  }

  isInUse(packetId: number): boolean {
    return this.#deliveries.isInUse(packetId)
  }

  /** Takes up what an earlier run of the program left: as far as it knows, all of it may have been sent. */
  restore({ messages }: OutboxContents): void {
    const { runtime } = this.#options
    for (const { sequence, topic, payload, qos, retain, properties, isReleased } of messages) {
      const message = new OutgoingMessage(topic, payload, qos, retain, properties, runtime)
      message.sequence = sequence
      this.#add(message)
      this.#nextSequence = sequence + 1
      // More than there are identifiers cannot have been in flight: the rest had not been sent.
      const mayBeSent = this.#waiting.size === 0 && !this.isInUse(message.packetId)
      if (mayBeSent) this.#deliveries.restore(message, isReleased)
      else this.#wait(message)
    }
  }

  /** @throws {ClientError} `ERR_OUTBOX_FULL` */
  publish(message: OutgoingMessage): void {
    const connection = this.#connection
    if (message.qos === 0 && connection && this.#waiting.size === 0 && !connection.output.isCongested) {
      return message.finish(this.#write(connection, message, false), unacknowledged)
    }
    this.#makeRoom(message)
    this.#add(message)
    if (message.qos > 0) message.sequence = this.#nextSequence++
    this.#wait(message)
    const { outbox } = this.#options
    if (message.qos > 0 && outbox) this.#store(outbox, message)
    else this.pump()
  }

  /** Sends a QoS 0 message now or not at all. @returns whether it was sent @throws {ClientError} when it never can be */
  publishNow(message: OutgoingMessage): boolean {
    const connection = this.#connection
    if (!connection || this.#waiting.size > 0 || connection.output.isCongested) return false
    const refused = this.#write(connection, message, false)
    if (refused) throw refused
    return true
  }

  /** Begins to send on a connection. */
  attach(connection: Connection, sessionPresent: boolean): void {
    this.#connection = connection
    const { receiveMaximum = RECEIVE_MAXIMUM_DEFAULT } = connection.server // [MQTT-4.9.0-1]
    const { inFlightMax = connection.version < 5 ? IN_FLIGHT_MAX_OF_OLD : receiveMaximum } = this.#options
    const quota = Math.min(inFlightMax, receiveMaximum)
    if (sessionPresent) this.#deliveries.resume(quota)
    else this.#beginAgain(quota)
    this.pump()
  }

  detach(): void {
    this.#connection = undefined
  }

  /** Sends as much as connection, quota and host allow, in order: what is sent again comes first [MQTT-4.6.0-1]. */
  pump(): void {
    const connection = this.#connection
    if (!connection) return
    while (!connection.output.isCongested) {
      const again = this.#deliveries.nextResend()
      if (again) this.#resend(connection, again)
      else if (!this.#sendNext(connection)) return
    }
  }

  puback({ packetId, reasonCode, properties }: Puback): void {
    const message = this.#deliveries.puback(packetId)
    if (message) this.#acknowledged(message, reasonCode, properties.reasonString)
  }

  pubrec({ packetId, reasonCode, properties }: Pubrec): void {
    const message = this.#deliveries.get(packetId)
    const after = this.#deliveries.pubrec(packetId, reasonCode)
    if (after === 'finished' && message) return this.#acknowledged(message, reasonCode, properties.reasonString)
    if (after === 'unknown') {
      if (!isFailure(reasonCode)) this.#pubrel(packetId, ReasonCode.PacketIdentifierNotFound) // [MQTT-4.3.3-4]
      return
    }
    if (message) this.#options.outbox?.release(message.sequence)
    this.#whenStored(() => this.#pubrel(packetId, ReasonCode.Success))
  }

  pubcomp({ packetId, reasonCode, properties }: Pubcomp): void {
    const message = this.#deliveries.pubcomp(packetId)
    // Packet Identifier Not Found says that the Server had released it before: the message is delivered all the same.
    const told = reasonCode === ReasonCode.PacketIdentifierNotFound ? ReasonCode.Success : reasonCode
    if (message) this.#acknowledged(message, told, properties.reasonString)
  }

  /** Takes a message back that has not been sent; otherwise its delivery goes on. Its caller is told nothing any more. */
  cancel(message: OutgoingMessage): void {
    message.settle = undefined
    if (!message.isWaiting) return
    message.isWaiting = false
    if (++this.#cancelled > this.#waiting.size / 2) {
      for (const each of this.#waiting.clear()) if (each.isWaiting) this.#waiting.push(each)
      this.#cancelled = 0
    }
    this.#remove(message)
  }

  /** Ends what is left for its callers. What an outbox holds stays there. */
  close(): void {
    const error = closedError()
    for (const message of this.#deliveries.unfinished()) message.finish(error)
    for (const message of this.#waiting.clear()) message.finish(error)
  }

  #wait(message: OutgoingMessage): void {
    message.isWaiting = true
    this.#waiting.push(message)
  }

  /** @param first of those that wait */
  #shift(first: OutgoingMessage): void {
    first.isWaiting = false
    this.#waiting.shift()
  }

  #add(message: OutgoingMessage): void {
    this.#count++
    this.#bytes += message.size
  }

  #remove(message: OutgoingMessage): void {
    this.#count--
    this.#bytes -= message.size
    if (message.sequence >= 0) this.#options.outbox?.remove(message.sequence)
    if (this.#count === 0) this.onIdle?.()
  }

  /** Makes room in the outbox, as its policy says. */
  #makeRoom({ size }: OutgoingMessage): void {
    const { outboxMessagesMax, outboxBytesMax, outboxOverflow } = this.#options
    const isFull = () => this.#count >= outboxMessagesMax || this.#bytes + size > outboxBytesMax
    if (!isFull()) return
    const error = new ClientError('ERR_OUTBOX_FULL', `the outbox is full: ${this.#count} messages`, { retryable: true })
    while (outboxOverflow === 'drop-oldest' && isFull()) {
      const oldest = this.#first()
      if (!oldest) break
      this.#drop(oldest, error)
    }
    if (isFull()) throw error
  }

  #store(outbox: Outbox, message: OutgoingMessage): void {
    const { sequence, topic, bytes, retain, properties } = message
    message.isStored = false
    outbox.append({ sequence, topic, payload: bytes, qos: message.qos as 1 | 2, retain, properties, isReleased: false })
    this.#whenStored(
      () => {
        message.isStored = true
        this.pump()
      },
      error => {
        message.finish(error)
        this.cancel(message)
      },
    )
  }

  #whenStored(then: () => void, failed?: (error: ClientError) => void): void {
    const { outbox } = this.#options
    if (!outbox) return then()
    outbox.settle(cause => {
      if (!cause) return then()
      const error = new ClientError('ERR_OUTBOX', 'the outbox cannot store', { cause })
      this.onFault?.(error)
      failed?.(error)
    })
  }

  /** @returns whether there may be more */
  #sendNext(connection: Connection): boolean {
    const message = this.#first()
    if (!message?.isStored) return false
    if (message.expiresAt !== NEVER && isExpired(message.expiresAt, this.#options.runtime.now())) {
      return this.#drop(message, new ClientError('ERR_EXPIRED', 'the message expired before it could be sent'))
    }
    if (message.qos > 0) {
      const { packetId } = message
      if (!this.#deliveries.hasQuota || this.isInUse(packetId) || this.#isRequested(packetId)) return false
    }
    const refused = this.#write(connection, message, false)
    if (refused) return this.#drop(message, refused)
    this.#shift(message)
    if (message.qos === 0) this.#delivered(message)
    else this.#deliveries.start(message)
    return true
  }

  /** The first that waits. */
  #first(): OutgoingMessage | undefined {
    let first = this.#waiting.peek()
    for (; first?.isWaiting === false; first = this.#waiting.peek()) {
      this.#waiting.shift()
      this.#cancelled--
    }
    return first
  }

  /** The first that waits is not sent. */
  #drop(message: OutgoingMessage, error: ClientError): true {
    this.#shift(message)
    message.finish(error)
    this.#remove(message)
    return true
  }

  #resend(connection: Connection, message: OutgoingMessage): void {
    const { packetId } = message
    if (message.phase === 'awaiting-pubcomp') return this.#pubrel(packetId, ReasonCode.Success)
    const refused = this.#write(connection, message, true) // [MQTT-3.3.1-1]
    if (!refused) return
    this.#deliveries.abandon(packetId)
    message.finish(refused)
    this.#remove(message)
  }

  /** @returns why this Server cannot have the message, `undefined` when it is written */
  #write(connection: Connection, message: OutgoingMessage, dup: boolean): ClientError | undefined {
    const { version, outgoingAliases, server } = connection
    const { qos, retain, topic } = message
    const { maximumQoS = 2, retainAvailable = true, maximumPacketSize = Infinity } = server
    if (qos > maximumQoS) return unsupported(`QoS ${qos}`, ReasonCode.QoSNotSupported) // [MQTT-3.2.2-11]
    if (retain && !retainAvailable) return unsupported('retained messages', ReasonCode.RetainNotSupported) // [MQTT-3.2.2-14]
    const alias = version === 5 ? outgoingAliases.assign(topic) : undefined
    header.qos = qos
    header.dup = dup
    header.retain = retain
    header.packetId = message.packetId
    header.topicAlias = alias?.alias ?? 0
    header.omitsTopic = alias?.isKnown ?? false
    // The clock is read only for what expires.
    header.messageExpiryInterval =
      message.expiresAt === NEVER ? undefined : remainingInterval(message.expiresAt, this.#options.runtime.now())
    const writer = connection.output.writer()
    const start = writer.position
    let refused: ClientError | undefined
    try {
      writePublish(writer, message, header, version)
      const size = writer.position - start
      if (size <= maximumPacketSize) return undefined
      refused = unsupported(`${size} bytes`, ReasonCode.PacketTooLarge) // [MQTT-3.2.2-15]
    } catch (error) {
      refused = argumentError('the message cannot be written', error)
    }
    writer.position = start
    outgoingAliases.forget(topic)
    return refused
  }

  #pubrel(packetId: number, reasonCode: ReasonCode): void {
    const connection = this.#connection
    if (connection) {
      writeShortAck(connection.output.answer(), PacketType.Pubrel, packetId, connection.version < 5 ? 0 : reasonCode)
    }
  }

  #acknowledged(message: OutgoingMessage, reasonCode: number, reasonString: string | undefined): void {
    if (!isFailure(reasonCode)) {
      message.finish(undefined, publishResult(this.#connection?.version ?? 4, reasonCode, reasonString))
    } else
      message.finish(refusal('ERR_PUBLISH_REFUSED', 'the Server refused the message', reasonCode, { reasonString }))
    this.#remove(message)
    this.pump()
  }

  #delivered(message: OutgoingMessage): void {
    message.finish(undefined, unacknowledged)
    this.#remove(message)
  }

  /**
   * The Server has no Session, so what was in flight begins again as new [MQTT-3.2.2-5]. A QoS 2 message whose PUBREC had come has
   * been delivered; one whose PUBREC had not may have been, and then comes twice: to lose it would be worse.
   */
  #beginAgain(receiveMaximum: number): void {
    const unfinished = this.#deliveries.unfinished()
    const rest = this.#waiting.clear()
    this.#deliveries = new OutgoingDeliveries(receiveMaximum)
    for (const message of unfinished) {
      if (message.phase !== 'awaiting-pubcomp') this.#wait(message)
      else this.#delivered(message)
    }
    for (const message of rest) this.#waiting.push(message)
  }
}
