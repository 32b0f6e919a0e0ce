import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ByteStream, ByteStreamHandler } from '../connection/byte-stream.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { SocketStream } from './socket-stream.ts'

/** @returns a stream over what the application has connected by itself; a socket, such as one of TLS, needs nothing more */
export function byteStreamOf(stream: Duplex, runtime: Runtime): ByteStream {
  return stream instanceof Socket ? new SocketStream(stream) : new DuplexStream(stream, runtime)
}

/**
 * A {@link ByteStream} over a Duplex of the application. Its far end may be in this process and answer at once: then bytes come from within a
 * write to it, to another one, or from within a listener of the broker. So what comes is told in calls of their own, in the same turn of the event loop and in
 * the order in which it came, also from several streams.
 *
 * What has come and is not told is no more than the application gives within one call, or the stream still gives when it has been paused.
 */
export class DuplexStream implements ByteStream, ByteStreamHandler {
  readonly #stream: SocketStream
  readonly #runtime: Runtime
  #handler: ByteStreamHandler | undefined
  /** Bytes, and that there are no more, oldest first. */
  #arrivals: (() => void)[] = []
  #isPaused = false

  constructor(stream: Duplex, runtime: Runtime) {
    this.#stream = new SocketStream(stream)
    this.#runtime = runtime
  }

  get remoteAddress(): string {
    return this.#stream.remoteAddress
  }
  get pendingBytes(): number {
    return this.#stream.pendingBytes
  }
  get untakenMark(): number {
    return this.#stream.untakenMark
  }

  start(handler: ByteStreamHandler): void {
    this.#handler = handler
    this.#stream.start(this)
  }

  write(chunks: readonly Uint8Array[]): void {
    this.#stream.write(chunks)
  }

  pause(): void {
    this.#isPaused = true
    this.#stream.pause()
  }

  resume(): void {
    this.#isPaused = false
    for (let count = this.#arrivals.length; count > 0; count--) this.#tellNextSoon()
    this.#stream.resume()
  }

  end(): void {
    this.#stream.end()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  /**
   * Copies, as it is not known for how long the chunk stays as it is. The copy is wiped when it has been handled, so that a view which somebody has
   * kept shows with every stream, not only with those that share a buffer (ADR 0017).
   */
  onBytes(chunk: Uint8Array): void {
    const copy = Uint8Array.from(chunk)
    this.#arrive(() => {
      this.#handler!.onBytes(copy)
      copy.fill(0xee)
    })
  }

  onEnd(): void {
    this.#arrive(() => this.#handler!.onEnd())
  }

  onDrain(): void {
    this.#runtime.atEndOfCall(() => this.#handler!.onDrain())
  }

  /** What has come before and was not wanted yet is lost, as with a socket. */
  onClose(): void {
    this.#runtime.atEndOfCall(() => {
      this.#arrivals = []
      this.#handler!.onClose()
    })
  }

  #arrive(arrival: () => void): void {
    this.#arrivals.push(arrival)
    this.#tellNextSoon()
  }

  /** One call each, so that several streams keep their order. */
  #tellNextSoon(): void {
    this.#runtime.atEndOfCall(() => {
      if (!this.#isPaused) this.#arrivals.shift()?.()
    })
  }
}
