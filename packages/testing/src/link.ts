import { type Duplex, Transform, type TransformCallback } from 'node:stream'

/** Passes bytes on in one direction, or holds them. Its buffer is small, so what is held holds up whoever writes. */
class Gate extends Transform {
  readonly #tap: (chunk: Uint8Array) => void
  #isFrozen = false
  #pass: (() => void) | undefined

  constructor(tap: (chunk: Uint8Array) => void) {
    super()
    this.#tap = tap
  }

  override _transform(chunk: Uint8Array, _encoding: string, callback: TransformCallback): void {
    this.#whenOpen(() => {
      this.#tap(chunk)
      callback(null, chunk)
    })
  }

  /** The end of the bytes passes as they do. */
  override _flush(callback: TransformCallback): void {
    this.#whenOpen(callback)
  }

  freeze(): void {
    this.#isFrozen = true
  }

  thaw(): void {
    this.#isFrozen = false
    const pass = this.#pass
    this.#pass = undefined
    pass?.()
  }

  #whenOpen(pass: () => void): void {
    if (this.#isFrozen) this.#pass = pass
    else pass()
  }
}

/** What a {@link Link} tells. */
export interface LinkOwner {
  onBytes(direction: 'to-broker' | 'to-client', chunk: Uint8Array): void
  onClosed(): void
}

/** The cable between one Client and the broker: it sees all that passes, and can be frozen and cut. */
export class Link {
  readonly #client: Duplex
  readonly #broker: Duplex
  readonly #gates: readonly [Gate, Gate]
  #isFrozen = false

  /**
   * @param client the far end of what the Client reads and writes
   * @param broker the far end of what the broker reads and writes
   */
  constructor(client: Duplex, broker: Duplex, owner: LinkOwner) {
    this.#client = client
    this.#broker = broker
    const up = new Gate(chunk => owner.onBytes('to-broker', chunk))
    const down = new Gate(chunk => owner.onBytes('to-client', chunk))
    this.#gates = [up, down]
    for (const stream of [client, broker, up, down]) stream.on('error', () => {}) // followed by `close`
    client.pipe(up).pipe(broker)
    broker.pipe(down).pipe(client)
    client.on('close', () => {
      if (!client.readableEnded) broker.destroy()
      owner.onClosed()
    })
    // A frozen Client does not notice.
    broker.on('close', () => {
      if (!broker.readableEnded && !this.#isFrozen) client.destroy()
    })
  }

  /** Nothing passes any more, in neither direction; the ends are not told. */
  freeze(): void {
    this.#isFrozen = true
    for (const gate of this.#gates) gate.freeze()
  }

  thaw(): void {
    this.#isFrozen = false
    for (const gate of this.#gates) gate.thaw()
    if (this.#broker.destroyed && !this.#broker.readableEnded) this.#client.destroy()
  }

  /** Breaks the connection: neither end hears a goodbye. */
  cut(): void {
    this.#client.destroy()
    this.#broker.destroy()
  }
}
