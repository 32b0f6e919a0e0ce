import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { parse as parseYaml } from 'yaml'
import { CommandError, ExitCode } from '../command-error.ts'
import { writeTexts } from '../text-output.ts'
import { readingFault } from './file-content.ts'
import { fromMqttx } from './mqttx-names.ts'

/**
 * Files of flags by command, as `--save-options` writes and `--load-options` reads them; MQTTX has such files as well:
 *
 *     { "sub": { "host": "broker.example", "topic": ["home/#"], "verbose": true } }
 */

/** Flags that say what to do with flags; they are not kept. */
const unsaved = new Set(['saveOptions', 'saveSecrets', 'loadOptions', 'optionsFile', 'property'])

/** Flags whose value is a secret. */
const secrets = new Set(['pw', 'psk'])

/** What the parsed level of a version was written as. */
const versionNames: Readonly<Record<number, string>> = { 3: '31', 4: '311', 5: '5' }

type Section = Readonly<Record<string, unknown>>

/**
 * The words that a file has for a command.
 *
 * @throws {CommandError} when it cannot be read, or has none
 */
export function loadedWords(path: string, command: Command): string[] {
  const sections = sectionsOf(path)
  const section = sections[command.name()]
  if (!isSection(section)) {
    const others = Object.keys(sections).join(', ') || 'nothing'
    const message = `${path} has no options for ${command.name()}, but for ${others}`
    throw new CommandError(ExitCode.Failed, message, [`curlew ${command.name()} … --save-options ${path}`])
  }
  return Object.entries(section).flatMap(([key, value]) => wordsOf(key, value, command))
}

/**
 * Keeps the flags that were given to a command, beside what the file has for other commands. Only its owner may read it.
 *
 * @param properties the words behind each `-D`
 * @returns whether a secret was left out
 * @throws {CommandError} when the file cannot be written, or holds something else
 */
export async function saveOptions(
  path: string,
  command: Command,
  properties: readonly (readonly string[])[],
  savesSecrets: boolean,
): Promise<boolean> {
  const given = Object.entries(command.opts()).filter(
    ([name]) => command.getOptionValueSource(name) !== 'default' && !unsaved.has(name),
  )
  const kept = properties.filter(words => savesSecrets || words[1] !== 'authentication-data')
  let isLeftOut = kept.length < properties.length
  const section: Record<string, unknown> = {}
  for (const [name, value] of given) {
    const shown = savesSecrets ? value : withoutSecret(name, value)
    if (shown !== value) isLeftOut = true
    if (shown !== undefined) section[name] = name === 'protocolVersion' ? versionNames[Number(shown)] : shown
  }
  if (kept.length > 0) section['property'] = kept
  const text = `${JSON.stringify({ ...sectionsOf(path, {}), [command.name()]: section }, undefined, 2)}\n`
  await writeTexts(path, [text])
  return isLeftOut
}

/** `undefined` for what is nothing but a secret. */
function withoutSecret(name: string, value: unknown): unknown {
  if (secrets.has(name)) return undefined
  return name === 'url' || name === 'proxy' ? String(value).replace(/^(\w+:\/\/[^/:@]*):[^/]*@/, '$1@') : value
}

/** @param absent what a file stands for that does not exist; without it that is an error */
function sectionsOf(path: string, absent?: Section): Section {
  let sections: unknown
  try {
    sections = parseYaml(readFileSync(path, 'utf8')) // of which JSON is a part
  } catch (error) {
    if (absent && (error as NodeJS.ErrnoException).code === 'ENOENT') return absent
    throw new CommandError(ExitCode.Failed, `cannot read ${path}: ${readingFault(error)}`, [], { cause: error })
  }
  if (isSection(sections)) return sections
  throw new CommandError(ExitCode.Failed, `${path} is no file of options`, ['curlew sub … --save-options <file>'])
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wordsOf(key: string, value: unknown, command: Command): string[] {
  const name = key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  const flag = `--${name}`
  if (value === true) return isNegative(name, command) ? [] : [flag]
  if (value === false) return isNegative(name, command) ? [`--no-${name}`] : []
  const values = Array.isArray(value) ? value : [value]
  return values.flatMap(each => [flag, ...(Array.isArray(each) ? each.map(String) : [String(each)])])
}

/** Whether the flag is one that takes something away, such as `--no-newline`. */
function isNegative(name: string, command: Command): boolean {
  const flag = `--no-${name}`
  return command.options.some(({ long }) => long === flag) || fromMqttx(flag, undefined, command.name()) !== undefined
}
