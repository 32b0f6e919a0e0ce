import {
  type DecodedPublish,
  isFailure,
  PacketType,
  ProtocolError,
  type Pubrel,
  ReasonCode,
  writeShortAck,
} from '@curlew/codec'
import { IncomingDeliveries } from '@curlew/protocol'
import { Acknowledgements } from './acknowledgements.ts'
import type { Connection } from './connection.ts'
import { ReceivedMessage } from './message.ts'
import type { ResolvedOptions } from './options.ts'
import type { OutboxContents } from './outbox.ts'
import type { Subscription } from './subscription.ts'

/** Without a Receive Maximum the Packet Identifiers are the bound. */
const PACKET_IDS = 65_535

/** The way in of messages: whether they are new, who gets them, and their acknowledgement. It outlives connections. */
export class Receiver {
  readonly #options: ResolvedOptions
  readonly #find: (topic: string, identifiers: readonly number[] | undefined) => readonly Subscription[]
  readonly #incoming = new IncomingDeliveries(PACKET_IDS)
  readonly #pubacks = new Acknowledgements((packetId, reasonCode) =>
    this.#send(PacketType.Puback, packetId, reasonCode),
  )
  readonly #pubrecs = new Acknowledgements(
    (packetId, reasonCode) => this.#pubrec(packetId, reasonCode),
    (packetId, reasonCode) => {
      if (!this.#isRefusal(reasonCode)) this.#options.outbox?.acceptIncoming(packetId)
    },
  )
  #connection: Connection | undefined
  /** Of the last connection. */
  #version = 5
  #receiveMaximum = PACKET_IDS
  /** Gets a message that no Subscription matches. */
  onUnhandled: ((message: ReceivedMessage) => void) | undefined

  /** @param find tells which Subscriptions a message is for */
  constructor(
    options: ResolvedOptions,
    find: (topic: string, identifiers: readonly number[] | undefined) => readonly Subscription[],
  ) {
    this.#options = options
    this.#find = find
  }

  restore({ incoming }: OutboxContents): void {
    for (const packetId of incoming) this.#incoming.restore(packetId)
  }

  attach(connection: Connection, sessionPresent: boolean): void {
    this.#connection = connection
    this.#version = connection.version
    this.#receiveMaximum = connection.version < 5 ? PACKET_IDS : this.#options.receiveMaximum
    if (sessionPresent) return this.#incoming.resume(this.#receiveMaximum)
    for (const packetId of this.#incoming.accepted()) this.#incoming.release(packetId) // [MQTT-3.2.2-5]
    this.#incoming.receiveMaximum = this.#receiveMaximum
    this.#pubacks.forget()
    this.#pubrecs.forget()
    this.#options.outbox?.clearIncoming()
  }

  detach(): void {
    this.#connection = undefined
    this.#pubacks.detach()
    this.#pubrecs.detach()
  }

  publish(packet: DecodedPublish, topic: string): void {
    const { qos, packetId, properties } = packet
    const found = this.#find(topic, properties.subscriptionIdentifiers)
    if (qos === 0) return this.#give(found, packet, topic, undefined)
    if (this.#pubacks.size + this.#pubrecs.size >= this.#receiveMaximum) this.#refuse()
    const acknowledgements = qos === 1 ? this.#pubacks : this.#pubrecs
    if (qos === 2) {
      const reception = this.#incoming.publish(packetId)
      if (reception === 'too-many') this.#refuse()
      // Only while the application has it is there something to wait for; then the PUBREC comes from there.
      if (reception === 'duplicate') {
        acknowledgements.expect(packetId, 0, false)
        return acknowledgements.flush() // [MQTT-4.3.3-10]
      }
    }
    // Only what is sent again can be what the application has already: at QoS 1 DUP says so [MQTT-3.3.1-1], at QoS 2 the identifier does.
    const pending = acknowledgements.expect(packetId, found.length, qos === 2 || !packet.dup)
    if (pending) this.#give(found, packet, topic, pending)
    if (!pending || found.length === 0) acknowledgements.flush()
  }

  pubrel({ packetId }: Pubrel): void {
    const isKnown = this.#incoming.release(packetId)
    if (isKnown) this.#options.outbox?.releaseIncoming(packetId)
    // An unknown one is what a lost PUBCOMP leaves behind: the Server must hear that it is over.
    this.#send(PacketType.Pubcomp, packetId, isKnown ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound) // [MQTT-4.3.3-11]
  }

  #give(
    found: readonly Subscription[],
    packet: DecodedPublish,
    topic: string,
    pending: { acknowledge(reasonCode: ReasonCode): void } | undefined,
  ): void {
    for (let index = 0; index < found.length; index++)
      found[index]!.deliver(new ReceivedMessage(packet, topic, pending))
    if (found.length === 0) this.onUnhandled?.(new ReceivedMessage(packet, topic, undefined))
  }

  /** Below 5.0 nothing can be refused. */
  #isRefusal(reasonCode: ReasonCode): boolean {
    return isFailure(reasonCode) && this.#version === 5
  }

  #refuse(): never {
    const message = `the Server sent more than ${this.#receiveMaximum} messages at once`
    throw new ProtocolError(message, '[MQTT-3.3.4-9]', ReasonCode.ReceiveMaximumExceeded)
  }

  #pubrec(packetId: number, reasonCode: ReasonCode): void {
    const { outbox } = this.#options
    if (this.#isRefusal(reasonCode)) {
      this.#incoming.release(packetId) // the exchange is over (section 4.3.3)
      outbox?.releaseIncoming(packetId)
    }
    const connection = this.#connection
    if (!outbox) return this.#send(PacketType.Pubrec, packetId, reasonCode)
    outbox.settle(fault => {
      if (!fault && connection === this.#connection) this.#send(PacketType.Pubrec, packetId, reasonCode)
    })
  }

  #send(type: 4 | 5 | 7, packetId: number, reasonCode: ReasonCode): void {
    const connection = this.#connection
    if (connection) writeShortAck(connection.output.answer(), type, packetId, connection.version < 5 ? 0 : reasonCode)
  }
}
