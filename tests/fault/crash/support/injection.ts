import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { missingProgram } from '../../../interop/support/peers.ts'

/** What makes the broker use one thread for its files, because strace counts system calls by thread. */
export const oneFileThread = { UV_THREADPOOL_SIZE: '1' }

/** Why system calls cannot be made to fail, or `undefined` when they can. */
export function missingInjection(): string | undefined {
  const missing = missingProgram('strace', 'strace')
  if (missing !== undefined) return missing
  const tried = spawnSync('strace', ['-e', 'inject=getppid:error=EIO', 'true'])
  return tried.status === 0 ? undefined : `strace cannot trace here: ${tried.stderr}`.trim()
}

/** strace at work on a running process, changing what system calls answer. It lets go with its test at the latest. */
export class Injection {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'close')
    onTestFinished(() => this.end())
  }

  /** @param rule such as `fdatasync:error=EIO:when=1`. Resolves when it holds. */
  static async start(pid: number, rule: string): Promise<Injection> {
    const calls = rule.slice(0, rule.indexOf(':'))
    const args = ['-f', '-p', String(pid), '-e', `trace=${calls}`, '-e', `inject=${rule}`, '-o', '/dev/null']
    const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const injection = new Injection(child)
    await injection.#attached()
    return injection
  }

  /** The system answers for itself again. */
  async end(): Promise<void> {
    this.#child.kill('SIGINT')
    await this.#ended
  }

  /** Its standard error is read to the end, because strace dies when nobody does. */
  #attached(): Promise<void> {
    return new Promise((resolve, reject) => {
      let output = ''
      this.#child.stderr!.setEncoding('utf8').on('data', text => {
        output += text
        if (output.includes('attached')) resolve()
      })
      this.#child.once('close', () => reject(new Error(`strace did not attach: ${output}`)))
    })
  }
}
