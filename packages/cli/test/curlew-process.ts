import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { binary, checkBuilt } from './built.ts'
import { temporaryFolder } from './temporary-folder.ts'

checkBuilt()

export interface RunOptions {
  /** Working folder. Default: an empty one. */
  readonly folder?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Run by a shell that waits for it, as npm does. */
  readonly isInShell?: boolean
}

/** How a process ended: its exit code, or the name of the signal that ended it. */
export type Ending = number | NodeJS.Signals | null

/** The real command, running. It ends with its test at the latest. */
export class CurlewProcess {
  stdout = ''
  stderr = ''
  readonly ended: Promise<Ending>
  readonly #child: ChildProcessWithoutNullStreams
  #hasEnded = false
  #onOutput: (() => void)[] = []

  /** Nothing of npm's in the environment, which would change how the command talks of itself. */
  constructor(args: readonly string[], options: RunOptions = {}) {
    const { folder = temporaryFolder(), environment, isInShell = false } = options
    const { PATH, HOME } = process.env
    const command = [process.execPath, binary, ...args]
    const [program, ...words] = isInShell ? ['sh', '-c', '"$@"; exit $?', 'sh', ...command] : command
    const env = { PATH, HOME, ...environment }
    this.#child = spawn(program!, words, { cwd: folder, env, stdio: 'pipe', detached: true })
    this.#child.stdout.setEncoding('utf8').on('data', text => this.#read('stdout', text))
    this.#child.stderr.setEncoding('utf8').on('data', text => this.#read('stderr', text))
    this.ended = new Promise(resolve => {
      this.#child.once('close', (code, signal) => {
        this.#hasEnded = true
        resolve(code ?? signal)
        this.#wake()
      })
    })
    onTestFinished(() => this.#endAll())
  }

  get pid(): number {
    return this.#child.pid!
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Writes to standard input. */
  write(text: string): void {
    this.#child.stdin.write(text)
  }

  closeStdin(): void {
    this.#child.stdin.end()
  }

  /** Nobody reads standard output any more. */
  closeStdout(): void {
    this.#child.stdout.destroy()
  }

  /** The first match in what is printed. Rejects when the process ends without it. */
  async printed(name: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this[name])
      if (match !== null) return match
      if (this.#hasEnded) throw new Error(`no ${pattern} in ${name}:\n${this.stdout}${this.stderr}`)
      await new Promise<void>(resolve => this.#onOutput.push(resolve))
    }
  }

  /** The port of the listener with this protocol, from the table of addresses. */
  async port(protocol: 'mqtt' | 'ws'): Promise<number> {
    const [, port] = await this.printed('stdout', new RegExp(`${protocol}://\\S+:(\\d+)[\\s\\S]*hello/world`))
    return Number(port)
  }

  #read(name: 'stdout' | 'stderr', text: string): void {
    this[name] += text
    this.#wake()
  }

  #wake(): void {
    const listeners = this.#onOutput
    this.#onOutput = []
    for (const listener of listeners) listener()
  }

  /** Also what a shell has left behind: it has all a process group of its own. */
  async #endAll(): Promise<void> {
    if (this.#hasEnded) return
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch {
      // All have gone, and what they printed is still to be read.
    }
    await this.ended
  }
}

export interface Outcome {
  readonly ending: Ending
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command to its end. In what it says, its own path reads `curlew`. */
export async function runCurlew(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const curlew = new CurlewProcess(args, options)
  const ending = await curlew.ended
  const { stdout, stderr } = curlew
  return { ending, stdout, stderr: stderr.replaceAll(`node ${binary}`, 'curlew') }
}

/** `curlew start` on free ports, with its data in a folder of its own. */
export function startCurlew(folder: string, args: readonly string[] = [], options: RunOptions = {}): CurlewProcess {
  return new CurlewProcess(['start', '--port', '0', '--ws-port', '0', ...args], { folder, ...options })
}
