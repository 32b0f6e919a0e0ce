import { encodePacket, noProperties, PacketType, type ProtocolVersion, type QoS } from '@curlew/codec'

/** MQTT 3.1.1: the newest that all brokers compared speak. */
export const protocolVersion: ProtocolVersion = 4

/** Payload: index of the publisher (4 bytes), sequence number (4 bytes), filling. */
export const PAYLOAD_BYTES_MIN = 8

/** What all messages of one publisher have in common. */
export interface MessageForm {
  readonly publisherIndex: number
  readonly topic: string
  readonly qos: QoS
  readonly payloadBytes: number
}

export function payloadOf(form: MessageForm, sequence: number): Buffer {
  const payload = Buffer.alloc(form.payloadBytes, 0x2e)
  payload.writeUInt32BE(form.publisherIndex, 0)
  payload.writeUInt32BE(sequence, 4)
  return payload
}

/** Packet Identifiers follow the sequence numbers, so whoever knows one knows the other. */
export function packetIdOf(sequence: number): number {
  return 1 + (sequence % 0xffff)
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

  constructor(form: MessageForm, count: number) {
    const packet = encodePacket(
      {
        type: PacketType.Publish,
        topic: form.topic,
        payload: payloadOf(form, 0),
        qos: form.qos,
        retain: false,
        dup: false,
        packetId: form.qos === 0 ? 0 : packetIdOf(0),
        properties: noProperties,
      },
      protocolVersion,
    )
    this.#bytes = Buffer.concat(new Array<Uint8Array>(count).fill(packet))
    this.#count = count
    this.#packetBytes = packet.length
    this.#payloadStart = packet.length - form.payloadBytes
    this.#hasPacketId = form.qos > 0
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
        bytes[payload - 2] = packetId >>> 8
        bytes[payload - 1] = packetId
      }
      payload += this.#packetBytes
    }
    return bytes
  }
}
