import { bytesOf } from './notation.ts'

/** @returns a packet made of its first byte and its body, both in the notation of bytes, with the Remaining Length between */
export function frame(firstByte: string, body: string): Uint8Array {
  return reframe(bytesOf(firstByte)[0]!, bytesOf(body))
}

/** @returns the packet with this body, however long that is */
export function reframe(firstByte: number, body: Uint8Array): Uint8Array {
  return Uint8Array.from([firstByte, ...lengthBytes(body.length), ...body])
}

/** @returns properties with their Property Length before them */
export function withPropertyLength(properties: string): string {
  const length = Buffer.from(lengthBytes(bytesOf(properties).length)).toString('hex')
  return `${length} ${properties}`
}

/** @returns the offset at which the body of a packet begins */
export function bodyStart(packet: Uint8Array): number {
  return packet.findIndex((byte, index) => index > 0 && byte < 128) + 1
}

/** A Variable Byte Integer, section 1.5.5. */
function lengthBytes(length: number): number[] {
  return length < 128 ? [length] : [(length % 128) | 128, ...lengthBytes(Math.floor(length / 128))]
}
