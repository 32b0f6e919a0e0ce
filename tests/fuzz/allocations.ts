/** Bytes that the codec has asked its platform for, since somebody set it to 0. */
export const allocations = { bytes: 0 }

/** @returns the codec's platform with every allocation counted */
export function counting<T extends { allocateBytes(size: number): Uint8Array }>(platform: T): T {
  return {
    ...platform,
    allocateBytes: (size: number) => {
      allocations.bytes += size
      return platform.allocateBytes(size)
    },
  }
}
