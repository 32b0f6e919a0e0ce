import { connect, type Socket } from 'node:net'
import { EventWait } from './event-wait.ts'
import type { Wire, WireHandler } from './wire.ts'

/** A {@link Wire} over TCP on this machine. */
export class TcpWire implements Wire {
  readonly socket: Socket
  readonly #events = new EventWait()

  constructor(port: number, host = '127.0.0.1') {
    this.socket = connect({ host, port, noDelay: true, allowHalfOpen: true })
  }

  start(handler: WireHandler): void {
    const { socket } = this
    socket.on('data', bytes => {
      handler.onBytes(bytes)
      this.#events.tell()
    })
    socket.on('end', () => {
      handler.onEnd()
      this.#events.tell()
    })
    socket.on('close', () => {
      handler.onClose()
      this.#events.tell()
    })
    socket.on('error', () => {}) // followed by `close`
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  end(): void {
    this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Ends the connection as a machine that crashes and comes back does, with RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Reads nothing more: the host takes what its buffers hold. */
  freeze(): void {
    this.socket.pause()
  }

  thaw(): void {
    this.socket.resume()
  }

  arrival(): Promise<boolean> {
    return this.#events.next()
  }
}
