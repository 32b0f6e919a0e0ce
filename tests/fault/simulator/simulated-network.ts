import { Duplex } from 'node:stream'
import type { EventQueue } from './event-queue.ts'
import { type Cargo, Pipe, type PipeConditions } from './pipe.ts'
import type { Random } from './random.ts'
import type { Trace } from './trace.ts'

type Callback = (error?: Error | null) => void

/** What a {@link Link} tells the client at its end. */
export interface LinkHandler {
  onBytes(bytes: Uint8Array): void
  /** The broker has closed its side. */
  onEnd(): void
  /** The connection is gone. */
  onGone(): void
}

/** Between when bytes that have arrived left the broker's code for its host, in virtual milliseconds: a host that is slow hides the moment. */
export interface SentSpan {
  readonly fromMs: number
  readonly toMs: number
}

/** One write of the broker, by the count of bytes that end with it. */
interface Written extends SentSpan {
  readonly endBytes: number
}

/** May change while connections are there. */
export interface NetworkConditions extends PipeConditions {
  /** Bytes that the host of the broker buffers for one connection. */
  sendBufferBytes: number
}

/** The broker's end: a Duplex as an application would hand to `attach`, whose host takes bytes as a socket's does. */
class ServerEnd extends Duplex {
  readonly #link: Link
  isReading = true

  constructor(link: Link) {
    super({ allowHalfOpen: true, decodeStrings: true })
    this.#link = link
    this.on('error', () => {})
  }

  receive(cargo: Cargo): void {
    if (this.destroyed) return
    if (cargo === 'reset') this.destroy(new Error('ECONNRESET'))
    else if (cargo === 'end') this.push(null)
    else this.isReading = this.push(Buffer.from(cargo))
  }

  override _read(): void {
    if (this.isReading) return
    this.isReading = true
    this.#link.pumpUp()
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: Callback): void {
    this.#link.takeWrite([chunk], callback)
  }

  override _writev(writes: { chunk: Uint8Array }[], callback: Callback): void {
    this.#link.takeWrite(
      writes.map(({ chunk }) => chunk),
      callback,
    )
  }

  override _final(callback: Callback): void {
    this.#link.takeEnd()
    callback()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#link.takeDestroy()
    callback(error)
  }
}

/** One TCP connection between a client and the process that was running when it was made. */
export class Link {
  readonly id: number
  /** What `attach` gets. */
  readonly server: Duplex
  readonly #services: LinkServices
  readonly #up: Pipe
  readonly #down: Pipe
  readonly #handler: LinkHandler
  /** The broker's end, which a dead process does not have any more. */
  #serverState: 'open' | 'ended' | 'destroyed' | 'dead' = 'open'
  #clientState: 'open' | 'ended' | 'gone' = 'open'
  #isClientReading = true
  #heldWrite: { readonly chunks: readonly Uint8Array[]; readonly callback: Callback } | undefined
  #upBytes = 0
  #takenUpBytes = 0
  readonly #written: Written[] = []
  #writtenBytes = 0
  #takenDownBytes = 0
  /** Since when a write is held, and the same of the one before that has just gone on. */
  #heldSinceMs: number | undefined
  #blockedSinceMs: number | undefined
  /** When the broker was given the first bytes; `undefined` before. */
  openedMs: number | undefined
  /** When the broker heard that the connection is over, or ended it itself; `undefined` before. */
  endedMs: number | undefined
  /** When the broker wrote what the client has just been given. */
  lastSent: SentSpan = { fromMs: 0, toMs: 0 }
  /** The process that the broker's end belongs to. */
  processId = 0
  /** Whether anything has happened to it that does not happen to a connection in good order. */
  hasFailed = false

