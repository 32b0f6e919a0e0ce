import { PacketWriter } from '@curlew/codec'

/** First capacity of a writer, in bytes. */
const WRITER_BYTES = 4096
/** Writers that are kept for the next turn; a turn with more connections allocates. */
const POOLED_MAX = 64
/** A writer that has grown beyond this is not kept: one large turn must not be paid for ever after. */
const POOLED_BYTES_MAX = 262_144

/** Lends out buffers to the connections that have output in a turn, so that idle connections hold none. */
export class WriterPool {
  readonly #free: PacketWriter[] = []

  take(): PacketWriter {
    return this.#free.pop() ?? new PacketWriter(WRITER_BYTES)
  }

  /** Takes a writer back whose bytes nobody needs any more. */
  give(writer: PacketWriter): void {
    if (this.#free.length >= POOLED_MAX || writer.bytes.length > POOLED_BYTES_MAX) return
    writer.position = 0
    this.#free.push(writer)
  }
}
