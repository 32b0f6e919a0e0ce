import { ProtocolError } from '@curlew/codec'
import { IncomingDeliveries, OutgoingDeliveries, PacketIds } from '@curlew/protocol'
import { DeliveryRules, Violation } from './delivery-rules.ts'
import type { AckPacket, SentPacket } from './link-packets.ts'
import { type IncomingClass, ReceivingEnd } from './receiving-end.ts'
import { type Identify, type OutgoingClass, SendingEnd } from './sending-end.ts'

/** What the ends are made of; a test that must fail puts something broken here. */
export interface Parts {
  readonly outgoing?: OutgoingClass
  readonly incoming?: IncomingClass
  readonly identify?: () => Identify
}

/** What the receiver does with a packet. */
export interface Handling {
  /** Answers with a failure code, if the message is new to it. */
  readonly refuses?: boolean
  /** Keeps the answer until {@link WiredEnds.answer}. */
  readonly holds?: boolean
}

const identifyInTurn = (): Identify => {
  const packetIds = new PacketIds()
  return (_, isInUse) => packetIds.next(isInUse)
}

/** Far more deliveries than any test here needs to come to rest. */
const deliveriesMax = 10_000

/**
 * A sender and a receiver, wired back to back by a link that keeps the order of packets and loses all of them
 * when the connection is lost. Every method is one event; after each, the {@link DeliveryRules} are checked.
 *
 *     sender ── toReceiver ─▶ receiver ── held ─┐
 *        ◀───────────── toSender ───────────────┘
 */
export class WiredEnds {
  readonly rules: DeliveryRules = new DeliveryRules()
  readonly #sender: SendingEnd
  readonly #receiver: ReceivingEnd
  #toReceiver: SentPacket[] = []
  #toSender: AckPacket[] = []
  /** Answers that the receiver has not given yet, as when it waits for its disk. */
  #held: AckPacket[] = []

  constructor({ outgoing = OutgoingDeliveries, incoming = IncomingDeliveries, identify = identifyInTurn }: Parts = {}) {
    this.#sender = new SendingEnd(outgoing, identify(), packet => this.#send(packet))
    this.#receiver = new ReceivingEnd(incoming, this.rules)
  }

  get toReceiverCount(): number {
    return this.#toReceiver.length
  }
  get toSenderCount(): number {
    return this.#toSender.length
  }

  get heldCount(): number {
    return this.#held.length
  }

  publish(qos: 1 | 2): void {
    this.#sender.publish(this.rules.published(qos), qos)
    this.#check()
  }

  /** The next packet reaches the receiver. */
  deliverToReceiver({ refuses = false, holds = false }: Handling = {}): void {
    const packet = this.#toReceiver.shift()
    if (packet === undefined) return
    this.#answerOrHold(this.#receiver.receive(packet, refuses), holds)
    this.#check()
  }

