import type { ByteStream, ByteStreamHandler } from '@curlew/client'
import { PacketDecoder, type ProtocolVersion } from '@curlew/codec'
import { type AnyPacket, anyPacketOf } from './any-packet.ts'

/** Where packets are told of. */
export interface PacketListener {
  /** Whether anybody listens now; where nobody does, nothing is decoded. */
  isHeard(event: PacketEvent): boolean
  tell(event: PacketEvent, packet: AnyPacket): void
}

export type PacketEvent = 'packetsend' | 'packetreceive'

/** A stream that tells of the packets that go by, and is otherwise the one it was made from. */
export class PacketTap implements ByteStream {
  readonly #stream: ByteStream
  readonly #sent: PacketWatch
  readonly #received: PacketWatch

  constructor(stream: ByteStream, version: ProtocolVersion, listener: PacketListener) {
    this.#stream = stream
    this.#sent = new PacketWatch('packetsend', version, listener)
    this.#received = new PacketWatch('packetreceive', version, listener)
  }

  get pendingBytes(): number {
    return this.#stream.pendingBytes
  }

  start(handler: ByteStreamHandler): void {
    this.#stream.start({
      onBytes: chunk => {
        this.#received.take(chunk)
        handler.onBytes(chunk)
      },
      onDrain: () => handler.onDrain(),
      onClose: error => handler.onClose(error),
    })
  }

  write(bytes: Uint8Array): void {
    this.#sent.take(bytes)
    this.#stream.write(bytes)
  }

  end(): void {
    this.#stream.end()
  }

  destroy(): void {
    this.#stream.destroy()
  }
}

/**
 * One direction of a connection. While nobody listens it only counts where packets begin, so that listeners may come at any time;
 * the first packet they hear of is the first that begins a chunk.
 */
class PacketWatch {
  readonly #event: PacketEvent
  readonly #version: ProtocolVersion
  readonly #listener: PacketListener
  #decoder: PacketDecoder | undefined
  /** Bytes of the present packet that are still to come, once its length is known. */
  #left = 0
  /** Remaining Length as far as it has come, and the shift of its next seven bits; -1 outside a fixed header. */
  #length = 0
  #shift = -1

  constructor(event: PacketEvent, version: ProtocolVersion, listener: PacketListener) {
    this.#event = event
    this.#version = version
    this.#listener = listener
  }

  take(chunk: Uint8Array): void {
    if (this.#listener.isHeard(this.#event) && this.#left === 0 && this.#shift === -1) {
      this.#decoder ??= new PacketDecoder({ receiver: 'any', version: this.#version, isLenient: true })
    }
    if (this.#decoder) this.#decode(this.#decoder, chunk)
    else this.#skip(chunk)
  }

  /** A copy is decoded: listeners keep packets, and the chunk is the client's to reuse. */
  #decode(decoder: PacketDecoder, chunk: Uint8Array): void {
    try {
      decoder.push(new Uint8Array(chunk))
      for (let packet = decoder.next(); packet; packet = decoder.next()) {
        this.#listener.tell(this.#event, anyPacketOf(packet, this.#version))
      }
    } catch {
      // A fault of the peer's, which the client itself finds and answers.
    }
  }

  #skip(chunk: Uint8Array): void {
    for (let index = 0; index < chunk.length; ) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, chunk.length - index)
        this.#left -= count
        index += count
        continue
      }
      const byte = chunk[index++]!
      if (this.#shift === -1) {
        this.#shift = 0
        this.#length = 0
        continue
      }
      this.#length |= (byte & 127) << this.#shift
      this.#shift += 7
      if (byte >= 128) continue
      this.#left = this.#length
      this.#shift = -1
    }
  }
}
