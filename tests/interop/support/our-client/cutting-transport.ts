import { connect } from 'node:net'
import { type ByteStream, type ByteStreamHandler, duplexStream, type Transport } from '@curlew/client'
import { PacketDecoder, type PacketType, type ProtocolVersion } from '@curlew/codec'
import { Signal } from '../bounded-wait.ts'

/** The packet with which a connection breaks: it is not passed on. */
export interface Cut {
  readonly direction: 'sent' | 'received'
  readonly type: PacketType
}

/** TCP connections of our client, of which the first breaks at a packet. */
export class CuttingTransport implements Transport {
  /** Resolves when the connection has been broken. */
  readonly cutMade: Promise<void>
  readonly #made = new Signal<void>()
  readonly #host: string
  readonly #port: number
  readonly #version: ProtocolVersion
  #cut: Cut | undefined

  constructor(url: string, version: ProtocolVersion, cut: Cut) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = Number(port)
    this.#version = version
    this.#cut = cut
    this.cutMade = this.#made.promise
  }

  async connect(): Promise<ByteStream> {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    const version = this.#version
    const decoders = {
      sent: new PacketDecoder({ receiver: 'server' }),
      received: new PacketDecoder({ receiver: 'client', version, isLenient: true }),
    }
    let isBroken = false
    return new CuttingStream(duplexStream(socket), (direction, bytes) => {
      if (isBroken) return true
      isBroken = this.#isCutIn(direction, decoders[direction], bytes)
      if (isBroken) socket.resetAndDestroy()
      return isBroken
    })
  }

  /** @returns whether the packet to cut at is in these bytes, which are then lost as a whole */
  #isCutIn(direction: Cut['direction'], decoder: PacketDecoder, bytes: Uint8Array): boolean {
    decoder.push(Uint8Array.from(bytes))
    for (let packet = decoder.next(); packet; packet = decoder.next()) {
      if (this.#cut?.direction !== direction || this.#cut.type !== packet.type) continue
      this.#cut = undefined
      this.#made.resolve()
      return true
    }
    return false
  }
}

/** A stream whose bytes pass only if `isLost` lets them. */
class CuttingStream implements ByteStream {
  readonly #stream: ByteStream
  readonly #isLost: (direction: Cut['direction'], bytes: Uint8Array) => boolean

  constructor(stream: ByteStream, isLost: (direction: Cut['direction'], bytes: Uint8Array) => boolean) {
    this.#stream = stream
    this.#isLost = isLost
  }

  get pendingBytes(): number {
    return this.#stream.pendingBytes
  }

  start(handler: ByteStreamHandler): void {
    this.#stream.start({
      onBytes: chunk => {
        if (!this.#isLost('received', chunk)) handler.onBytes(chunk)
      },
      onDrain: () => handler.onDrain(),
      onClose: error => handler.onClose(error),
    })
  }

  write(bytes: Uint8Array): void {
    if (!this.#isLost('sent', bytes)) this.#stream.write(bytes)
  }

  end(): void {
    this.#stream.end()
  }

  destroy(): void {
    this.#stream.destroy()
  }
}
