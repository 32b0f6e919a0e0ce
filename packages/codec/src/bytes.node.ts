import { isUtf8 } from 'node:buffer'

/** @returns the string, or `undefined` when the bytes are not well-formed UTF-8 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
  return isUtf8(view) ? view.toString('utf8') : undefined
}

/** @returns how many bytes `string` takes in UTF-8; a lone surrogate counts as U+FFFD, three bytes */
export function utf8Length(string: string): number {
  return Buffer.byteLength(string, 'utf8')
}

/** Writes `string` at `offset`; the caller has made sure that {@link utf8Length} bytes fit. */
export function writeUtf8(target: Uint8Array, string: string, offset: number): void {
  Buffer.from(target.buffer, target.byteOffset, target.byteLength).write(string, offset, 'utf8')
}

/** @returns `size` bytes of unspecified content, not shared with any other buffer of the process */
export function allocateBytes(size: number): Uint8Array {
  return Buffer.allocUnsafeSlow(size)
}
