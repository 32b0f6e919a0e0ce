import type { FuzzTarget } from './fuzzer.ts'

/** A fault behind three bytes, each of which must be right before the next is looked at. Chance alone finds it once in 2^24. */
function faulty(input: Uint8Array): string {
  if (input[0] !== 0x63) return 'no'
  if (input[1] !== 0x75) return 'not yet'
  if (input[2] !== 0x72) return 'nearly'
  throw new RangeError('found')
}

export const toyTarget: FuzzTarget = {
  name: 'toy',
  sources: /\/tests\/fuzz\/toy-target\.ts$/,
  tokens: [],
  seeds: [],
  sizeMax: 3,
  run: faulty,
}

/** Never comes back in time. */
export const slowTarget: FuzzTarget = {
  ...toyTarget,
  name: 'slow',
  run: input => {
    const endMs = performance.now() + (input.length > 2 ? 20 : 0)
    while (performance.now() < endMs);
  },
}
