import { isFailure, ReasonCode } from '@curlew/codec'
import type { OutgoingDeliveries } from '@curlew/protocol'
import type { AckPacket, SentPacket } from './link-packets.ts'
import { type SentMessage, sent } from './sent-message.ts'

/** Chooses the Packet Identifier of the message at a place of the queue; `undefined`: none can be had now. */
export type Identify = (sequence: number, isInUse: (packetId: number) => boolean) => number | undefined

export type OutgoingClass = new (receiveMaximum: number) => OutgoingDeliveries<SentMessage<number>>

interface Waiting {
  readonly content: number
  readonly qos: 1 | 2
}

/** A sender as a Client or a Server has it: a queue in front of {@link OutgoingDeliveries}, and packets as values. */
export class SendingEnd {
  readonly #outgoingClass: OutgoingClass
  readonly #identify: Identify
  readonly #send: (packet: SentPacket) => void
  #outgoing: OutgoingDeliveries<SentMessage<number>>
  #waiting: Waiting[] = []
  #isConnected = false

  constructor(outgoingClass: OutgoingClass, identify: Identify, send: (packet: SentPacket) => void) {
    this.#outgoingClass = outgoingClass
    this.#outgoing = new outgoingClass(1)
    this.#identify = identify
    this.#send = send
  }

  get hasQuota(): boolean {
    return this.#outgoing.hasQuota
  }
  get unfinishedCount(): number {
    return this.#outgoing.size
  }
  get waitingCount(): number {
    return this.#waiting.length
  }

  publish(content: number, qos: 1 | 2): void {
    this.#waiting.push({ content, qos })
    this.#pump()
  }

  connect(receiveMaximum: number): void {
    this.#isConnected = true
    this.#outgoing.resume(receiveMaximum)
    this.#pump()
  }

  disconnect(): void {
    this.#isConnected = false
  }

  /** Begins anew from what would have been stored. */
  restart(): void {
    const unfinished = [...this.#outgoing.unfinished()]
    this.#outgoing = new this.#outgoingClass(1)
    for (const { content, packetId, qos, phase } of unfinished) {
      this.#outgoing.restore(sent(content, packetId, qos), phase === 'awaiting-pubcomp')
    }
  }

  receive(ack: AckPacket): void {
    if (ack.type === 'PUBACK') this.#outgoing.puback(ack.packetId)
    if (ack.type === 'PUBREC') this.#receivePubrec(ack)
    if (ack.type === 'PUBCOMP') this.#outgoing.pubcomp(ack.packetId)
    this.#pump()
  }

  #receivePubrec({ packetId, reasonCode }: AckPacket): void {
    const after = this.#outgoing.pubrec(packetId, reasonCode)
    if (after === 'release') this.#send({ type: 'PUBREL', packetId, reasonCode: ReasonCode.Success })
    if (after === 'unknown' && !isFailure(reasonCode)) {
      this.#send({ type: 'PUBREL', packetId, reasonCode: ReasonCode.PacketIdentifierNotFound })
    }
  }

  #pump(): void {
    if (!this.#isConnected) return
    for (let delivery = this.#outgoing.nextResend(); delivery; delivery = this.#outgoing.nextResend()) {
      const { packetId, qos, content, phase } = delivery
      if (phase === 'awaiting-pubcomp') this.#send({ type: 'PUBREL', packetId, reasonCode: ReasonCode.Success })
      else this.#send({ type: 'PUBLISH', packetId, qos, dup: true, content })
    }
    for (let next = this.#waiting[0]; next && this.#outgoing.hasQuota; next = this.#waiting[0]) {
      const packetId = this.#identify(next.content, candidate => this.#outgoing.isInUse(candidate))
      if (packetId === undefined) return
      this.#waiting.shift()
      this.#outgoing.start(sent(next.content, packetId, next.qos))
      this.#send({ type: 'PUBLISH', packetId, qos: next.qos, dup: false, content: next.content })
    }
  }

  /** All that an acknowledgement could change, to be compared. */
  state(): string {
    const { hasQuota, hasResends } = this.#outgoing
    const unfinished = [...this.#outgoing.unfinished()].map(delivery => [
      delivery.content,
      delivery.packetId,
      delivery.phase,
      delivery.usesQuota,
    ])
    return JSON.stringify([this.#isConnected, hasQuota, hasResends, unfinished, this.#waiting.length])
  }
}
