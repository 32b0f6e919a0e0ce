import { readFileSync } from 'node:fs'
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
