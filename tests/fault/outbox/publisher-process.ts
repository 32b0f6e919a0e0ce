import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What a publisher has said of its messages, by number, over all its lives. */
export class PublisherLog {
  readonly tried: Set<number> = new Set()
  readonly stored: Set<number> = new Set()
  readonly done: Set<number> = new Set()
  /** Whether it ended with nothing left to be delivered. */
  isEmpty = false

  /** The first number that no life has used. */
  get next(): number {
    return Math.max(0, ...this.tried) + 1
  }

  read(line: string): void {
    const [word, number] = line.split(' ')
    if (word === 'try') this.tried.add(Number(number))
    else if (word === 'stored') this.stored.add(Number(number))
    else if (word === 'done') this.done.add(Number(number))
    else if (word === 'empty') this.isEmpty = true
  }
}

/** One life of a publisher; see `publisher.js`. */
export class PublisherProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  /** What it wrote to standard error. */
  errors = ''

  /**
   * @param killAfter lines that it writes before it is killed; `undefined`: it ends by itself
   * @param count messages to publish; 0: as many as it can
   */
  constructor(
    port: number,
    outbox: string,
    log: PublisherLog,
    { killAfter, count }: { killAfter: number | undefined; count: number },
  ) {
    const script = join(import.meta.dirname, 'publisher.js')
    const args = [port, outbox, log.next, count].map(String)
    this.#child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stderr!.setEncoding('utf8').on('data', text => {
      this.errors += text
    })
    // What it wrote before the kill is still in the pipe.
    const lines = createInterface({ input: this.#child.stdout! })
    let written = 0
    lines.on('line', line => {
      log.read(line)
      if (++written === killAfter) this.kill()
    })
    this.#ended = Promise.all([once(this.#child, 'close'), once(lines, 'close')])
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async end(): Promise<void> {
    await this.#ended
  }
}
