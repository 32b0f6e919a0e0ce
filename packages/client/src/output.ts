import { PacketWriter } from '@curlew/codec'
import type { ClientRuntime } from './runtime.ts'
import type { ByteStream } from './transport/byte-stream.ts'

/** So much collected output leaves before the turn ends, in bytes, so that a long loop of calls needs little memory. */
const EARLY_FLUSH_BYTES = 65_536
/** A buffer that has grown beyond this is not kept for the next turn, in bytes. */
const KEPT_BYTES_MAX = 262_144

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
  #writer = new PacketWriter()
  #isScheduled = false

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

  /** The buffer to write whole packets to, now: it is another one in the next turn. */
  writer(): PacketWriter {
    if (this.#writer.position > EARLY_FLUSH_BYTES) this.flush()
    if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#runtime.atEndOfTurn(this.#endTurn)
    }
    return this.#writer
  }

  /** Hands everything collected to the stream. */
  flush(): void {
    const { bytes, position } = this.#writer
    if (position === 0) return
    this.#onSent()
    this.#stream.write(bytes.subarray(0, position))
    // What the host has not taken still lies in these bytes, which then are left to it.
    if (this.#stream.pendingBytes > 0 || bytes.length > KEPT_BYTES_MAX) this.#writer = new PacketWriter()
    this.#writer.position = 0
  }
}