  constructor(id: number, services: LinkServices, handler: LinkHandler) {
    this.id = id
    this.#services = services
    this.#handler = handler
    const { queue, random, conditions } = services
    const server = new ServerEnd(this)
    this.server = server
    this.#up = new Pipe(queue, random.fork('up'), conditions, {
      get isReading() {
        return server.isReading
      },
      take: cargo => this.#takeUp(server, cargo),
    })
    const link = this
    this.#down = new Pipe(queue, random.fork('down'), conditions, {
      get isReading() {
        return link.#isClientReading
      },
      take: cargo => this.#takeDown(cargo),
    })
    this.#down.onTaken = () => this.#continueWrite()
  }

  /** Whether the broker still holds its end open. */
  get isHeld(): boolean {
    return this.#serverState === 'open'
  }

  /** Bytes that the client has sent and that the broker's stream has not been given. */
  get unreadUpBytes(): number {
    return this.#upBytes - this.#takenUpBytes
  }

  /** From the client. */
  send(bytes: Uint8Array): void {
    if (this.#clientState !== 'open') return
    this.#upBytes += bytes.length
    this.#up.put(bytes)
  }

  /** The client closes its side. */
  end(): void {
    if (this.#clientState !== 'open') return
    this.#clientState = 'ended'
    this.#up.putEnd()
    if (this.#serverState === 'ended') this.#forgetClient()
  }

  /** The client is gone, or the network between the two: the broker hears of it, if it hears anything. */
  reset(): void {
    if (this.#clientState === 'gone') return
    this.hasFailed = true
    this.#forgetClient()
    this.#up.putReset()
  }

  /** Both ends find the connection gone. */
  drop(): void {
    this.hasFailed = true
    if (this.#serverState !== 'dead') this.#up.putReset()
    this.#down.putReset()
  }

  /** From now on nothing arrives in one direction, and nobody is told. */
  silence(direction: 'up' | 'down'): void {
    this.hasFailed = true
    const pipe = direction === 'up' ? this.#up : this.#down
    pipe.isSilent = true
  }

  /** The client stops reading, or goes on. */
  freeze(isFrozen: boolean): void {
    this.hasFailed = true
    this.#isClientReading = !isFrozen
    if (!isFrozen) this.#down.pump()
  }

  /** The broker's process is gone. @param isHostGone whether its host is too, so that nobody closes the connection */
  loseProcess(isHostGone: boolean): void {
    this.hasFailed = true
    if (this.#serverState === 'dead') return
    this.#serverState = 'dead'
    this.#noteEnd()
    this.#heldWrite = undefined
    this.#up.close()
    const { queue, random } = this.#services
    if (!isHostGone) return this.#down.putReset()
    this.#down.loseRest()
    // The host is back some time later, and does not know of the connection.
    queue.after(random.duration(100, 4000), () => this.#down.putReset())
  }

  /** {@link ServerEnd} reads on. */
  pumpUp(): void {
    this.#services.queue.after(0, () => this.#up.pump())
  }

  takeWrite(chunks: readonly Uint8Array[], callback: Callback): void {
    if (this.#serverState !== 'open') return callback()
    if (this.#clientState === 'gone') return callback()
    this.#heldWrite = { chunks, callback }
    const { nowMs } = this.#services.queue
    this.#writtenBytes += chunks.reduce((sum, { length }) => sum + length, 0)
    // What came while a write was held has been waiting in the stream since.
    const fromMs = this.#blockedSinceMs ?? nowMs
    this.#written.push({ endBytes: this.#writtenBytes, fromMs, toMs: nowMs })
    this.#heldSinceMs = nowMs
    this.#continueWrite()
  }

  takeEnd(): void {
    if (this.#serverState !== 'open') return
    this.#serverState = 'ended'
    this.#noteEnd()
    this.#down.putEnd()
  }

  takeDestroy(): void {
    if (this.#serverState === 'dead' || this.#serverState === 'destroyed') return
    const isClosed = this.#serverState === 'ended' && this.#clientState !== 'open'
    this.#serverState = 'destroyed'
    this.#noteEnd()
    this.#heldWrite = undefined
    this.#up.close()
    if (!isClosed) this.#down.putReset()
  }

  #continueWrite(): void {
    const write = this.#heldWrite
    if (write === undefined || this.#down.pendingBytes >= this.#services.conditions.sendBufferBytes) return
    this.#heldWrite = undefined
    this.#blockedSinceMs = this.#heldSinceMs === this.#services.queue.nowMs ? undefined : this.#heldSinceMs
    this.#down.put(Buffer.concat(write.chunks))
    write.callback()
  }

  #takeUp(server: ServerEnd, cargo: Cargo): void {
    if (this.#serverState === 'dead') return
    const { trace } = this.#services
    if (typeof cargo === 'string') {
      this.#noteEnd()
      trace.note('net up', this.id, cargo)
    } else {
      this.#takenUpBytes += cargo.length
      this.openedMs ??= this.#services.queue.nowMs
      trace.note('net up', this.id, cargo.length)
      trace.bytes(cargo)
    }
    server.receive(cargo)
  }

  #takeDown(cargo: Cargo): void {
    if (this.#clientState === 'gone') return
    const { trace } = this.#services
    trace.note('net down', this.id, typeof cargo === 'string' ? cargo : cargo.length)
    if (cargo === 'reset') {
      this.#forgetClient()
      this.#handler.onGone()
    } else if (cargo === 'end') {
      if (this.#clientState === 'ended') this.#forgetClient()
      this.#handler.onEnd()
    } else {
      trace.bytes(cargo)
      this.lastSent = this.#sentSpan(cargo.length)
      this.#handler.onBytes(cargo)
    }
  }

  #noteEnd(): void {
    this.endedMs ??= this.#services.queue.nowMs
  }

  /** When the next bytes of those that have arrived were written. */
  #sentSpan(count: number): SentSpan {
    const fromMs = this.#written[0]?.fromMs ?? 0
    this.#takenDownBytes += count
    while (this.#written.length > 1 && this.#written[0]!.endBytes < this.#takenDownBytes) this.#written.shift()
    const { toMs } = this.#written[0] ?? { toMs: 0 }
    if (this.#written[0]?.endBytes === this.#takenDownBytes) this.#written.shift()
    return { fromMs, toMs }
  }

  #forgetClient(): void {
    this.#clientState = 'gone'
    this.#isClientReading = true
    this.#down.close()
  }
}

export interface LinkServices {
  readonly queue: EventQueue
  readonly random: Random
  readonly conditions: NetworkConditions
  readonly trace: Trace
}
