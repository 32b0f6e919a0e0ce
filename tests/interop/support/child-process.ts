import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Signal, within } from './bounded-wait.ts'

const running = new Set<ChildProcessWithoutNullStreams>()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A program under test, read line by line. It never outlives the test process. */
export class ChildProcess {
  /** Everything printed so far, standard output and standard error alike. */
  readonly lines: string[] = []
  readonly #command: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exit = new Signal<number | null>()
  readonly #listeners = new Set<(line: string) => void>()

  constructor(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#command = `${command} ${args.join(' ')}`.slice(0, 300)
    this.#child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: 'pipe' })
    running.add(this.#child)
    this.#child.once('error', error => this.#ended(error))
    this.#child.once('close', code => this.#ended(undefined, code))
    this.#child.stdin.on('error', () => {}) // EPIPE of a program that has exited, which `exited` reports.
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', line => this.#read(line))
    }
  }

  /** The exit code, or null if a signal ended it. */
  get exited(): Promise<number | null> {
    return this.#exit.promise
  }

  onLine(listener: (line: string) => void): void {
    for (const line of this.lines) listener(line)
    this.#listeners.add(listener)
  }

  /** The first line, past or future, that matches; rejects when the program exits without it. */
  async line(pattern: RegExp): Promise<string> {
    const found = new Signal<string>()
    const listener = (line: string) => {
      if (pattern.test(line)) found.resolve(line)
    }
    this.onLine(listener)
    try {
      return await within(Promise.race([found.promise, this.#exitWithout(pattern)]), () => this.#report(pattern))
    } finally {
      this.#listeners.delete(listener)
    }
  }

  write(text: string | Buffer): void {
    this.#child.stdin.write(text)
  }

  endInput(text: string | Buffer = ''): void {
    this.#child.stdin.end(text)
  }

  /** Resolves when the program has exited with code 0. */
  async success(): Promise<void> {
    const code = await within(this.exited, () => `${this.#command} to exit; it printed:\n${this.lines.join('\n')}`)
    if (code !== 0) throw new Error(`${this.#command} exited with ${code}:\n${this.lines.join('\n')}`)
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal)
    await within(
      this.exited.catch(() => null),
      () => `${this.#command} to exit after ${signal}`,
    )
  }

  #read(line: string): void {
    this.lines.push(line)
    for (const listener of this.#listeners) listener(line)
  }

  async #exitWithout(pattern: RegExp): Promise<never> {
    const code = await this.exited
    throw new Error(`${this.#command} exited with ${code} before ${this.#report(pattern)}`)
  }

  #report(pattern: RegExp): string {
    return `a line like ${pattern} of ${this.#command}; it printed:\n${this.lines.slice(-20).join('\n')}`
  }

  #ended(error: Error | undefined, code: number | null = null): void {
    running.delete(this.#child)
    if (error === undefined) this.#exit.resolve(code)
    else this.#exit.reject(error)
  }
}
