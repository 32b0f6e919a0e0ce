/** What a {@link Wire} tells the client at its end. */
export interface WireHandler {
  onBytes(bytes: Uint8Array): void
  /** The broker has closed its side. */
  onEnd(): void
  /** The connection is gone. */
  onClose(): void
}

/** A connection to a broker as bytes, seen from the client's end. */
export interface Wire {
  start(handler: WireHandler): void
  write(bytes: Uint8Array): void
  /** Closes the client's side; the broker may go on sending. */
  end(): void
  /** Drops the connection. */
  destroy(): void
  /**
   * Waits until something may have come. In memory: until nothing more can come without time going on, or without the client
   * doing something. On a socket: until the next event, which may be no more than a part of a packet.
   *
   * @returns whether it may be worth waiting on
   */
  arrival(): Promise<boolean>
}
