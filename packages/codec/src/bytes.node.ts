import { isUtf8 } from 'node:buffer'

/**
 * Decoding puts U+FFFD for whatever is ill-formed, so only a string that holds one needs a second look
 * at its bytes, and the view that this look costs (bench/micro: decode SUBSCRIBE).
 *
 * @returns the string, or `undefined` when the bytes are not well-formed UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const string = buffer.toString('utf8', start, end)
  if (!string.includes('\ufffd')) return string
  return isUtf8(buffer.subarray(start, end)) ? string : undefined
}

/** @returns how many bytes `string` takes in UTF-8; a lone surrogate counts as U+FFFD, three bytes */
export function utf8Length(string: string): number {
  return Buffer.byteLength(string, 'utf8')
}

/** Writes `string` at `offset`; the caller has made sure that {@link utf8Length} bytes fit. */
export function writeUtf8(target: Uint8Array, string: string, offset: number): void {
  Buffer.from(target.buffer, target.byteOffset, target.byteLength).write(string, offset, 'utf8')
}

/** @returns a copy of `source[start..end)`; it may share its `ArrayBuffer` with other buffers of the process */
export function copyBytes(source: Uint8Array, start: number, end: number): Uint8Array {
  const copy = Buffer.allocUnsafe(end - start)
  copy.set(source.subarray(start, end))
  return copy
}

/** @returns `size` bytes of unspecified content; they may share their `ArrayBuffer` with other buffers of the process */
export function allocateBytes(size: number): Uint8Array {
  return Buffer.allocUnsafe(size)
}
