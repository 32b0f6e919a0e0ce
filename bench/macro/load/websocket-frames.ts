/** An unmasked header of a frame that a server sends has at most so many bytes. */
const HEADER_BYTES_MAX = 10
const FIN = 0x80
const BINARY = 0x02
const CONTINUATION = 0x00
const MASKED = 0x80

/** Asks a server to change to WebSocket with the subprotocol `mqtt`. The key is the example of RFC 6455, which any client may use. */
export const upgradeRequest: string = [
  'GET /mqtt HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: mqtt',
  '\r\n',
].join('\r\n')

/**
 * Header of a binary frame around `length` bytes. The mask is zero, so that the bytes can be sent as they are: a server has to read and
 * apply it all the same.
 */
export function frameHeader(length: number): Buffer {
  if (length < 126) return Buffer.from([FIN | BINARY, MASKED | length, 0, 0, 0, 0])
  if (length < 65_536) return Buffer.from([FIN | BINARY, MASKED | 126, length >>> 8, length & 255, 0, 0, 0, 0])
  const header = Buffer.alloc(14)
  header[0] = FIN | BINARY
  header[1] = MASKED | 127
  header.writeUInt32BE(length, 6)
  return header
}

/**
 * Takes the frames of a server apart. `#header[0..#headerBytes)` is the beginning of a header whose rest has not come; `#remaining`
 * bytes of the frame before it are still to come.
 */
export class WebSocketFrames {
  readonly #header = Buffer.alloc(HEADER_BYTES_MAX)
  #headerBytes = 0
  #remaining = 0

  /** Leaves in `bytes` only what was in frames. @returns how many bytes that is @throws {Error} at a frame that is no data */
  unwrap(bytes: Buffer, length: number): number {
    let kept = 0
    for (let position = 0; position < length; ) {
      if (this.#remaining === 0) {
        position = this.#readHeader(bytes, position, length)
        continue
      }
      const count = Math.min(this.#remaining, length - position)
      if (kept < position) bytes.copyWithin(kept, position, position + count)
      kept += count
      position += count
      this.#remaining -= count
    }
    return kept
  }

  /** @returns where the header ends, or the bytes do */
  #readHeader(bytes: Buffer, start: number, end: number): number {
    const header = this.#header
    for (let position = start; position < end; ) {
      header[this.#headerBytes++] = bytes[position++]!
      if (this.#headerBytes < 2 || this.#headerBytes < headerBytes(header[1]!)) continue
      const opcode = header[0]! & 15
      if (opcode !== BINARY && opcode !== CONTINUATION) throw new Error(`a WebSocket frame of opcode ${opcode}`)
      this.#remaining = payloadBytes(header)
      this.#headerBytes = 0
      return position
    }
    return end
  }
}

function headerBytes(lengthByte: number): number {
  if (lengthByte < 126) return 2
  return lengthByte === 126 ? 4 : HEADER_BYTES_MAX
}

function payloadBytes(header: Buffer): number {
  const length = header[1]!
  if (length < 126) return length
  return length === 126 ? header.readUInt16BE(2) : header.readUInt32BE(6)
}
