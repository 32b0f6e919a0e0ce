import { closeSync, openSync, readFileSync } from 'node:fs'
import { CommandError, ExitCode } from '../command-error.ts'

/** Why a file cannot be read or written, in words. */
export function readingFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file or folder'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not do that'
  if (code === 'ENOSPC') return 'there is no space left'
  return message
}

/**
 * The bytes of a file that a flag names.
 *
 * @throws {CommandError} naming the flag and the reason
 */
export function fileContent(flag: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const message = `cannot read the file of ${flag}, ${path}: ${readingFault(error)}`
    throw new CommandError(ExitCode.Failed, message, [], { cause: error })
  }
}

/**
 * Makes sure that a file that a flag names can be added to; if there is none, one that only its owner may read.
 *
 * @returns its path
 * @throws {CommandError} naming the flag and the reason
 */
export function writableFile(flag: string, path: string): string {
  try {
    closeSync(openSync(path, 'a', 0o600))
    return path
  } catch (error) {
    const message = `cannot write the file of ${flag}, ${path}: ${readingFault(error)}`
    throw new CommandError(ExitCode.Failed, message, [], { cause: error })
  }
}
