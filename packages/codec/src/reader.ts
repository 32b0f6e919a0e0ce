import { decodeUtf8 } from '#bytes'
import { MalformedPacketError } from './errors.ts'
import { ReasonCode } from './reason-code.ts'

/**
 * Code points that section 1.5.4 says a sender SHOULD NOT include, control characters and the 66
 * non-characters, for which a receiver may close the connection; and U+0000, for which it must.
 */
const disallowed = /[\p{Cc}\p{Noncharacter_Code_Point}]/u

/**
 * A cursor over the body of one Control Packet. Every read checks its bound and throws
 * {@link MalformedPacketError}, so the packet decoders above it contain no length checks.
 *
 * {@link rest} is a view of the buffer the packet came in, valid until the owner of that buffer reuses it; all else is copied.
 */
export class PacketReader {
  /** Whether strings may hold control characters and non-characters, which section 1.5.4 leaves open. */
  readonly allowsControlCharacters: boolean
  /** Whether faults that mislead nobody are let pass; see the decoder's option. */
  readonly isLenient: boolean
  bytes: Uint8Array = new Uint8Array(0)
  /** Whether {@link bytes} is the packet's own memory, in which its pieces were gathered; otherwise it is the chunk it came in. */
  isGathered = false
  /** Offset of the next byte to read. */
  position = 0
  /** Offset behind the last byte of the packet. */
  end = 0

  constructor(allowsControlCharacters = false, isLenient = false) {
    this.allowsControlCharacters = allowsControlCharacters
    this.isLenient = isLenient
  }

  /** Points the cursor at another packet, so that a decoder needs one reader for all of them. */
  reset(bytes: Uint8Array, start: number, end: number, isGathered = false): this {
    this.bytes = bytes
    this.isGathered = isGathered
    this.position = start
    this.end = end
    return this
  }

  /** Bytes of the packet that have not been read. */
  get remaining(): number {
    return this.end - this.position
  }

  byte(): number {
    return this.bytes[this.advance(1)]!
  }

  twoByteInteger(): number {
    const at = this.advance(2)
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!
  }

  fourByteInteger(): number {
    const at = this.advance(4)
    const { bytes } = this
    return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
  }

  /** A Variable Byte Integer, section 1.5.5. Used by 5.0 only, so it is strict about the shortest form. */
  variableByteInteger(): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte()
      value |= (byte & 127) << shift
      if (byte < 128) {
        if (byte === 0 && shift > 0) {
          throw new MalformedPacketError('variable byte integer is not in its shortest form', '[MQTT-1.5.5-1]')
        }
        return value
      }
    }
    throw new MalformedPacketError('variable byte integer is longer than four bytes')
  }

  /**
   * A UTF-8 Encoded String, section 1.5.4.
   *
   * @param faultCode the Reason Code for a string that is not one, where the specification has a special one
   */
  utf8String(faultCode: ReasonCode = ReasonCode.MalformedPacket): string {
    const length = this.twoByteInteger()
    const start = this.advance(length)
    return length === 0 ? '' : this.#decodeString(start, start + length, faultCode)
  }

  /** Binary Data, section 1.5.6, as a copy: small as it mostly is, a view would cost as much. */
  binaryData(): Uint8Array {
    const length = this.twoByteInteger()
    const start = this.advance(length)
    // Not `bytes.slice`: that of a Buffer is a view.
    return Uint8Array.prototype.slice.call(this.bytes, start, start + length)
  }

  /** All that is left of the packet, as a view. */
  rest(): Uint8Array {
    const start = this.advance(this.remaining)
    return this.bytes.subarray(start, this.end)
  }

  /** @throws {MalformedPacketError} when the packet goes on behind its last field */
  expectEnd(): void {
    if (this.position !== this.end) {
      throw new MalformedPacketError(`${this.remaining} bytes too many at the end of the packet`)
    }
  }

  /** Moves past `length` bytes and returns the offset they start at. */
  advance(length: number): number {
    const start = this.position
    if (start + length > this.end) throw new MalformedPacketError('packet ends inside a field')
    this.position = start + length
    return start
  }

  #decodeString(start: number, end: number, reasonCode: ReasonCode): string {
    const string = decodeUtf8(this.bytes, start, end)
    if (string === undefined) {
      throw new MalformedPacketError('string is not well-formed UTF-8', '[MQTT-1.5.4-1]', { reasonCode })
    }
    const isSuspect = this.allowsControlCharacters ? string.includes('\0') : disallowed.test(string)
    if (isSuspect) refuseCharacters(string, reasonCode)
    return string
  }
}

function refuseCharacters(string: string, reasonCode: ReasonCode): never {
  if (string.includes('\0')) throw new MalformedPacketError('string contains U+0000', '[MQTT-1.5.4-2]', { reasonCode })
  const message = 'string contains a control character or non-character (section 1.5.4)'
  throw new MalformedPacketError(message, undefined, { reasonCode })
}
