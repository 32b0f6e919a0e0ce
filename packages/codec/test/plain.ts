import type { Packet } from '@curlew/codec'
import { hexOf } from './notation.ts'

/**
 * A packet as plain data, for comparisons and messages: the payload that a decoded PUBLISH makes on demand is there, what
 * belongs to the buffer it came in is not, binary fields are hex digits, absent properties are absent, and fields are in the
 * order of their names.
 */
export function toPlain(packet: Packet): unknown {
  return plain('payload' in packet ? { ...packet, payload: packet.payload } : packet)
}

const ofTheBuffer = new Set(['bytes', 'payloadStart', 'payloadEnd', 'isGathered'])

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${hexOf(value)}`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name, field]) => field !== undefined && !ofTheBuffer.has(name))
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, plain(field)]))
}
