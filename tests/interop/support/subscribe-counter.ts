const SUBSCRIBE = 8

/** Counts the SUBSCRIBE packets in the bytes of one Network Connection, by fixed headers alone. */
export class SubscribeCounter {
  count = 0
  /** Bytes of the current packet's body still to come. */
  #bodyLeft = 0
  /** Bytes of a fixed header that is not complete yet. */
  #header: number[] = []

  read(chunk: Uint8Array): void {
    let index = 0
    while (index < chunk.length) {
      const skipped = Math.min(this.#bodyLeft, chunk.length - index)
      this.#bodyLeft -= skipped
      index += skipped
      if (index < chunk.length) this.#readHeaderByte(chunk[index++]!)
    }
  }

  #readHeaderByte(byte: number): void {
    this.#header.push(byte)
    const isLengthComplete = this.#header.length > 1 && byte < 0x80
    if (!isLengthComplete) return
    const [first = 0, ...digits] = this.#header
    if (first >> 4 === SUBSCRIBE) this.count++
    this.#bodyLeft = digits.reduce((length, digit, position) => length + (digit & 0x7f) * 128 ** position, 0)
    this.#header = []
  }
}
