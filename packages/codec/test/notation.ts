const token = /\s+|(?:'([^']*)'|((?:[0-9a-f]{2})+))(?:\*(\d+))?/y

/**
 * Bytes as tests write them: pairs of hex digits, `'text'` for its UTF-8, `*n` behind either to repeat it, and spaces
 * wherever they help.
 *
 *     bytesOf("30 0a 0003 'a/b' 'hello'")     bytesOf("0004 'x'*4 ff*3")
 *
 * @throws {SyntaxError} when it is anything else
 */
export function bytesOf(notation: string): Uint8Array {
  const parts: Buffer[] = []
  token.lastIndex = 0
  while (token.lastIndex < notation.length) {
    const at = token.lastIndex
    const [found, text, hex = '', times = '1'] = token.exec(notation) ?? []
    if (found === undefined) throw new SyntaxError(`not the notation of bytes from ${notation.slice(at)}`)
    const once = text === undefined ? Buffer.from(hex, 'hex') : Buffer.from(text)
    parts.push(Buffer.alloc(once.length * Number(times), once))
  }
  return Uint8Array.from(Buffer.concat(parts))
}

/** @returns the bytes as hex digits, for messages and comparisons */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
