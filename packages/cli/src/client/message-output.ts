import { once } from 'node:events'
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { CommandError } from '../command-error.ts'
import { ToolExitCode } from './connection-fault.ts'
import { readingFault } from './file-content.ts'
import type { StateLine } from './state-line.ts'

/** Bytes that wait for whoever reads standard output before messages are no longer taken: the broker then waits as well. */
const PENDING_BYTES_MAX = 1_048_576

/** Names tried for a new file at most. */
const FILE_NAMES_MAX = 1_000_000

/** Where printed messages go. */
export interface MessageOutput {
  /** @returns a promise when the next message should wait for it */
  write(bytes: Buffer): Promise<void> | undefined
  /** Resolves when all has been handed to the host. */
  flush(): Promise<void>
}

/** What the flags say of files. */
export interface OutputFlags {
  /** One file for all messages, which are added to it. */
  readonly fileWrite?: string
  /** A file of its own for each message. */
  readonly fileSave?: string
}

/** Where the flags want messages to go. @param state makes room for them on a terminal */
export function messageOutput(
  { fileWrite, fileSave }: OutputFlags,
  stream: NodeJS.WriteStream,
  state: StateLine,
): MessageOutput {
  if (fileWrite !== undefined) return fileOutput('--file-write', fileWrite, bytes => appendFileSync(fileWrite, bytes))
  if (fileSave !== undefined) {
    return fileOutput('--file-save', fileSave, bytes => writeFileSync(freeName(fileSave), bytes, { flag: 'wx' }))
  }
  return new StreamOutput(stream, state)
}

function fileOutput(flag: string, path: string, write: (bytes: Buffer) => void): MessageOutput {
  return {
    write(bytes) {
      try {
        write(bytes)
        return undefined
      } catch (error) {
        const message = `cannot write the file of ${flag}, ${path}: ${readingFault(error)}`
        throw new CommandError(ToolExitCode.Failed, message, [], { cause: error })
      }
    },
    flush: () => Promise.resolve(),
  }
}

/** `picture.jpg`, then `picture(1).jpg` and so on, as MQTTX names them. */
function freeName(path: string): string {
  if (!existsSync(path)) return path
  const ending = extname(path)
  const start = path.slice(0, path.length - ending.length)
  for (let number = 1; number < FILE_NAMES_MAX; number++) {
    const name = `${start}(${number})${ending}`
    if (!existsSync(name)) return name
  }
  throw new CommandError(ToolExitCode.Failed, `there are ${FILE_NAMES_MAX} files like ${path}`)
}

/** Messages of one turn leave in one write. */
class StreamOutput implements MessageOutput {
  readonly #stream: NodeJS.WriteStream
  readonly #state: StateLine
  #collected: Buffer[] = []
  #bytes = 0

  constructor(stream: NodeJS.WriteStream, state: StateLine) {
    this.#stream = stream
    this.#state = state
  }

  write(bytes: Buffer): Promise<void> | undefined {
    if (bytes.length === 0) return undefined
    if (this.#collected.length === 0) setImmediate(() => this.#send())
    this.#collected.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > PENDING_BYTES_MAX) this.#send()
    return this.#stream.writableLength > PENDING_BYTES_MAX ? this.#drained() : undefined
  }

  async flush(): Promise<void> {
    this.#send()
    await new Promise<void>(resolve => this.#stream.write('', () => resolve()))
  }

  #send(): void {
    if (this.#collected.length === 0) return
    const bytes = Buffer.concat(this.#collected, this.#bytes)
    this.#state.above(() => this.#stream.write(bytes))
    this.#collected = []
    this.#bytes = 0
  }

  /** Also when nobody reads any more: then the command is about to end. */
  async #drained(): Promise<void> {
    await Promise.race([once(this.#stream, 'drain'), once(this.#stream, 'close')])
  }
}
