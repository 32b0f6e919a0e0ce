import { PacketWriter } from '@curlew/codec'
import type { ClientRuntime } from './runtime.ts'
import type { ByteStream } from './transport/byte-stream.ts'

/** So much collected output leaves before the turn ends, in bytes, so that a long loop of calls needs little memory. */
const EARLY_FLUSH_BYTES = 65_536
/** A buffer that has grown beyond this is not kept for the next turn, in bytes. */
const KEPT_BYTES_MAX = 262_144

/**
 * Answers that may wait because the host has not sent all of what was written before: as many as there can be to a Server that keeps to its Receive Maximum, four times over.
 */
const UNTAKEN_ANSWERS_MAX = 262_144

/** The way out of one connection: packets collect during the turn and leave with one write at its end. */
export class Output {
  readonly #stream: ByteStream
  readonly #runtime: ClientRuntime
  readonly #highWaterBytes: number
  readonly #onSent: () => void
  /** Called at the end of a turn that has written something. One function for all of them: a turn may hold a single packet. */
  readonly #endTurn = (): void => {
    this.#isScheduled = false
    this.flush()
  }
  /** Made when something is to be written. */
  #writer: PacketWriter | undefined
  #isScheduled = false
  /** Answers since the host last had nothing to send. */
  #answerCount = 0

  /** @param onSent is called when bytes leave */
  constructor(stream: ByteStream, runtime: ClientRuntime, highWaterBytes: number, onSent: () => void) {
    this.#stream = stream
    this.#runtime = runtime
    this.#highWaterBytes = highWaterBytes
    this.#onSent = onSent
  }

  /** Whether more is pending than the host should hold: whoever can wait does. */
  get isCongested(): boolean {
    return this.#stream.pendingBytes > this.#highWaterBytes
  }

  /** Whether the Server asks for answers and takes none. */
  get isFlooded(): boolean {
    return this.#answerCount > UNTAKEN_ANSWERS_MAX
  }

  /** The buffer to write whole packets to, now: it is another one in the next turn. */
  writer(): PacketWriter {
    if (this.#writer && this.#writer.position > EARLY_FLUSH_BYTES) this.flush()
    if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#runtime.atEndOfTurn(this.#endTurn)
    }
    this.#writer ??= new PacketWriter()
    return this.#writer
  }

  /** The same for an answer to what the Server has sent. */
  answer(): PacketWriter {
    if (this.#stream.pendingBytes === 0) this.#answerCount = 0
    this.#answerCount++
    return this.writer()
  }

  /** Hands everything collected to the stream. */
  flush(): void {
    const writer = this.#writer
    if (!writer || writer.position === 0) return
    const { bytes, position } = writer
    this.#writer = undefined // a far end in this process may answer from within the write, and be answered
    this.#onSent()
    const isBehind = this.#stream.pendingBytes > 0
    // What the host does not take keeps the memory it lies in: a few bytes get some of their own.
    const isCopied = isBehind && position < bytes.length / 2
    const written = bytes.subarray(0, position)
    this.#stream.write(isCopied ? Uint8Array.from(written) : written)
    if ((this.#stream.pendingBytes > 0 && !isCopied) || bytes.length > KEPT_BYTES_MAX) return
    writer.position = 0
    this.#writer ??= writer
  }
}
