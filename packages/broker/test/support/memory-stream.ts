import { Duplex } from 'node:stream'
import type { Wire, WireHandler } from './wire.ts'

type Callback = (error?: Error | null) => void

/** Bytes that the peer's host has not taken, as the writer left them: a write is over when it is taken whole. */
interface HeldWrite {
  readonly chunks: readonly Uint8Array[]
  readonly callback: Callback
}

/** The broker's end of a {@link MemoryWire}: a real Duplex, as an application would hand to `attach`. */
class ServerEnd extends Duplex {
  readonly #wire: MemoryWire

  constructor(wire: MemoryWire) {
    super({ allowHalfOpen: true, decodeStrings: true })
    this.#wire = wire
  }

  /** Bytes belong to the application again when the event is over: whoever looks at them later finds this. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const isHeard = super.emit(event, ...args)
    if (event === 'data') (args[0] as Uint8Array).fill(0xdd)
    return isHeard
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, callback: Callback): void {
    this.#wire.takeWrite({ chunks: [chunk], callback })
  }

  override _writev(writes: { chunk: Uint8Array }[], callback: Callback): void {
    this.#wire.takeWrite({ chunks: writes.map(({ chunk }) => chunk), callback })
  }

  override _final(callback: Callback): void {
    this.#wire.takeEnd()
    callback()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#wire.takeClose()
    callback(error)
  }
}

/**
 * A connection in memory. What the broker writes is taken at once, unless the peer is frozen: then only as many bytes are
 * taken as its host still has room for, and the rest stays with the broker until {@link thaw}.
 */
export class MemoryWire implements Wire {
  /** What `attach` gets. */
  readonly server: Duplex
  /** Sizes of the broker's writes, in bytes, in the order they came. */
  readonly writes: number[] = []
  readonly #settle: () => Promise<void>
  #handler: WireHandler | undefined
  #isFrozen = false
  /** Bytes that a frozen peer's host still takes. */
  #room = 0
  #held: HeldWrite[] = []
  #hasEnded = false

  /** @param settle lets everything happen that can happen without time going on */
  constructor(settle: () => Promise<void>) {
    this.#settle = settle
    this.server = new ServerEnd(this)
    this.server.on('error', () => {})
  }

  start(handler: WireHandler): void {
    this.#handler = handler
  }

  write(bytes: Uint8Array): void {
    if (!this.server.destroyed) this.server.push(Buffer.from(bytes))
  }

  end(): void {
    if (!this.server.destroyed) this.server.push(null)
  }

  destroy(): void {
    this.server.destroy()
  }

  /** Nothing is read any more; the peer's host takes `room` more bytes. */
  freeze(room = 0): void {
    this.#isFrozen = true
    this.#room = room
  }

  /** Reads again, all that is held first. */
  thaw(): void {
    this.#isFrozen = false
    this.#takeHeld()
  }

  /** A frozen peer's host takes the oldest of the writes it has not taken. */
  takeOne(): void {
    if (this.#held[0] === undefined) return
    this.#room = sizeOf(this.#held[0])
    this.#takeHeld()
    this.#room = 0
  }

  /** Writes that nobody has taken. */
  get heldCount(): number {
    return this.#held.length
  }

  async arrival(): Promise<boolean> {
    await this.#settle()
    return false
  }

  /** {@link ServerEnd} writes. */
  takeWrite(write: HeldWrite): void {
    this.writes.push(sizeOf(write))
    this.#held.push(write)
    this.#takeHeld()
  }

  /** {@link ServerEnd} has closed its side. */
  takeEnd(): void {
    this.#hasEnded = true
    this.#takeHeld()
  }

  /** {@link ServerEnd} is gone. */
  takeClose(): void {
    this.#held = []
    this.#handler?.onClose()
  }

  #takeHeld(): void {
    for (let write = this.#held[0]; write !== undefined; write = this.#held[0]) {
      if (this.#isFrozen && sizeOf(write) > this.#room) return
      if (this.#isFrozen) this.#room -= sizeOf(write)
      this.#held.shift()
      const { chunks, callback } = write
      this.#handler?.onBytes(Buffer.concat(chunks))
      callback()
    }
    if (this.#hasEnded && !this.#isFrozen) this.#handler?.onEnd()
  }
}

function sizeOf({ chunks }: HeldWrite): number {
  return chunks.reduce((size, chunk) => size + chunk.length, 0)
}
