/** Section 1.5.5: seven bits a byte, least significant first, at most four bytes. */
export const VARIABLE_BYTE_INTEGER_MAX = 268_435_455

/** @returns the bytes that `value` takes, 1 to 4; `value` is 0 to {@link VARIABLE_BYTE_INTEGER_MAX} */
export function variableByteIntegerSize(value: number): number {
  if (value < 128) return 1
  if (value < 16_384) return 2
  return value < 2_097_152 ? 3 : 4
}

/** Writes the shortest form at `offset` [MQTT-1.5.5-1]. @returns the offset behind it */
export function writeVariableByteInteger(target: Uint8Array, value: number, offset: number): number {
  let rest = value
  let at = offset
  while (rest > 127) {
    target[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
