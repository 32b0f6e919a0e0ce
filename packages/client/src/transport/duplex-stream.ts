import type { ByteStream, ByteStreamHandler } from './byte-stream.ts'

/** The part of Node's `Duplex` that is used: no import, so that this file runs anywhere. */
export interface DuplexLike {
  readonly writableLength: number
  readonly destroyed: boolean
  readonly writableEnded: boolean
  // biome-ignore lint/suspicious/noExplicitAny: each event of a stream has arguments of its own
  on(event: string, listener: (...args: any[]) => void): unknown
  write(bytes: Uint8Array): boolean
  end(): unknown
  destroy(): unknown
}

/**
 * A {@link ByteStream} over a TCP or TLS socket, or over any Duplex of bytes that is open.
 *
 * @example
 * const [ours, theirs] = duplexPair()
 * broker.attach(theirs)
 * await connect([], { transport: { connect: async () => duplexStream(ours) } })
 */
export function duplexStream(duplex: DuplexLike): ByteStream {
  return new DuplexStream(duplex)
}

class DuplexStream implements ByteStream {
  readonly #duplex: DuplexLike
  #isWriting = false
  /** What has come from within a write, as a far end in this process may answer at once: it is told when the call under way is over. */
  #arrived: Uint8Array[] = []

  constructor(duplex: DuplexLike) {
    this.#duplex = duplex
    duplex.on('error', () => {}) // until start(); followed by `close`
  }

  get pendingBytes(): number {
    return this.#duplex.writableLength
  }

  start(handler: ByteStreamHandler): void {
    let fault: unknown
    const duplex = this.#duplex
    const tell = (): void => {
      const chunks = this.#arrived
      this.#arrived = []
      for (const chunk of chunks) handler.onBytes(chunk)
    }
    duplex.on('data', (chunk: Uint8Array) => {
      if (!this.#isWriting && this.#arrived.length === 0) return handler.onBytes(chunk)
      if (this.#arrived.push(chunk) === 1) queueMicrotask(tell)
    })
    duplex.on('drain', () => handler.onDrain())
    duplex.on('error', (error: unknown) => {
      fault = error
    })
    duplex.on('end', () => duplex.end())
    duplex.on('close', () => {
      tell()
      handler.onClose(fault)
    })
  }

  write(bytes: Uint8Array): void {
    const duplex = this.#duplex
    if (duplex.destroyed || duplex.writableEnded) return
    this.#isWriting = true
    try {
      duplex.write(bytes)
    } finally {
      this.#isWriting = false
    }
  }

  end(): void {
    this.#duplex.end()
  }

  destroy(): void {
    this.#duplex.destroy()
  }
}
