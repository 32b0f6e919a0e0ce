import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of JavaScript objects that are alive. */
export function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Bytes of JavaScript objects and of buffers that are alive. */
export function memoryBytes(): number {
  const heap = heapBytes()
  return heap + process.memoryUsage().arrayBuffers
}

/** As {@link memoryBytes}, when what is free has been given back: buffers are swept beside the program, a little later. */
export async function settledMemoryBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 10; round++) {
    least = Math.min(least, memoryBytes())
    await new Promise(setImmediate)
  }
  return least
}
