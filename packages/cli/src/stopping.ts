/** Exit codes that shells know for a process that a signal has ended: 128 and the number of the signal. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** Milliseconds between two looks at whether npm is still there. */
const PARENT_CHECK_MS = 250

export type StopReason = keyof typeof exitCodes | 'npm has gone'

/** Resolves at the first SIGINT or SIGTERM, or when npm, which started us, has gone. The next signal ends the process at once. */
export function stopRequested(): Promise<StopReason> {
  return new Promise(resolve => {
    let isRequested = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isRequested) process.exit(exitCodes[signal])
        isRequested = true
        resolve(signal)
      })
    }
    const event = process.env['npm_lifecycle_event']
    if (event === 'start' || event === 'npx') whenParentHasGone(() => resolve('npm has gone'))
  })
}

/**
 * npm passes a signal on to the shell that it runs its script in, and that shell ends without passing it on: without this
 * check `kill` would end `npm start` and leave its broker behind, on its ports.
 */
function whenParentHasGone(callback: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    callback()
  }, PARENT_CHECK_MS)
  timer.unref()
}

/** @returns whether `closing` has resolved within `timeoutMs` */
export async function closesWithin(closing: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), timeoutMs)
  })
  try {
    return await Promise.race([closing.then(() => true), timeout])
  } finally {
    clearTimeout(timer)
  }
}
