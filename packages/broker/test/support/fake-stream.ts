import type { ByteStream, ByteStreamHandler } from '../../src/connection/byte-stream.ts'

/** A {@link ByteStream} whose host takes as many bytes as the test lets it, and that keeps what was written. */
export class FakeStream implements ByteStream {
  readonly remoteAddress = 'fake'
  /** The chunks of each write, as they were handed over; what the host has taken may be used again by then. */
  readonly writes: (readonly Uint8Array[])[] = []
  /** What each write says: a copy if the host took it at once, the chunks themselves if it did not. */
  readonly #contents: Uint8Array[] = []
  /** Bytes that the host takes at once; infinite at first. */
  room = Number.POSITIVE_INFINITY
  pendingBytes = 0
  handler: ByteStreamHandler | undefined

  get untakenMark(): number {
    return this.pendingBytes
  }

  start(handler: ByteStreamHandler): void {
    this.handler = handler
  }

  write(chunks: readonly Uint8Array[]): void {
    this.writes.push(chunks)
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const taken = this.pendingBytes > 0 ? 0 : Math.min(this.room, size)
    this.room -= taken
    this.pendingBytes += size - taken
    this.#contents.push(...(taken === size ? [Buffer.concat(chunks)] : chunks))
  }

  /** The host takes all that is pending, and says so. */
  drain(): void {
    this.pendingBytes = 0
    this.handler?.onDrain()
  }

  /** All that was written, in one piece. */
  get written(): Buffer {
    return Buffer.concat(this.#contents)
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}
