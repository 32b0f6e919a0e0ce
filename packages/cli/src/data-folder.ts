import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The data folder can not be used. The message says why. */
export class DataFolderError extends Error {
  constructor(path: string, cause: unknown) {
    super(`cannot use data folder ${path}: ${reasonOf(cause)}`, { cause })
  }

  override get name(): string {
    return 'DataFolderError'
  }
}

/**
 * Creates the folder for this user alone, unless it exists, and writes to it once: only that tells a full disk, a
 * read-only file system and missing rights from a folder that can be used.
 *
 * @throws {DataFolderError}
 */
export async function prepareDataFolder(path: string): Promise<void> {
  const probe = join(path, `.write-check-${process.pid}`)
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await writeFile(probe, 'x', { mode: 0o600 })
    await rm(probe)
  } catch (error) {
    throw new DataFolderError(path, error)
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'a file is where a folder should be'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not write there'
  if (code === 'EROFS') return 'the file system is read-only'
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'there is no space left'
  return message
}
