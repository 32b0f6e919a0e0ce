import { frame } from '../../../packages/codec/test/frame.ts'
import { bytesOf, hexOf } from '../../../packages/codec/test/notation.ts'
import type { Client } from './rules.ts'

/** A packet in notation, with the Remaining Length between its first byte and its body. */
export function packet(firstByte: string, body: string): string {
  return hexOf(frame(firstByte, body))
}

/** Bytes in notation as the digits that {@link recordBytes} gives. */
export function digits(notation: string): string {
  return hexOf(bytesOf(notation))
}

/**
 * Keeps the bytes that come, for rules about what a decoder does not show. Called before anything is sent.
 *
 * @returns a function that takes what has come since it was last called, as hex digits
 */
export function recordBytes(client: Client): () => string {
  let received = ''
  const onBytes = client.onBytes.bind(client)
  client.onBytes = bytes => {
    received += hexOf(bytes)
    onBytes(bytes)
  }
  return () => {
    const taken = received
    received = ''
    return taken
  }
}
