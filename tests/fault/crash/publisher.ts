import { type ConnackProperties, noProperties, type Packet, PacketType } from '@curlew/codec'
import { Client, type ClientVersion } from './client.ts'
import type { Message } from './message.ts'
import type { Stage } from './stage.ts'

/** What a publisher sends. */
export interface MessageSource {
  /** The next message, or `undefined` when there is none for now. */
  next(): Message | undefined
}

/** A message whose delivery to the broker is not finished, under the Packet Identifier that it keeps until it is. */
interface Flight {
  readonly packetId: number
  readonly message: Message
}

/** From this Reason Code on an acknowledgement of 5.0 is a refusal. */
const REFUSAL_MIN = 0x80

/** Publishes at QoS 1 and 2 with several messages under way, and sends again what is unfinished as the specification asks. */
export class Publisher extends Client {
  readonly #source: MessageSource
  /** Messages under way at most. */
  readonly #window: number
  /** What the broker's Receive Maximum allows of it. */
  #quota: number
  /** Waiting for PUBACK or PUBREC, in the order of their first PUBLISH. */
  #unacknowledged: Flight[] = []
  /** Waiting for PUBCOMP, in the order of their PUBREC: for these PUBREL is sent again, never PUBLISH [MQTT-4.3.3-4]. */
  #released: Flight[] = []
  #isPaused = false
  acknowledgedCount = 0
  refusedCount = 0

  constructor(clientId: string, version: ClientVersion, stage: Stage, options: PublisherOptions) {
    super(clientId, version, stage)
    this.#source = options.source
    this.#window = options.window
    this.#quota = options.window
  }

  get isIdle(): boolean {
    return this.#unacknowledged.length + this.#released.length === 0
  }

  /** Finishes what is under way and begins nothing new. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#fill()
  }

  protected connected(isNew: boolean, { receiveMaximum }: ConnackProperties): void {
    this.#quota = Math.min(this.#window, receiveMaximum ?? 0xffff)
    // Without a Session there is nothing to go on with (section 4.1): what was under way stays unknown.
    if (isNew) this.#unacknowledged = []
    if (isNew) this.#released = []
    for (const flight of this.#unacknowledged) this.#publish(flight)
    for (const { packetId } of this.#released) this.#release(packetId)
    this.#fill()
  }

  protected receive(packet: Packet): void {
    if (packet.type === PacketType.Puback) this.#acknowledged(packet.packetId, packet.reasonCode, packet)
    else if (packet.type === PacketType.Pubrec) this.#received(packet.packetId, packet.reasonCode, packet)
    else if (packet.type === PacketType.Pubcomp) this.#completed(packet.packetId, packet)
    else this.reportUnexpected(packet, 'it only publishes')
    this.#fill()
  }

  #fill(): void {
    while (this.isConnected && !this.#isPaused && this.#unacknowledged.length + this.#released.length < this.#quota) {
      const message = this.#source.next()
      if (message === undefined) return
      const flight = { packetId: this.#freePacketId(), message }
      this.#unacknowledged.push(flight)
      this.#publish(flight)
    }
  }

  /** Always the lowest, so that identifiers come again as soon as they may: a broker must know which are over. */
  #freePacketId(): number {
    const taken = new Set([...this.#unacknowledged, ...this.#released].map(({ packetId }) => packetId))
    let packetId = 1
    while (taken.has(packetId)) packetId++
    return packetId
  }

  #publish({ packetId, message }: Flight): void {
    const { topic, qos, isRetained } = message.terms
    const dup = message.sendCount > 0 // [MQTT-3.3.1-1]
    message.sendCount++
    this.send({
      type: PacketType.Publish,
      topic,
      payload: message.bytes,
      qos,
      retain: isRetained,
      dup,
      packetId,
      properties: noProperties,
    })
  }

  #release(packetId: number): void {
    this.send({ type: PacketType.Pubrel, packetId, reasonCode: 0, properties: noProperties })
  }

  #acknowledged(packetId: number, reasonCode: number, packet: Packet): void {
    const flight = this.#take(packetId, 1, packet)
    if (flight === undefined) return
    if (reasonCode >= REFUSAL_MIN) {
      this.refusedCount++
      return
    }
    this.acknowledgedCount++
    const { now } = this.stage.timeline
    flight.message.acknowledgedAt = now
    flight.message.settledAt = now
  }

  #received(packetId: number, reasonCode: number, packet: Packet): void {
    if (this.#released.some(flight => flight.packetId === packetId)) return
    const flight = this.#take(packetId, 2, packet)
    if (flight === undefined) return
    if (reasonCode >= REFUSAL_MIN) {
      this.refusedCount++
      return
    }
    this.acknowledgedCount++
    flight.message.acknowledgedAt = this.stage.timeline.now
    this.#released.push(flight)
    this.#release(packetId)
  }

  #completed(packetId: number, packet: Packet): void {
    const index = this.#released.findIndex(flight => flight.packetId === packetId)
    if (index < 0) return this.reportUnexpected(packet, 'nothing waits for it')
    const [flight] = this.#released.splice(index, 1)
    flight!.message.settledAt = this.stage.timeline.now
  }

  /** Ends the wait of a message for PUBACK or PUBREC. */
  #take(packetId: number, qos: 1 | 2, packet: Packet): Flight | undefined {
    const index = this.#unacknowledged.findIndex(flight => flight.packetId === packetId)
    const flight = this.#unacknowledged[index]
    if (flight?.message.terms.qos === qos) {
      this.#unacknowledged.splice(index, 1)
      return flight
    }
    this.reportUnexpected(packet, 'nothing waits for it')
    return undefined
  }
}

export interface PublisherOptions {
  readonly source: MessageSource
  /** Messages under way at most. */
  readonly window: number
}
