import { Command, type CommanderError, InvalidArgumentError, type ParseOptionsResult } from 'commander'
import { CommandError, ExitCode } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import type { ClientFlags } from './client-flags.ts'
import { fromMqttx } from './mqttx-names.ts'
import { readOptionsFile } from './options-file.ts'
import { parseProperties, propertyWordCount } from './property-flags.ts'
import { loadedWords, saveOptions } from './saved-options.ts'

/**
 * A command that takes the flags of one of Mosquitto's tools. Beyond what commander can do, it takes `-D`, which is followed by three
 * or four words of any kind, flags that are kept in a file, and names that MQTTX has for a flag. What is wrong with the flags ends with
 * code 1, as in those tools: 2 and more say how a Server refused.
 */
export class ClientCommand extends Command {
  readonly #tool: string
  /** The words behind each `-D`. */
  #properties: readonly (readonly string[])[] = []

  /** @param tool whose flags these are: its file of flags is read */
  constructor(name: string, tool: string) {
    super(name)
    this.#tool = tool
    this.hook('preAction', () => this.#save())
  }

  /** As in the parent, with our exit code. To be called once it has taken the parent's settings. */
  reportsFaults(): this {
    return this.exitOverride((error: CommanderError) => {
      if (error.exitCode === 0) throw error
      if (error.code === 'commander.excessArguments') throw this.#leftOver()
      const line = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
      throw new CommandError(ExitCode.Failed, line, [commandLine([this.name(), '--help'])])
    })
  }

  /** Words that stand behind no flag: what was most likely meant is a message, or a topic. */
  #leftOver(): CommandError {
    const words = this.args.join(' ')
    const { topic } = this.opts<{ topic?: string | readonly string[] }>()
    const flags = typeof topic === 'string' ? ['-t', topic, '-m', words] : ['-t', words]
    return new CommandError(ExitCode.Failed, `'${words}' stands behind no flag`, [commandLine([this.name(), ...flags])])
  }

  override parseOptions(args: string[]): ParseOptionsResult {
    const words = this.#inOurWords(args)
    const path = this.#valueAfter(words, ['-o', '--options-file'])
    const saved = this.#valueAfter(words, ['--load-options'])
    const loaded = saved === undefined ? [] : this.#inOurWords(loadedWords(saved, this))
    const { rest, groups } = this.#withoutProperties([...readOptionsFile(path, this.#tool), ...loaded, ...words])
    this.#properties = groups
    try {
      if (groups.length > 0) this.setOptionValueWithSource('property', parseProperties(groups), 'cli')
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error
      this.error(`error: option '-D, --property' is invalid. ${error.message}`)
    }
    return super.parseOptions(rest)
  }

  async #save(): Promise<void> {
    const { saveOptions: path, saveSecrets = false } = this.opts<ClientFlags>()
    if (path === undefined) return
    const isLeftOut = await saveOptions(path, this, this.#properties, saveSecrets)
    const secrets = isLeftOut ? ', without secrets: --save-secrets keeps them, too' : ''
    process.stderr.write(`options saved in ${path}${secrets}\n`)
  }

  /** Whether the word after this one is its value. */
  #hasValue(word: string): boolean {
    return this.options.some(option => option.required && (option.short === word || option.long === word))
  }

  #valueAfter(words: readonly string[], flags: readonly string[]): string | undefined {
    for (let index = 0; index < words.length; index++) {
      const [, flag, joined] = /^(--[^=]+)=(.*)$/s.exec(words[index]!) ?? []
      if (flag !== undefined && flags.includes(flag)) return joined
      if (flags.includes(words[index]!)) return words[index + 1]
      if (this.#hasValue(words[index]!)) index++
    }
    return undefined
  }

  /** What stands behind a flag is left as it is, whatever it looks like. */
  #inOurWords(args: readonly string[]): string[] {
    const words: string[] = []
    for (let index = 0; index < args.length; index++) {
      const word = args[index]!
      const [, flag = word, joined] = /^(--[^=]+)=(.*)$/s.exec(word) ?? []
      const found = isProperty(word) ? undefined : fromMqttx(flag, joined ?? args[index + 1], this.name())
      const own = found?.words ?? [word]
      words.push(...own)
      if (found && joined !== undefined) words.push(...(found.count === 1 ? [joined] : []))
      else {
        const after = found?.count === 2 ? 0 : this.#wordsAfter(own.at(-1)!, args.slice(index + 1))
        words.push(...args.slice(index + 1, index + 1 + after))
        index += found?.count === 2 ? 1 : after
      }
    }
    return words
  }

  /** How many of the words that follow belong to a flag. */
  #wordsAfter(flag: string, following: readonly string[]): number {
    if (isProperty(flag)) return propertyWordCount(following)
    return this.#hasValue(flag) ? 1 : 0
  }

  #withoutProperties(words: readonly string[]): { rest: string[]; groups: string[][] } {
    const rest: string[] = []
    const groups: string[][] = []
    for (let index = 0; index < words.length; index++) {
      const word = words[index]!
      if (isProperty(word)) {
        const count = propertyWordCount(words.slice(index + 1))
        groups.push(words.slice(index + 1, index + 1 + count))
        index += count
      } else {
        rest.push(word)
        if (this.#hasValue(word) && index + 1 < words.length) rest.push(words[++index]!)
      }
    }
    return { rest, groups }
  }
}

function isProperty(word: string): boolean {
  return word === '-D' || word === '--property'
}
