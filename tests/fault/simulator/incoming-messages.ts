import { noProperties, type Packet, PacketType, type Publish } from '@curlew/codec'
import type { ClientProfile } from './client-profile.ts'
import type { EventQueue } from './event-queue.ts'
import type { Random } from './random.ts'
import { ResendOrder } from './resend-order.ts'
import { Violation } from './violation.ts'

type Answer = typeof PacketType.Puback | typeof PacketType.Pubrec | typeof PacketType.Pubcomp

/** What it needs of the simulation. */
export interface IncomingServices {
  readonly queue: EventQueue
  /** Whether clients take their time. */
  readonly isActive: () => boolean
}

/** The receiver's half of QoS 1 and QoS 2 at a client, who takes its time and answers in order. */
export class IncomingMessages {
  readonly #profile: ClientProfile
  readonly #services: IncomingServices
  readonly #random: Random
  readonly #resends: ResendOrder
  /** Packet Identifiers of QoS 2 messages that the application has seen and that are not released. */
  readonly #unreleased = new Set<number>()
  /** Packet Identifiers of this connection that use the Receive Maximum. */
  readonly #unanswered = new Set<number>()
  #lastAnswerMs = 0
  #connection = 0
  #send: (packet: Packet) => void = () => {}

  constructor(profile: ClientProfile, services: IncomingServices, random: Random) {
    this.#profile = profile
    this.#services = services
    this.#random = random
    this.#resends = new ResendOrder(profile.name)
  }

  /** @param send goes nowhere once the connection is over */
  startConnection(send: (packet: Packet) => void): void {
    this.#connection++
    this.#send = send
    this.#unanswered.clear()
    this.#resends.startConnection()
  }

  /** The Session is gone, or the memory of it. */
  forget(): void {
    this.#unreleased.clear()
  }

  /** @returns whether the application sees the message; not when its identifier is known. @throws {Violation} */
  receive(packet: Publish): boolean {
    const { packetId, qos } = packet
    if (qos === 0) return true
    this.#unanswered.add(packetId)
    this.#resends.receive(packet)
    const { name, version, receiveMaximum } = this.#profile
    if (version === 5 && this.#unanswered.size > receiveMaximum) {
      throw new Violation('more than Receive Maximum', `${name} takes ${receiveMaximum}`)
    }
    const isSeen = qos === 1 || !this.#unreleased.has(packetId)
    if (qos === 2) this.#unreleased.add(packetId)
    return isSeen
  }

  acknowledge({ qos, packetId }: Publish): void {
    if (qos > 0) this.#answer(qos === 1 ? PacketType.Puback : PacketType.Pubrec, packetId)
  }

  release(packetId: number): void {
    this.#unreleased.delete(packetId)
    this.#answer(PacketType.Pubcomp, packetId)
  }

  /** Acknowledges in order, after a while. */
  #answer(type: Answer, packetId: number): void {
    const { queue, isActive } = this.#services
    const [connection, send] = [this.#connection, this.#send]
    const isSlow = isActive() && this.#random.chance(0.5)
    const dueMs = queue.nowMs + (isSlow ? this.#random.duration(0, this.#profile.answerMaxMs) : 0)
    this.#lastAnswerMs = Math.max(this.#lastAnswerMs, dueMs)
    // Two answers of one moment could change places otherwise.
    this.#lastAnswerMs += 1 / 64
    queue.after(this.#lastAnswerMs - queue.nowMs, () => {
      if (this.#connection !== connection) return
      if (type !== PacketType.Pubrec) this.#unanswered.delete(packetId)
      send({ type, packetId, reasonCode: 0, properties: noProperties })
    })
  }
}
