import { connect, type Socket } from 'node:net'
import type { Wire, WireHandler } from '../../../packages/broker/test/support/wire.ts'

/** A broker that does not answer within this time, in milliseconds, does not answer at all. */
const PATIENCE_MS = 5_000

/** A connection over a real socket. */
export class SocketWire implements Wire {
  readonly #socket: Socket
  #notify: (() => void) | undefined

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
  }

  start(handler: WireHandler): void {
    const arrive = (handle: () => void) => () => {
      handle()
      this.#notify?.()
    }
    this.#socket.on('data', bytes => arrive(() => handler.onBytes(bytes))())
    this.#socket.on(
      'end',
      arrive(() => handler.onEnd()),
    )
    this.#socket.on(
      'close',
      arrive(() => handler.onClose()),
    )
    this.#socket.on('error', () => {}) // followed by `close`
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /**
   * Resolves at the next event, and at the latest when patience ends. Whoever calls has looked at everything that came
   * before, in the same turn.
   *
   * @returns whether it was an event
   */
  arrival(): Promise<boolean> {
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS)
      this.#notify = () => {
        clearTimeout(timer)
        this.#notify = undefined
        resolve(true)
      }
    })
  }
}
