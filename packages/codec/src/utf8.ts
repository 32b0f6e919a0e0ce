import { decodeUtf8 } from '#bytes'

/** Whether bytes are well-formed UTF-8, such as a payload whose Payload Format Indicator is 1 (section 3.3.2.3.2). */
export function isWellFormedUtf8(bytes: Uint8Array): boolean {
  return decodeUtf8(bytes, 0, bytes.length) !== undefined
}
