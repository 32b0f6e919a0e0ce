import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultCapabilities, defaultLimits, defaultRoutingOptions, type Limits } from '@curlew/broker'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { parseConfig } from '../src/config-file.ts'
import { optionNames } from '../src/config-schema.ts'
import { readSettings } from '../src/settings.ts'
import { addStartFlags } from '../src/start-flags.ts'
import { temporaryFolder } from './temporary-folder.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const reference = readFileSync(join(root, 'docs/reference/configuration.md'), 'utf8')

/** The contents of all fenced blocks of a language. */
function blocksOf(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(match => match[1]!)
}

/** The cells of the rows whose first cell is code, below a heading. */
function rowsBelow(heading: string): string[][] {
  const section = reference.split(/^## /m).find(text => text.startsWith(`${heading}\n`))!
  const rows = section.split('\n').filter(line => line.startsWith('| `'))
  return rows.map(row =>
    row
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )
}

const codeIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(match => match[1]!)

for (const [name, text] of Object.entries({ 'README.md': readme, 'configuration.md': reference })) {
  test(`the configuration that ${name} shows is valid`, () => {
    const blocks = blocksOf(text, 'yaml')

    expect(blocks).toHaveLength(1)
    expect(parseConfig(blocks[0]!, name)).toHaveProperty('listeners')
  })
}

interface OptionRow {
  readonly name: string
  readonly values: string
  readonly defaultValue: string
}

const options: OptionRow[] = rowsBelow('Options').map(([name, values, defaultValue]) => ({
  name: codeIn(name!)[0]!,
  values: values!,
  defaultValue: defaultValue!,
}))

test('the reference has every option, and no other', () => {
  expect(options.map(({ name }) => name)).toEqual(optionNames)
})

test('the reference has every flag, and no other', () => {
  const flags = addStartFlags(new Command()).options.map(({ short, long }) => (short ? [short, long] : [long]))

  expect(rowsBelow('Flags').map(([cell]) => codeIn(cell!).map(flag => flag.split(' ')[0]))).toEqual(flags)
})

/** Whether a file in which nothing but this option is set is without faults. */
function accepts(name: string, value: string): boolean {
  const [section, key] = name.split(/\[?\]?\./)
  const protocol = key === 'protocol' ? '' : 'protocol: ws, '
  const texts: Record<string, string> = {
    listeners: `listeners: [{ ${protocol}${key}: ${value} }]`,
    data: `data: ${value}`,
    durability: `durability: ${value}`,
    queuePolicy: `queuePolicy: ${value}`,
  }
  try {
    parseConfig(texts[section!] ?? `${section}: { ${key}: ${value} }`, 'c.yaml')
    return true
  } catch {
    return false
  }
}

const ranges = options.flatMap(({ name, values }) => {
  const [, min, max = `${Number.MAX_SAFE_INTEGER}`] = /^(\d+) (?:to (\d+)|or more)$/.exec(values) ?? []
  return min === undefined ? [] : [{ name, min: BigInt(min), max: BigInt(max) }]
})
for (const { name, min, max } of ranges) {
  test(`${name} has the range that the reference says`, () => {
    const answers = [min - 1n, min, max, max + 1n].map(value => accepts(name, String(value)))

    expect(answers).toEqual([false, true, true, false])
  })
}

const choices = options.filter(({ values }) => /^`/.test(values))
for (const { name, values } of choices) {
  test(`${name} has the choices that the reference says`, () => {
    expect(codeIn(values).filter(value => !accepts(name, value))).toEqual([])
    expect(accepts(name, 'other')).toBe(false)
  })
}

test('every option has a range, choices, or is a text', () => {
  const texts = options.filter(option => ![...ranges, ...choices].some(({ name }) => name === option.name))

  expect(texts.map(({ name, values }) => [name, values])).toEqual([
    ['listeners[].host', 'host name or IP address'],
    ['listeners[].origins', 'list of origins'],
    ['data', 'path'],
    ['capabilities.responseInformation', 'text'],
  ])
})

test('the limits have the defaults that the reference says', () => {
  const limits = options.filter(({ name }) => name.startsWith('limits.'))
  const defaults = limits.map(({ name }) => `\`${defaultLimits[name.replace('limits.', '') as keyof Limits]}\``)

  expect(limits.map(({ defaultValue }) => defaultValue)).toEqual(defaults)
})

test('capabilities and routing have the defaults that the reference says', () => {
  const defaults = { capabilities: defaultCapabilities, routing: defaultRoutingOptions } as const
  const rows = options.filter(({ name }) => /^(capabilities|routing)\./.test(name))
  const expected = rows.map(({ name }) => {
    const [section, key] = name.split('.') as ['capabilities' | 'routing', string]
    const value = (defaults[section] as unknown as Record<string, unknown>)[key]
    return value === undefined ? 'none' : `\`${value}\``
  })

  expect(rows.map(({ defaultValue }) => defaultValue)).toEqual(expected)
})

test('the other options have the defaults that the reference says', () => {
  const folder = temporaryFolder({ 'empty.yaml': '' })
  const { listeners, dataFolder, logLevel, logFormat } = readSettings({ config: join(folder, 'empty.yaml'), ws: true })
  const { host, insecure } = listeners[0]!

  const others = options.filter(({ name }) => /^(listeners|data|log)/.test(name))
  expect(listeners.map(({ protocol, port }) => [protocol, port])).toEqual([
    ['mqtt', 1883],
    ['ws', 8083],
  ])
  expect(dataFolder).toBe(join(process.cwd(), 'data'))
  expect(logFormat).toBeUndefined()
  expect(others.map(({ defaultValue }) => defaultValue)).toEqual([
    'none',
    `\`${host}\``,
    '`1883` for mqtt, `8083` for ws',
    `\`${insecure}\``,
    'pages of this machine, for a listener on it; else all',
    '`data`',
    `\`${logLevel}\``,
    '`pretty` on a terminal, else `json`',
  ])
})
