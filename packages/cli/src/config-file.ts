import { readFileSync } from 'node:fs'
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { CommandError, ExitCode } from './command-error.ts'
import { commandLine } from './command-line.ts'
import { type ConfigFault, type ConfigOptions, checkOptions } from './config-schema.ts'

/** Bytes of a configuration file at most: a file that is larger is another one. */
const FILE_BYTES_MAX = 1_048_576

/** A configuration file with faults in it. Each one is a line that begins with file, line and column. */
export class ConfigFileError extends CommandError {
  readonly faults: readonly string[]

  constructor(path: string, faults: readonly string[]) {
    const all = `${commandLine(['check-config', path])}   # shows all ${faults.length} faults`
    super(ExitCode.Usage, faults[0]!, faults.length > 1 ? [all] : [])
    this.faults = faults
  }

  override get name(): string {
    return 'ConfigFileError'
  }
}

/**
 * Reads a configuration file.
 *
 * @throws {ConfigFileError} when there are faults in it
 * @throws {CommandError} when it can not be read
 */
export function readConfigFile(path: string): ConfigOptions {
  return parseConfig(readText(path), path)
}

function readText(path: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new CommandError(ExitCode.Usage, `cannot read ${path}: ${reasonOf(error)}`, [], { cause: error })
  }
  if (bytes.length <= FILE_BYTES_MAX) return bytes.toString('utf8')
  throw new CommandError(ExitCode.Usage, `${path} has more than ${FILE_BYTES_MAX} bytes: is it a configuration?`)
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'EACCES') return 'this user may not read it'
  return message
}

/**
 * Reads the text of a configuration file.
 *
 * @param path names the file in errors
 * @throws {ConfigFileError} with all faults, in the order in which they stand in the file
 */
export function parseConfig(text: string, path: string): ConfigOptions {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset)
    return `${path}:${line}:${col}:`
  }
  const flaws = [...document.errors, ...document.warnings]
  if (flaws.length > 0) {
    const lines = flaws.map(({ pos, message }) => `${at(pos[0])} ${message.split('\n')[0]}`)
    throw new ConfigFileError(path, lines)
  }
  const checked = checkOptions(contentOf(document, path))
  if ('options' in checked) return checked.options
  const found = checked.faults.map(fault => ({ fault, offset: offsetOf(document, fault) }))
  found.sort((a, b) => a.offset - b.offset)
  const lines = found.map(({ fault, offset }) => `${at(offset)} ${nameOf(fault)} ${fault.message}`)
  throw new ConfigFileError(path, lines)
}

function contentOf(document: Document, path: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    // An alias without its anchor, or so many aliases that the value would be far larger than the file.
    if (error instanceof ReferenceError) throw new ConfigFileError(path, [`${path}:1:1: ${error.message}`])
    throw error
  }
}

/** Such as `listeners[0].port`. */
function nameOf({ path }: ConfigFault): string {
  const name = path.map(key => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')
  return name === '' ? 'the configuration' : name.replace(/^\./, '')
}

/** Where in the text the fault is, or the innermost thing around it: what is missing stands nowhere. */
function offsetOf(document: Document, { path, isAtName }: ConfigFault): number {
  let node = document.contents as Node | null
  for (const [depth, key] of path.entries()) {
    const inner = isAlias(node) ? node.resolve(document) : node
    const isName = isAtName && depth === path.length - 1
    const next = isMap(inner) ? entryOf(inner.items, key, isName) : isSeq(inner) ? inner.items[Number(key)] : undefined
    if (next === undefined || next === null) break
    node = next as Node
  }
  return node?.range?.[0] ?? 0
}

/** The name or the value of the entry `key`; a value that has been left out is where its name is. */
function entryOf(items: readonly { key: unknown; value: unknown }[], key: string | number, isName: boolean): unknown {
  const pair = items.find(item => String(isScalar(item.key) ? item.key.value : item.key) === String(key))
  return isName ? pair?.key : (pair?.value ?? pair?.key)
}
