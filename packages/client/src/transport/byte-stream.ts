/** What a {@link ByteStream} tells its owner. Calls come in turns of their own, never from within a call to the stream. */
export interface ByteStreamHandler {
  /** The chunk belongs to the handler: the stream does not reuse it. */
  onBytes(chunk: Uint8Array): void
  /** What was pending has gone. */
  onDrain(): void
  /** The stream is over; nothing follows. @param error what broke it, `undefined` when the peer closed it in order */
  onClose(error?: unknown): void
}

/** An ordered, reliable stream of bytes both ways: TCP, TLS, WebSocket, or a pair in memory (section 4.2). */
export interface ByteStream {
  /** Bytes that were written and that the host has not taken yet. */
  readonly pendingBytes: number
  /** Begins to read. Called once, before anything is written. */
  start(handler: ByteStreamHandler): void
  /** The bytes must not change until {@link pendingBytes} is 0; if it is 0 when the call returns, they are free again. */
  write(bytes: Uint8Array): void
  /** Closes our side when all that is pending has been sent. */
  end(): void
  /** Closes both sides at once. */
  destroy(): void
}

/** A way to a Server that is not one of the built-in ones: a pair in memory, another runtime's sockets, a test. */
export interface Transport {
  /**
   * Opens a stream. What it rejects with becomes the `cause` of a `ClientError` with `ERR_TRANSPORT`.
   *
   * @param signal fires when the attempt is given up
   */
  connect(signal: AbortSignal): Promise<ByteStream>
}
