const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }) // [MQTT-1.5.4-3]
const encoder = new TextEncoder()

/** @returns the string, or `undefined` when the bytes are not well-formed UTF-8 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return decoder.decode(bytes.subarray(start, end))
  } catch {
    return undefined // `fatal` makes a TypeError the decoder's only way to say "not UTF-8"
  }
}

/** @returns how many bytes `string` takes in UTF-8; a lone surrogate counts as U+FFFD, three bytes */
export function utf8Length(string: string): number {
  let length = 0
  for (const character of string) {
    const code = character.codePointAt(0)!
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return length
}

/** Writes `string` at `offset`; the caller has made sure that {@link utf8Length} bytes fit. */
export function writeUtf8(target: Uint8Array, string: string, offset: number): void {
  encoder.encodeInto(string, target.subarray(offset))
}

/** @returns a copy of `source[start..end)` */
export function copyBytes(source: Uint8Array, start: number, end: number): Uint8Array {
  return source.slice(start, end)
}

/** @returns `size` bytes of unspecified content */
export function allocateBytes(size: number): Uint8Array {
  return new Uint8Array(size)
}
