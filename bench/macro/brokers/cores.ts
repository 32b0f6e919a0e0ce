import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** One core for the broker and one for the generator, so that neither takes time from the other. */
export interface Cores {
  readonly broker: number | undefined
  readonly generator: number | undefined
  /** Why nothing is pinned; `undefined` when it is. */
  readonly unpinnedBecause: string | undefined
}

/** The first two cores that this process may use, if the machine can pin. */
export function findCores(): Cores {
  const unpinned = (reason: string): Cores => ({ broker: undefined, generator: undefined, unpinnedBecause: reason })
  if (spawnSync('taskset', ['--version']).status !== 0) return unpinned('there is no taskset')
  const [broker, generator] = allowedCores()
  if (broker === undefined || generator === undefined) return unpinned('there is only one core')
  return { broker, generator, unpinnedBecause: undefined }
}

/** A command and its arguments, changed so that it runs on `core`. */
export function pinned(core: number | undefined, command: string, args: readonly string[]): [string, string[]] {
  if (core === undefined) return [command, [...args]]
  return ['taskset', ['-c', String(core), command, ...args]]
}

/** From Linux, which writes a list such as `0-3,6`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