  /**
   * The receiver gives one of the answers it has held back; not necessarily the oldest, as a Server need not (section
   * 4.6). Those for one identifier do keep their order: an old PUBCOMP behind a new PUBREC would end the new exchange.
   */
  answer(choice: number): void {
    if (this.#held.length === 0) return
    const { packetId } = this.#held[choice % this.#held.length]!
    const oldest = this.#held.findIndex(ack => ack.packetId === packetId)
    this.#toSender.push(...this.#held.splice(oldest, 1))
  }

  /** The next packet reaches the sender; with `again` it does so twice, unless the second is awaited. */
  deliverToSender({ again = false }: { again?: boolean } = {}): void {
    const ack = this.#toSender.shift()
    if (ack === undefined) return
    this.#receiveAtSender(ack)
    if (again) this.strayAck(ack)
  }

  /** A packet reaches the sender that the receiver should not have sent. One that is awaited would be no stray. */
  strayAck(ack: AckPacket): void {
    if (this.rules.isConnected && !this.rules.awaits(ack)) this.#receiveAtSender(ack)
  }

  /** A PUBREL for an identifier that the receiver does not know reaches it. */
  strayPubrel(packetId: number): void {
    const { accepted } = this.#receiver
    if (!this.rules.isConnected || accepted.includes(packetId)) return
    this.#answerOrHold(this.#receiver.receive({ type: 'PUBREL', packetId, reasonCode: 0 }, false), false)
    if (this.#receiver.accepted.join() !== accepted.join()) throw new Violation('stray', `PUBREL ${packetId}`)
  }

  /** The connection is lost, after the first packets on the way have still arrived at either end. */
  lose(toReceiverCount = 0, toSenderCount = 0): void {
    for (let count = 0; count < toReceiverCount; count++) this.deliverToReceiver()
    for (let count = 0; count < toSenderCount; count++) this.deliverToSender()
    this.#toReceiver = []
    this.#toSender = []
    this.#held = []
    this.rules.lost()
    this.#sender.disconnect()
    this.#check()
  }

  /** A Network Connection on which the Session is resumed. */
  connect(receiveMaximum: number): void {
    this.rules.connected(receiveMaximum)
    this.#receiver.connect(receiveMaximum)
    this.#sender.connect(receiveMaximum)
    this.#check()
  }

  /** A program ends and is started again, while there is no connection. */
  restart(end: 'sender' | 'receiver'): void {
    if (end === 'sender') this.#sender.restart()
    else this.#receiver.restart()
    this.#check()
  }

  /** Nothing is lost any more: lets everything arrive and checks that all is done. */
  drain(): void {
    for (let count = 0; !this.#isQuiet; count++) {
      if (count > deliveriesMax) throw new Violation('comes to rest', `not after ${count} deliveries`)
      // Strays that are still on the way may end the connection once more.
      if (!this.rules.isConnected) this.connect(Math.max(1, this.rules.receiveMaximum))
      this.deliverToReceiver()
      this.answer(0)
      this.deliverToSender()
    }
    this.rules.checkEnd()
    if (this.#receiver.accepted.length > 0) throw new Violation('comes to rest', 'identifiers stay at the receiver')
    if (this.#sender.unfinishedCount > 0) throw new Violation('comes to rest', 'deliveries stay at the sender')
    if (!this.#sender.hasQuota) throw new Violation('comes to rest', 'the sender has no quota')
  }

  #answerOrHold(ack: AckPacket, holds: boolean): void {
    if (holds || this.#held.some(({ packetId }) => packetId === ack.packetId)) this.#held.push(ack)
    else this.#toSender.push(ack)
  }

  get #isQuiet(): boolean {
    return this.rules.isConnected && this.#toReceiver.length + this.#toSender.length + this.#held.length === 0
  }

  #send(packet: SentPacket): void {
    if (packet.type === 'PUBLISH') this.rules.publishes(packet)
    else this.rules.releases(packet.packetId, packet.reasonCode)
    this.#toReceiver.push(packet)
  }

  #receiveAtSender(ack: AckPacket): void {
    const before = this.#sender.state()
    if (this.rules.contradicts(ack)) {
      this.#receiveMistake(ack)
      if (this.#sender.state() !== before)
        throw new Violation('mistake', `${ack.type} ${ack.packetId} changes something`)
      this.lose()
      return
    }
    const isAwaited = this.rules.awaits(ack)
    this.rules.acknowledges(ack)
    this.#sender.receive(ack)
    if (!isAwaited && this.#sender.state() !== before) throw new Violation('stray', `${ack.type} ${ack.packetId}`)
    this.#check()
  }

  #receiveMistake(ack: AckPacket): void {
    try {
      this.#sender.receive(ack)
    } catch (error) {
      if (error instanceof ProtocolError) return
      throw error
    }
    throw new Violation('mistake', `${ack.type} ${ack.packetId} is no error`)
  }

  #check(): void {
    this.rules.check(this.#sender.hasQuota, this.#sender.unfinishedCount)
  }

  /** Two pairs of ends with equal states behave the same from here on. */
  state(): string {
    const link = [this.#toReceiver, this.#toSender, this.#held]
    return JSON.stringify([this.rules.state(), this.#sender.state(), this.#receiver.accepted, link])
  }
}
