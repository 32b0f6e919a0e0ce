import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of JavaScript objects that are alive. */
export function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
