import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CommandError, ExitCode } from '../command-error.ts'
import { readingFault } from './file-content.ts'

/**
 * Flags that are kept in a file, one to a line: `-h broker.example`. Lines that begin with # are comments. Without a file that was
 * asked for, it is the one that Mosquitto's tool of the same kind reads, such as `~/.config/mosquitto_sub`.
 *
 * @param path `undefined` for that one, which need not exist
 * @returns the words, to stand before those of the command line
 * @throws {CommandError} when a file that was asked for cannot be read
 */
export function readOptionsFile(path: string | undefined, tool: string): string[] {
  const folder = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config')
  let text: string
  try {
    text = readFileSync(path ?? join(folder, tool), 'utf8')
  } catch (error) {
    if (path === undefined) return []
    throw new CommandError(ExitCode.Failed, `cannot read ${path}: ${readingFault(error)}`, [], { cause: error })
  }
  return text.split(/\r?\n/).flatMap(wordsOf)
}

/** The flag and all that follows it, which is one value, blanks included; only a property has several. */
function wordsOf(line: string): string[] {
  if (line.startsWith('#') || line.trim() === '') return []
  const [, flag = '', value] = /^\s*(\S+)(?:\s+(.*\S))?\s*$/.exec(line) ?? []
  if (value === undefined) return [flag]
  return flag === '-D' || flag === '--property' ? [flag, ...value.split(/\s+/)] : [flag, value]
}
