/**
 * Bytes of one slab. A message that is held keeps its whole slab alive, so this bounds what the messages in flight
 * to one Client can pin: Receive Maximum times this, at most.
 */
export const SLAB_BYTES = 8192
/** Larger payloads get memory of their own, in bytes: a slab would hold too few of them to be worth it. */
export const SHARED_PAYLOAD_MAX = 2048
/** Up to this many bytes a loop is faster than a view and `set` (bench/micro: encode). */
const COPY_LOOP_MAX = 48

/**
 * Memory for payloads that live shortly: copied one behind the other into slabs, so that a message needs no buffer object of
 * its own. A slab is freed by the garbage collector when the last message in it is gone.
 */
export class PayloadSlab {
  /** Where the last {@link copy} went. */
  bytes: Uint8Array = new Uint8Array(SLAB_BYTES)
  #used = 0

  /** Copies `source[start..end)`, at most {@link SHARED_PAYLOAD_MAX} bytes, into {@link bytes}. @returns the offset there */
  copy(source: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (this.#used + length > SLAB_BYTES) {
      this.bytes = new Uint8Array(SLAB_BYTES)
      this.#used = 0
    }
    const at = this.#used
    copyBytes(source, start, this.bytes, at, length)
    this.#used = at + length
    return at
  }
}

/** Copies `length` bytes from `source` at `start` to `target` at `offset`. */
export function copyBytes(source: Uint8Array, start: number, target: Uint8Array, offset: number, length: number): void {
  if (length > COPY_LOOP_MAX) {
    target.set(source.subarray(start, start + length), offset)
    return
  }
  for (let index = 0; index < length; index++) target[offset + index] = source[start + index]!
}
