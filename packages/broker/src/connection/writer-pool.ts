import { PacketWriter } from '@curlew/codec'

/** First capacity of a writer, in bytes. */
const WRITER_BYTES = 4096
/** Bytes of all writers that are kept for the next turn; what a busy turn needs beyond them is allocated. */
const POOL_BYTES_MAX = 16_777_216
/** A writer that has grown beyond this is not kept: one large turn must not be paid for ever after. */
const POOLED_WRITER_BYTES_MAX = 262_144

/** Lends out buffers to the connections that have output in a turn, so that idle connections hold none. */
export class WriterPool {
  readonly #free: PacketWriter[] = []
  #bytes = 0

  take(): PacketWriter {
    const writer = this.#free.pop()
    if (writer === undefined) return new PacketWriter(WRITER_BYTES)
    this.#bytes -= writer.bytes.length
    return writer
  }

  /** Takes a writer back whose bytes nobody needs any more. */
  give(writer: PacketWriter): void {
    const { length } = writer.bytes
    if (length > POOLED_WRITER_BYTES_MAX || this.#bytes + length > POOL_BYTES_MAX) return
    this.#bytes += length
    writer.position = 0
    this.#free.push(writer)
  }
}
