import { allocateBytes, utf8Length, writeUtf8 } from '#bytes'
import { InvalidPacketError } from './errors.ts'
import {
  VARIABLE_BYTE_INTEGER_MAX,
  variableByteIntegerSize,
  writeVariableByteInteger,
} from './variable-byte-integer.ts'

/** Bytes in a fixed header at most: type and flags, then four bytes of Remaining Length. */
const FIXED_HEADER_MAX = 5

const noBytes = new Uint8Array(0)

/** Up to this many UTF-16 units a loop over ASCII beats the call into the host (bench/micro: encode). */
const ASCII_LOOP_MAX = 64

/** Up to this many bytes a loop beats `set()`, which needs a view of the source (bench/micro: encode). */
const COPY_LOOP_MAX = 48

/**
 * A growing buffer that packets are written to, one behind the other. The owner reads
 * `bytes[0..position)` and sets `position` to 0 when those bytes have left.
 *
 * A packet is written either by {@link startSized}, when its Remaining Length is known, or between
 * {@link start} and {@link finish}, which move the body to where the length field ends.
 */
export class PacketWriter {
  bytes: Uint8Array
  /** Offset of the next byte to write; everything before it is finished. */
  position = 0

  /** @param size first capacity in bytes; it doubles as needed */
  constructor(size = 1024) {
    this.bytes = size === 0 ? noBytes : allocateBytes(size)
  }

  /** Makes room for `size` more bytes. */
  ensure(size: number): void {
    const needed = this.position + size
    if (needed <= this.bytes.length) return
    const larger = allocateBytes(Math.max(needed, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.position))
    this.bytes = larger
  }

  /** Writes a fixed header and makes room for the `remainingLength` bytes that the caller writes next. */
  startSized(firstByte: number, remainingLength: number): void {
    if (remainingLength > VARIABLE_BYTE_INTEGER_MAX) throw new InvalidPacketError('packet is larger than 256 MiB')
    this.ensure(1 + variableByteIntegerSize(remainingLength) + remainingLength)
    this.bytes[this.position] = firstByte
    this.position = writeVariableByteInteger(this.bytes, remainingLength, this.position + 1)
  }

  /** Starts a packet whose length is not known yet. @returns a mark for {@link finish} */
  start(firstByte: number): number {
    this.ensure(FIXED_HEADER_MAX)
    const mark = this.position
    this.bytes[mark] = firstByte
    this.position = mark + FIXED_HEADER_MAX
    return mark
  }

  /** Ends the packet begun at `mark`: writes its Remaining Length and closes the gap behind it. */
  finish(mark: number): void {
    const body = mark + FIXED_HEADER_MAX
    const length = this.position - body
    if (length > VARIABLE_BYTE_INTEGER_MAX) throw new InvalidPacketError('packet is larger than 256 MiB')
    const behindLength = mark + 1 + variableByteIntegerSize(length)
    this.bytes.copyWithin(behindLength, body, this.position)
    writeVariableByteInteger(this.bytes, length, mark + 1)
    this.position = behindLength + length
  }

  byte(value: number): void {
    this.ensure(1)
    this.bytes[this.position++] = value
  }

  twoByteInteger(value: number): void {
    this.ensure(2)
    this.bytes[this.position++] = value >>> 8
    this.bytes[this.position++] = value
  }

  /** @throws {InvalidPacketError} unless the value is 1 to 65 535 */
  packetId(value: number): void {
    if (!Number.isInteger(value) || value < 1 || value > 0xffff) {
      throw new InvalidPacketError(`packetId must be 1 to 65 535, not ${value}`, '[MQTT-2.2.1-3]')
    }
    this.twoByteInteger(value)
  }

  fourByteInteger(value: number): void {
    this.ensure(4)
    this.bytes[this.position++] = value >>> 24
    this.bytes[this.position++] = value >>> 16
    this.bytes[this.position++] = value >>> 8
    this.bytes[this.position++] = value
  }

  variableByteInteger(value: number): void {
    this.ensure(variableByteIntegerSize(value))
    this.position = writeVariableByteInteger(this.bytes, value, this.position)
  }

  /**
   * @param field named in the error
   * @throws {InvalidPacketError} when the string is longer than 65 535 bytes or has U+0000 or a lone surrogate
   */
  utf8String(string: string, field: string): void {
    const units = string.length
    this.ensure(2 + units)
    if (units <= ASCII_LOOP_MAX && this.#writeAscii(string, units)) return
    const length = utf8Length(string)
    if (length > 0xffff) throw new InvalidPacketError(`${field} is longer than 65 535 bytes: ${length}`)
    checkCharacters(string, length, field)
    this.ensure(2 + length)
    this.twoByteInteger(length)
    writeUtf8(this.bytes, string, this.position)
    this.position += length
  }

  /** @param field named in the error when there are more than 65 535 bytes */
  binaryData(data: Uint8Array, field: string): void {
    if (data.length > 0xffff) throw new InvalidPacketError(`${field} is longer than 65 535 bytes: ${data.length}`)
    this.twoByteInteger(data.length)
    this.copy(data, 0, data.length)
  }

  /** Copies `source[start..end)`. */
  copy(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.ensure(length)
    const { bytes, position } = this
    this.position = position + length
    if (length > COPY_LOOP_MAX) {
      bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), position)
      return
    }
    for (let index = 0; index < length; index++) bytes[position + index] = source[start + index]!
  }

  /** Writes length and characters if all of them are ASCII and none is U+0000; otherwise leaves `position` alone. */
  #writeAscii(string: string, units: number): boolean {
    const { bytes } = this
    const start = this.position + 2
    for (let index = 0; index < units; index++) {
      const code = string.charCodeAt(index)
      if (code > 127 || code === 0) return false
      bytes[start + index] = code
    }
    bytes[start - 2] = units >>> 8
    bytes[start - 1] = units
    this.position = start + units
    return true
  }
}

/** @param length of the string in UTF-8: where it equals the number of UTF-16 units, all of them are ASCII */
function checkCharacters(string: string, length: number, field: string): void {
  if (string.includes('\0')) throw new InvalidPacketError(`${field} has U+0000`, '[MQTT-1.5.4-2]')
  if (length > string.length && /\p{Surrogate}/u.test(string)) {
    throw new InvalidPacketError(`${field} has a surrogate without its other half`, '[MQTT-1.5.4-1]')
  }
}
