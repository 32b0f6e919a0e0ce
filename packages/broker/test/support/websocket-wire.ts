import { WebSocket } from 'ws'
import { EventWait } from './event-wait.ts'
import type { Wire, WireHandler } from './wire.ts'

/** A {@link Wire} over a WebSocket on this machine; what is written before it is open waits. */
export class WebSocketWire implements Wire {
  readonly socket: WebSocket
  /** Close code of the broker. */
  closeCode: number | undefined
  /** Bytes of each frame that came, and whether it was binary. */
  readonly frames: { readonly size: number; readonly isBinary: boolean }[] = []
  readonly #events = new EventWait()
  readonly #opened: Promise<void>

  constructor(url: string, protocols: string[] = ['mqtt']) {
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false })
    this.#opened = new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve())
      this.socket.once('error', reject)
    })
    this.#opened.catch(() => {}) // whoever waits for it hears of it
  }

  /** @throws what the host says when the broker does not take the connection */
  opened(): Promise<void> {
    return this.#opened
  }

  start(handler: WireHandler): void {
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.frames.push({ size: data.length, isBinary })
      handler.onBytes(data)
      this.#events.tell()
    })
    this.socket.on('close', code => {
      this.closeCode = code
      handler.onClose()
      this.#events.tell()
    })
    this.socket.on('error', () => {}) // followed by `close`
  }

  write(bytes: Uint8Array): void {
    this.sendFrame(bytes)
  }

  /** @param data a string goes as a text frame */
  sendFrame(data: Uint8Array | string): void {
    if (this.socket.readyState === WebSocket.CONNECTING) this.socket.once('open', () => this.socket.send(data))
    else this.socket.send(data)
  }

  end(): void {
    this.socket.close(1000)
  }

  destroy(): void {
    this.socket.terminate()
  }

  arrival(): Promise<boolean> {
    return this.#events.next()
  }
}
