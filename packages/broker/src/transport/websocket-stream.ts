import type { WebSocket } from 'ws'
import type { ByteStream, ByteStreamHandler } from '../connection/byte-stream.ts'
import { hostQueueBytes } from './socket-stream.ts'

/** Close code of RFC 6455 for data of a kind that is not accepted. */
const UNSUPPORTED_DATA = 1003

/**
 * A {@link ByteStream} over a WebSocket. Packets may begin and end anywhere in the frames [MQTT-6.0.0-2]; what a
 * turn writes goes out as one frame.
 */
export class WebSocketStream implements ByteStream {
  readonly remoteAddress: string
  readonly #socket: WebSocket
  #handler: ByteStreamHandler | undefined
  #isPending = false
  readonly #onSent = (): void => {
    if (!this.#isPending || this.#socket.bufferedAmount > 0) return
    this.#isPending = false
    this.#handler?.onDrain()
  }

  constructor(socket: WebSocket, remoteAddress: string) {
    this.#socket = socket
    this.remoteAddress = remoteAddress
  }

  get pendingBytes(): number {
    return this.#socket.bufferedAmount
  }

  get untakenMark(): number {
    return this.#socket.bufferedAmount + hostQueueBytes((this.#socket as { _socket?: object })._socket)
  }

  start(handler: ByteStreamHandler): void {
    this.#handler = handler
    const socket = this.#socket
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) return handler.onBytes(data)
      socket.close(UNSUPPORTED_DATA, 'MQTT needs binary frames') // [MQTT-6.0.0-1]
      handler.onEnd() // what follows in other frames is not looked at, and the peer has no more than its linger time
    })
    socket.on('close', () => handler.onClose())
    // A broken frame or connection is followed by `close`, which says all that matters here.
    socket.on('error', () => {})
  }

  write(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return
    const last = chunks.length - 1
    for (const [index, chunk] of chunks.entries()) {
      socket.send(chunk, { binary: true, fin: index === last }, this.#onSent) // [MQTT-6.0.0-1]
    }
    if (socket.bufferedAmount > 0) this.#isPending = true
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.close(1000)
  }

  destroy(): void {
    this.#socket.terminate()
  }
}
