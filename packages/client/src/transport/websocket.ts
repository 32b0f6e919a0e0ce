import type { ByteStream, ByteStreamHandler } from './byte-stream.ts'

/** Nothing tells when a WebSocket has sent what it was given, so it is asked this often while something is pending, in milliseconds. */
const DRAIN_POLL_MS = 20

/** The part of a WebSocket that browsers, Node, Deno, Bun and the package `ws` have in common. */
export interface WebSocketLike {
  binaryType: string
  readonly protocol: string
  readonly bufferedAmount: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  send(bytes: Uint8Array): void
  close(): void
}

/** Sub-protocols as they are offered: [MQTT-6.0.0-3] and the name that MQTT 3.1 had. */
export const subProtocols: string[] = ['mqtt', 'mqttv3.1']

/** A {@link ByteStream} over a WebSocket (section 6). MQTT packets need not be aligned with its messages [MQTT-6.0.0-2]. */
export class WebSocketStream implements ByteStream {
  readonly #socket: WebSocketLike
  #handler: ByteStreamHandler | undefined
  #isPolling = false

  constructor(socket: WebSocketLike) {
    this.#socket = socket
  }

  get pendingBytes(): number {
    // `send` copies, so only what is too much matters: it is asked for by nobody but the flow control.
    return this.#socket.bufferedAmount
  }

  start(handler: ByteStreamHandler): void {
    this.#handler = handler
    const socket = this.#socket
    let fault: unknown
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (data instanceof ArrayBuffer) return handler.onBytes(new Uint8Array(data))
      fault = new TypeError('a WebSocket frame was text') // [MQTT-6.0.0-1]
      socket.close()
    }
    socket.onerror = (event: { error?: unknown }) => {
      fault ??= event.error
    }
    socket.onclose = () => {
      this.#handler = undefined
      handler.onClose(fault)
    }
  }

  write(bytes: Uint8Array): void {
    this.#socket.send(bytes)
    if (this.#socket.bufferedAmount > 0) this.#poll()
  }

  end(): void {
    this.#socket.close()
  }

  destroy(): void {
    const socket = this.#socket as WebSocketLike & { terminate?(): void }
    if (socket.terminate) socket.terminate()
    else socket.close()
  }

  #poll(): void {
    if (this.#isPolling) return
    this.#isPolling = true
    setTimeout(() => {
      this.#isPolling = false
      if (!this.#handler) return
      if (this.#socket.bufferedAmount > 0) this.#poll()
      else this.#handler.onDrain()
    }, DRAIN_POLL_MS)
  }
}

/** Waits until a WebSocket is open. @param signal gives the attempt up */
export function opened(socket: WebSocketLike, signal: AbortSignal): Promise<ByteStream> {
  socket.binaryType = 'arraybuffer'
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      socket.close()
      reject(signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    const fail = (event: { error?: unknown; message?: string; reason?: string }): void => {
      signal.removeEventListener('abort', giveUp)
      reject(event.error ?? new Error(event.message || event.reason || 'the WebSocket could not be opened'))
    }
    socket.onerror = fail
    socket.onclose = fail
    socket.onopen = () => {
      signal.removeEventListener('abort', giveUp)
      resolve(new WebSocketStream(socket))
    }
  })
}
