import { open, rename, rm, stat } from 'node:fs/promises'
import { CommandError, ExitCode } from './command-error.ts'

type Texts = AsyncIterable<string> | Iterable<string>

/** Characters that are collected before they are written. */
const CHUNK_LENGTH = 65_536

/**
 * Writes texts one after the other, no faster than they are taken. A file is written beside its place and put there when it is whole and
 * on the disk; only its owner may read it.
 *
 * @param path `-` is standard output
 * @throws {CommandError} when it cannot be written
 */
export async function writeTexts(path: string, texts: Texts): Promise<void> {
  if (path === '-') return writeChunks(texts, chunk => writeToStdout(chunk))
  const isSpecial = await stat(path).then(
    status => !status.isFile(),
    () => false, // It does not exist, or opening it says why not.
  )
  if (isSpecial) return writeFile(path, 'a', texts, path)
  const partial = `${path}.partial`
  try {
    await writeFile(partial, 'w', texts, path)
    await rename(partial, path).catch(error => refuse(path, error))
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

/** @param name names the file in errors */
async function writeFile(path: string, flags: string, texts: Texts, name: string): Promise<void> {
  const file = await open(path, flags, 0o600).catch(error => refuse(name, error))
  try {
    await writeChunks(texts, chunk => file.appendFile(chunk).catch(error => refuse(name, error)))
    // A pipe cannot be synchronised, and need not.
    if ((await file.stat()).isFile()) await file.sync().catch(error => refuse(name, error))
  } finally {
    await file.close()
  }
}

async function writeChunks(texts: Texts, write: (chunk: string) => Promise<void>): Promise<void> {
  let chunk = ''
  for await (const text of texts) {
    chunk += text
    if (chunk.length < CHUNK_LENGTH) continue
    await write(chunk)
    chunk = ''
  }
  if (chunk !== '') await write(chunk)
}

function writeToStdout(chunk: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, error => {
      if (error) reject(new CommandError(ExitCode.Failed, `cannot write to standard output: ${error.message}`))
      else resolve()
    })
  })
}

function refuse(path: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such folder',
    ENOTDIR: 'there is no such folder',
    EISDIR: 'it is a folder',
    EACCES: 'this user may not write there',
    ENOSPC: 'there is no space left',
  }
  throw new CommandError(ExitCode.Failed, `cannot write ${path}: ${reasons[code ?? ''] ?? message}`, [], {
    cause: error,
  })
}
