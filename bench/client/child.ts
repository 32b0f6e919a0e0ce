import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A measurement that takes longer than this has failed, in milliseconds. */
const PATIENCE_MS = 120_000

/** A program of this folder, in a process of its own. Its errors go where ours go. */
export class Child {
  readonly #process: ChildProcess

  constructor(program: string, args: readonly (string | number)[]) {
    const path = fileURLToPath(new URL(`${program}.js`, import.meta.url))
    this.#process = spawn(process.execPath, [path, ...args.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] })
  }

  /** The first line that it prints. @throws {Error} when it ends without one, or takes too long */
  async line(): Promise<string> {
    const child = this.#process
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill()
        reject(new Error(`${child.spawnargs.slice(1).join(' ')} takes too long`))
      }, PATIENCE_MS)
      createInterface({ input: child.stdout! }).once('line', line => {
        clearTimeout(timer)
        resolve(line)
      })
      child.once('exit', code => {
        clearTimeout(timer)
        reject(new Error(`${child.spawnargs.slice(1).join(' ')} ended with ${code}`))
      })
    })
  }

  /** Ends it, and resolves when it is gone. */
  async end(): Promise<void> {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.stdin!.end()
    await gone
  }
}
