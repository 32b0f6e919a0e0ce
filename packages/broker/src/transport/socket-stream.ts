import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ByteStream, ByteStreamHandler } from '../connection/byte-stream.ts'

const nothing = new Uint8Array(0)

/**
 * Bytes of a write under way that the kernel has not taken, where the stream can tell. Node has no public name for them; its
 * own timeout of sockets looks at the same field.
 */
export function hostQueueBytes(stream: object | undefined): number {
  const { _handle } = (stream ?? {}) as { _handle?: { writeQueueSize?: number } | null }
  return _handle?.writeQueueSize ?? 0
}

/** Where a socket has who hears of it, so that one listener serves all sockets: of idle ones there are many. */
const handlerKey = Symbol('handler')

/** There is one from {@link SocketStream.start} on. */
type HandledStream = Duplex & { [handlerKey]?: ByteStreamHandler }

function onData(this: HandledStream, chunk: Uint8Array): void {
  this[handlerKey]!.onBytes(chunk)
}

function onEnd(this: HandledStream): void {
  this[handlerKey]!.onEnd()
}

function onClose(this: HandledStream): void {
  this[handlerKey]!.onClose()
}

/** A reset or a broken pipe is followed by `close`, which says all that matters here. */
function ignore(): void {}

/** A {@link ByteStream} over a TCP or TLS socket, or over any Duplex of bytes. */
export class SocketStream implements ByteStream {
  readonly remoteAddress: string
  readonly #socket: HandledStream
  /** Whether bytes that the stream has taken may still lie in it as they were given: only a socket of the host copies them. */
  readonly #keepsChunks: boolean
  /** Whether a write was not taken whole, so that somebody waits for the drain. */
  #isPending = false

  constructor(socket: Duplex) {
    this.#socket = socket
    this.#keepsChunks = !(socket instanceof Socket)
    this.remoteAddress = (socket as Partial<Socket>).remoteAddress ?? 'in process'
    socket.on('error', ignore)
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  get untakenMark(): number {
    return this.#socket.writableLength + hostQueueBytes(this.#socket)
  }

  start(handler: ByteStreamHandler): void {
    const socket = this.#socket
    socket[handlerKey] = handler
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('close', onClose)
    socket.resume()
  }

  write(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return
    try {
      this.#hand(chunks)
    } catch (error) {
      socket.destroy(error as Error) // a stream of the application that throws has failed like any other
    }
    if (socket.writableLength === 0 || this.#isPending || socket.destroyed) return
    this.#isPending = true
    this.#watchDrain()
  }

  #hand(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket
    const given = this.#keepsChunks ? chunks.map(chunk => Uint8Array.from(chunk)) : chunks
    if (given.length === 1) socket.write(given[0]!)
    else {
      socket.cork()
      for (const chunk of given) socket.write(chunk)
      socket.uncork()
    }
  }

  /** Asks with an empty write, which ends when all before it have: so only what is not taken at once costs a callback (bench/macro: device). */
  #watchDrain(): void {
    this.#socket.write(nothing, error => {
      if (error) return // followed by `close`
      if (this.#socket.writableLength > 0) return this.#watchDrain()
      this.#isPending = false
      this.#socket[handlerKey]!.onDrain()
    })
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
