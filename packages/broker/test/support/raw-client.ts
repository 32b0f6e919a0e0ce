import { encodePacket, type Packet, PacketDecoder, PacketType, type ProtocolVersion } from '@curlew/codec'
import { bytesOf } from './notation.ts'
import { packetText } from './packet-text.ts'
import { pingreq } from './packets.ts'
import type { Wire, WireHandler } from './wire.ts'

/** A Packet, or bytes in notation. */
export type Sendable = Packet | string

/**
 * A client that does nothing by itself: it sends what it is told, valid or not, acknowledges nothing, and keeps what came.
 * Methods that wait fail with what had come instead.
 */
export class RawClient<W extends Wire = Wire> implements WireHandler {
  readonly wire: W
  readonly version: ProtocolVersion
  /** What came and has not been asked for. */
  #inbox: Packet[] = []
  #state: 'open' | 'ended' | 'closed' = 'open'
  readonly #decoder: PacketDecoder

  constructor(wire: W, version: ProtocolVersion) {
    this.wire = wire
    this.version = version
    this.#decoder = new PacketDecoder({ receiver: 'client', version })
    wire.start(this)
  }

  /** `ended`: the broker has closed its side; `closed`: the connection is gone. */
  get state(): 'open' | 'ended' | 'closed' {
    return this.#state
  }

  onBytes(bytes: Uint8Array): void {
    this.#decoder.push(Uint8Array.from(bytes))
    for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
      this.#inbox.push(packet)
    }
  }

  onEnd(): void {
    if (this.#state === 'open') this.#state = 'ended'
  }

  onClose(): void {
    this.#state = 'closed'
  }

  /** Sends all in one chunk. */
  send(...parts: readonly Sendable[]): void {
    this.wire.write(this.encode(parts))
  }

  encode(parts: readonly Sendable[]): Uint8Array {
    return Buffer.concat(
      parts.map(part => (typeof part === 'string' ? bytesOf(part) : encodePacket(part, this.version))),
    )
  }

  /** The next packet. */
  async receive(): Promise<Packet> {
    while (this.#inbox.length === 0) {
      if (this.#state !== 'open') throw new Error(`the connection is ${this.#state}; another packet was expected`)
      await this.#wait('a packet')
    }
    return this.#inbox.shift()!
  }

  /** The next packet as {@link packetText}. */
  async next(): Promise<string> {
    return packetText(await this.receive())
  }

  /** The next packet, which must be of this type. */
  async receiveA<Type extends Packet['type']>(type: Type): Promise<Extract<Packet, { type: Type }>> {
    const packet = await this.receive()
    if (packet.type !== type) throw new Error(`${packetText(packet)} came instead of type ${type}`)
    return packet as Extract<Packet, { type: Type }>
  }

  /** So many packets, as text. */
  async take(count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push(await this.next())
    return texts
  }

  /** What has come up to now, as text: a PINGREQ is sent, and its answer ends the list. */
  async upToNow(): Promise<string[]> {
    this.send(pingreq)
    const texts: string[] = []
    for (;;) {
      const packet = await this.receive()
      if (packet.type === PacketType.Pingresp) return texts
      texts.push(packetText(packet))
    }
  }

  /** Waits for the broker to close, and returns what it sent before, as text. */
  async closing(): Promise<string[]> {
    while (this.#state === 'open') await this.#wait('the broker to close the connection')
    return this.#inbox.splice(0).map(packetText)
  }

  /** Waits until the connection is gone. */
  async gone(): Promise<void> {
    while (this.#state !== 'closed') await this.#wait('the connection to be gone')
  }

  /** Takes what has come, as text, without waiting. */
  takeAll(): string[] {
    return this.#inbox.splice(0).map(packetText)
  }

  /** Takes the packets that have come, without waiting. */
  takePackets(): Packet[] {
    return this.#inbox.splice(0)
  }

  end(): void {
    this.wire.end()
  }

  /** Drops the connection, as a network does. */
  drop(): void {
    this.wire.destroy()
  }

  async #wait(what: string): Promise<void> {
    const before = this.#inbox.length
    const { state } = this
    while (await this.wire.arrival()) if (this.#inbox.length > before || this.#state !== state) return
    if (this.#inbox.length > before || this.#state !== state) return
    const came = this.#inbox.map(packetText).join(', ')
    throw new Error(`waited for ${what}; the connection is ${state}; came: ${came || 'nothing'}`)
  }
}
