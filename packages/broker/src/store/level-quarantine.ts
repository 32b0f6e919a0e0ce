import { cp, link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Log } from '../runtime/log.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { DamagedRow } from './recovery.ts'

/** What LevelDB writes into its own log when it leaves out part of a journal because a checksum is wrong. */
const droppedPattern = /dropping \d+ bytes; .*/g

/**
 * Keeps what is damaged in a LevelDB folder, beside that folder, named by the milliseconds since 1970 at which it was found; nothing of it is ever deleted
 * by the broker.
 *
 * LevelDB leaves out what it cannot read of a journal, says so only in a file of its own, and deletes the journal. Therefore the
 * journals are linked to another folder before it is opened, which stays when something was left out.
 */
export class LevelQuarantine {
  readonly #folder: string
  readonly #log: Log
  readonly #runtime: Runtime

  constructor(folder: string, log: Log, runtime: Runtime) {
    this.#folder = folder
    this.#log = log
    this.#runtime = runtime
  }

  /** Writes rows as JSON lines of hexadecimal bytes. @returns the path of the file */
  async keepRows(rows: readonly DamagedRow[]): Promise<string> {
    const path = `${this.#name('damaged-rows')}.jsonl`
    const file = await open(path, 'a', 0o600)
    try {
      for (const { key, value, reason } of rows) {
        const line = { reason, key: Buffer.from(key).toString('hex'), value: Buffer.from(value).toString('hex') }
        await file.appendFile(`${JSON.stringify(line)}\n`)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    return path
  }

  /** Copies the whole folder, which cannot be opened as it is, before it is repaired. */
  async keepFolder(reason: string): Promise<void> {
    const path = this.#name('corrupt')
    await cp(this.#folder, path, { recursive: true })
    this.#log.error('the store is damaged; it is repaired as far as possible', { reason, keptIn: path })
  }

  /** Links the journals to a folder of their own. */
  async holdJournals(): Promise<void> {
    await rm(this.#held, { recursive: true, force: true })
    const journals = (await filesOf(this.#folder)).filter(name => name.endsWith('.log'))
    if (journals.length === 0) return
    await mkdir(this.#held, { mode: 0o700 })
    for (const name of journals) await link(join(this.#folder, name), join(this.#held, name))
  }

  /** Lets the linked journals go, unless LevelDB has left out part of them. */
  async releaseJournals(): Promise<void> {
    const text = await readFile(join(this.#folder, 'LOG'), 'utf8').catch(() => '')
    const dropped = text.match(droppedPattern)
    if (dropped === null) return rm(this.#held, { recursive: true, force: true })
    const path = this.#name('damaged-journal')
    await rename(this.#held, path)
    this.#log.error('part of the journal of the store is damaged and left out', { reasons: dropped, keptIn: path })
  }

  get #held(): string {
    return join(dirname(this.#folder), `${basename(this.#folder)}.opening`)
  }

  #name(kind: string): string {
    return join(dirname(this.#folder), `${basename(this.#folder)}.${kind}-${Math.floor(this.#runtime.wallClockMs())}`)
  }
}

async function filesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
