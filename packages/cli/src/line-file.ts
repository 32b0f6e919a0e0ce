import { createWriteStream } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TextDecoder } from 'node:util'
import { removedOnSignal } from './removed-on-signal.ts'

/** Bytes that are read at a time. */
const CHUNK_BYTES = 262_144
/** Bytes of a line at most: a little less than what fits into a string, and more than the largest message takes. */
const LINE_BYTES_MAX = 500 * 1024 * 1024

/** A line of a file. It has a `fault` when it is not text. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly fault: string }

/** A file of lines that is read more than once. What cannot be, such as standard input, is copied to a temporary file first. */
export class LineFile {
  readonly #file: FileHandle
  readonly #removeTemporary: () => Promise<void>

  private constructor(file: FileHandle, removeTemporary = async () => {}) {
    this.#file = file
    this.#removeTemporary = removeTemporary
  }

  /** @param input standard input, for the path `-` */
  static async open(path: string, input: Readable): Promise<LineFile> {
    if (path === '-') return LineFile.#copied(input)
    const file = await open(path, 'r')
    const status = await file.stat()
    if (status.isFile() || status.isDirectory()) return new LineFile(file)
    return LineFile.#copied(file.createReadStream())
  }

  static async #copied(input: Readable): Promise<LineFile> {
    const folder = await mkdtemp(join(tmpdir(), 'curlew-import-'))
    const path = join(folder, 'lines')
    const forget = removedOnSignal(folder)
    const remove = async (): Promise<void> => {
      await rm(folder, { recursive: true, force: true })
      forget()
    }
    try {
      await pipeline(input, createWriteStream(path, { mode: 0o600 }))
      return new LineFile(await open(path, 'r'), remove)
    } catch (error) {
      await remove()
      throw error
    }
  }

  /** All lines that are not empty, from the first one on. */
  async *lines(lineBytesMax: number = LINE_BYTES_MAX): AsyncGenerator<Line> {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    let number = 0
    for await (const bytes of this.#byteLines(lineBytesMax)) {
      number++
      if (bytes === undefined) yield { number, fault: `has more than ${lineBytesMax} bytes` }
      else if (bytes.length > 0) yield decoded(decoder, number, bytes)
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
    await this.#removeTemporary()
  }

  /** Lines without their ends; `undefined` stands for one that is too long. */
  async *#byteLines(lineBytesMax: number): AsyncGenerator<Buffer | undefined> {
    let parts: Buffer[] = []
    let length = 0
    const finished = (): Buffer | undefined => {
      const line = length > lineBytesMax ? undefined : Buffer.concat(parts, length)
      parts = []
      length = 0
      return line
    }
    const add = (part: Buffer): void => {
      length += part.length
      if (length > lineBytesMax) parts = []
      else parts.push(part)
    }
    for await (const chunk of this.#chunks()) {
      let start = 0
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        add(chunk.subarray(start, end))
        yield finished()
        start = end + 1
      }
      add(chunk.subarray(start))
    }
    if (length > 0) yield finished()
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    for (let position = 0; ; ) {
      const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }
}

function decoded(decoder: TextDecoder, number: number, bytes: Buffer): Line {
  try {
    return { number, text: decoder.decode(bytes) }
  } catch {
    return { number, fault: 'is not UTF-8' } // a decoder fails for nothing else
  }
}
