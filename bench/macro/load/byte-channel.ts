import { connect, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Transport } from '../scenarios.ts'
import { frameHeader, upgradeRequest, WebSocketFrames } from './websocket-frames.ts'

/** All sockets read into this one buffer. On Unix a read and its callback are one step, so no two ever share it. */
export const chunk: Buffer = Buffer.allocUnsafeSlow(256 * 1024)

/** Who hears of a channel. */
export interface ChannelListener {
  /** `chunk[0..length)` has come. */
  onBytes(length: number): void
  onError(error: Error): void
  onClose(): void
}

/** Bytes to a broker and from it, whatever carries them. */
export class ByteChannel {
  readonly #socket: Socket
  readonly #listener: ChannelListener
  readonly #frames: WebSocketFrames | undefined
  /** Whether frames may be sent; true from the start where nothing has to be agreed on. */
  #isUpgraded: boolean
  #waiting: Uint8Array[] = []

  constructor(transport: Transport, port: number, listener: ChannelListener) {
    this.#listener = listener
    this.#frames = transport === 'ws' ? new WebSocketFrames() : undefined
    this.#isUpgraded = transport !== 'ws'
    this.#socket = socketOf(transport, port, length => this.#receive(length))
    if (transport === 'ws') this.#socket.write(upgradeRequest)
    this.#socket.on('error', error => listener.onError(error))
    this.#socket.on('close', () => listener.onClose())
  }

  /** Whether the kernel has taken all that was written. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0
  }

  /** @param bytes must stay as they are until {@link isFlushed}, or until they have been answered */
  write(bytes: Uint8Array): void {
    if (!this.#isUpgraded) this.#waiting.push(bytes)
    else if (this.#frames === undefined) this.#socket.write(bytes)
    else this.#writeFrame(bytes)
  }

  /** Sends what is the last. */
  end(bytes: Uint8Array): void {
    this.write(bytes)
    this.#socket.end()
  }

  /** Ends it without a word. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Header and content in one system call. */
  #writeFrame(bytes: Uint8Array): void {
    this.#socket.cork()
    this.#socket.write(frameHeader(bytes.length))
    this.#socket.write(bytes)
    this.#socket.uncork()
  }

  #receive(length: number): void {
    if (!this.#isUpgraded) return this.#upgrade(length)
    if (this.#frames === undefined) return this.#listener.onBytes(length)
    try {
      const kept = this.#frames.unwrap(chunk, length)
      if (kept > 0) this.#listener.onBytes(kept)
    } catch (error) {
      this.#listener.onError(error as Error)
    }
  }

  /** Nothing follows the answer until we have sent CONNECT. */
  #upgrade(length: number): void {
    const answer = chunk.toString('latin1', 0, length)
    if (!answer.startsWith('HTTP/1.1 101 ') || !answer.endsWith('\r\n\r\n')) {
      return this.#listener.onError(new Error(`no WebSocket: ${answer.split('\r\n')[0]}`))
    }
    this.#isUpgraded = true
    for (const bytes of this.#waiting) this.#writeFrame(bytes)
    this.#waiting = []
  }
}

function socketOf(transport: Transport, port: number, onBytes: (length: number) => void): Socket {
  const onread: OnReadOpts = {
    buffer: chunk,
    callback: length => {
      onBytes(length)
      return true
    },
  }
  const options = { host: '127.0.0.1', port, noDelay: true, onread }
  // The certificate is one that the run has made for itself a moment ago.
  return transport === 'tls' ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options)
}
