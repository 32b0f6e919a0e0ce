/** What a {@link ByteStream} tells its connection. Calls come in turns of the event loop of their own, never from within a call to the stream. */
export interface ByteStreamHandler {
  /** The chunk is the handler's until the call returns: the next read may go into the same memory. */
  onBytes(chunk: Uint8Array): void
  /** Nothing is pending any more. Comes only after something was. */
  onDrain(): void
  /** The peer has closed its side. */
  onEnd(): void
  /** The stream is gone; nothing follows. */
  onClose(): void
}

/** An ordered, reliable stream of bytes both ways: TCP, TLS, WebSocket, or a pair in memory (section 4.2). */
export interface ByteStream {
  /** For people and for limits per address. */
  readonly remoteAddress: string
  /** Bytes that were written and that the host has not taken yet; those of a write count until it is over. */
  readonly pendingBytes: number
  /** Changes by another amount than was written when the host takes a part of a write: a sign of life of a slow peer. */
  readonly untakenMark: number
  /** Begins to read. Called once. */
  start(handler: ByteStreamHandler): void
  /**
   * Writes the chunks in one go. They must not change until {@link pendingBytes} is 0; if it is 0 when the call
   * returns, the host has taken all and the buffers are free again.
   */
  write(chunks: readonly Uint8Array[]): void
  pause(): void
  resume(): void
  /** Closes our side when all that is pending has been sent; the peer may go on sending. */
  end(): void
  /** Closes both sides at once. */
  destroy(): void
}
