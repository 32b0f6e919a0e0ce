import { readdirSync, readFileSync } from 'node:fs'

/** CPU time that all threads of a process have used, in milliseconds. From Linux; elsewhere it is unknown: `NaN`. */
export function cpuMsOf(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const nanoseconds = threads.map(thread =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    )
    return nanoseconds.reduce((sum, part) => sum + part, 0) / 1e6
  } catch {
    return Number.NaN
  }
}
