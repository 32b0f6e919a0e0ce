import { encodePacket, noProperties, PacketType, type QoS } from '@curlew/codec'

/** Payload: index of the publisher (4 bytes), sequence number (4 bytes), filling. */
export const PAYLOAD_BYTES_MIN = 8

/** What all messages of one publisher have in common. */
export interface MessageForm {
  readonly publisherIndex: number
  readonly topic: string
  readonly protocolVersion: 4 | 5
  readonly qos: QoS
  readonly payloadBytes: number
  /** After so many messages fillings come again; all that may be under way differ. A multiple of the batch. */
  readonly fillingCount: number
}

export function payloadOf(form: MessageForm, sequence: number): Buffer {
  const payload = Buffer.alloc(form.payloadBytes)
  fillAtRandom(payload, 1 + form.publisherIndex * form.fillingCount + (sequence % form.fillingCount))
  payload.writeUInt32BE(form.publisherIndex, 0)
  payload.writeUInt32BE(sequence, 4)
  return payload
}

/** Bytes that no store can compress, the same for the same `seed`: xorshift (Marsaglia). @param seed not 0 */
function fillAtRandom(bytes: Buffer, seed: number): void {
  let state = seed
  for (let round = 0; round < 8; round++) state = xorshift(state) // seeds are small, and alike at first
  for (let index = 0; index < bytes.length; index++) {
    state = xorshift(state)
    bytes[index] = state
  }
}

function xorshift(state: number): number {
  let next = state
  next ^= next << 13
  next ^= next >>> 17
  return next ^ (next << 5)
}

/** Packet Identifiers follow the sequence numbers, so whoever knows one knows the other. */
export function packetIdOf(sequence: number): number {
  return 1 + (sequence % 0xffff)
}

/** From the Packet Identifier to the payload: MQTT 5.0 has the length of no properties, one byte, between them. */
export function packetIdDistance(protocolVersion: 4 | 5): number {
  return protocolVersion === 5 ? 3 : 2
}

function packetOf(form: MessageForm, sequence: number): Uint8Array {
  const { topic, qos, protocolVersion } = form
  const payload = payloadOf(form, sequence)
  const packetId = qos === 0 ? 0 : packetIdOf(sequence)
  const flags = { retain: false, dup: false, properties: noProperties }
  return encodePacket({ type: PacketType.Publish, topic, payload, qos, packetId, ...flags }, protocolVersion)
}

/**
 * Some PUBLISH packets one behind the other, encoded once by the codec. For each use only sequence numbers and Packet
 * Identifiers are written, so that the generator costs far less than the broker it measures.
 */
export class PublishBatch {
  readonly #bytes: Buffer
  readonly #count: number
  readonly #packetBytes: number
  readonly #payloadStart: number
  readonly #hasPacketId: boolean
  /** From the Packet Identifier to the payload. */
  readonly #packetIdDistance: number

  /** @param first sequence number of the first message; later uses must have the same fillings, see {@link MessageForm} */
  constructor(form: MessageForm, first: number, count: number) {
    const packets = Array.from({ length: count }, (_, index) => packetOf(form, first + index))
    const packetBytes = packets[0]!.length
    this.#bytes = Buffer.concat(packets)
    this.#count = count
    this.#packetBytes = packetBytes
    this.#payloadStart = packetBytes - form.payloadBytes
    this.#hasPacketId = form.qos > 0
    this.#packetIdDistance = packetIdDistance(form.protocolVersion)
  }

  /** @returns the packets with the sequence numbers from `first` on; valid until the next call */
  stamp(first: number): Buffer {
    const bytes = this.#bytes
    let payload = this.#payloadStart
    for (let sequence = first; sequence < first + this.#count; sequence++) {
      bytes[payload + 4] = sequence >>> 24
      bytes[payload + 5] = sequence >>> 16
      bytes[payload + 6] = sequence >>> 8
      bytes[payload + 7] = sequence
      if (this.#hasPacketId) {
        const packetId = packetIdOf(sequence)
        bytes[payload - this.#packetIdDistance] = packetId >>> 8
        bytes[payload - this.#packetIdDistance + 1] = packetId
      }
      payload += this.#packetBytes
    }
    return bytes
  }
}
