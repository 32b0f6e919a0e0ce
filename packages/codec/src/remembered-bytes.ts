/** @returns a number whose low bits are a slot for these bytes */
export function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = length
  for (let index = start; index < start + length; index++) hash = Math.imul(hash ^ bytes[index]!, 0x01000193)
  return hash ^ (hash >>> 15)
}

/** Whether `known[knownStart..knownStart + length)` and `bytes[start..start + length)` are the same. */
export function isSame(
  known: Uint8Array,
  knownStart: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  for (let index = 0; index < length; index++) if (known[knownStart + index] !== bytes[start + index]) return false
  return true
}
