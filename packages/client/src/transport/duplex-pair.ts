import { Duplex } from 'node:stream'

/** One end of a pair: what is written here is read there. */
class PairEnd extends Duplex {
  #other: PairEnd | undefined
  /** Says to the other end that what it wrote has been read. */
  #taken: (() => void) | undefined

  join(other: PairEnd): void {
    this.#other = other
  }

  override _read(): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.()
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: (error?: Error) => void): void {
    if (this.#other!.destroyed) return callback(new Error('the other end is closed'))
    if (chunk.length === 0) return callback()
    this.#other!.#taken = callback
    this.#other!.push(chunk)
  }

  override _final(callback: () => void): void {
    if (!this.#other!.destroyed) this.#other!.push(null)
    callback()
  }

  /** An end that goes without having said so takes the other one with it, as a reset connection does. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.writableFinished) this.#other!.destroy()
    callback(error)
  }
}

/**
 * Two ends of a connection in memory. Node's own pair is one-sided: of an end that is destroyed the other one never hears.
 *
 * @example
 * const [ours, theirs] = duplexPair()
 * await broker.attach(theirs)
 */
export function duplexPair(): [Duplex, Duplex] {
  const [one, other] = [new PairEnd(), new PairEnd()]
  one.join(other)
  other.join(one)
  return [one, other]
}
