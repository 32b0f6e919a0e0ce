import { parseArgs } from 'node:util'
import { type BrokerName, brokerNames } from './brokers.ts'

export const usage = `Usage: npm run crash -- [options]

Kills a broker in the middle of traffic, again and again, and finds out what became of what it acknowledged.

  --kills N         default 500
  --seed N          decides the traffic and the moments; default: chosen and printed
  --broker NAMES    of ${brokerNames.join(',')}, or all; default curlew
  --json FILE       where the results go; default: bench/results/local/crash-<date>.json
  --document        also writes docs/reliability.md
  --from FILES      runs nothing: takes the results from there; several files, separated by commas, make one table
  --connections     cuts all connections instead of killing the broker, to try the harness itself
  --trace CLIENT    writes the packets of one client to standard error, such as publisher-a or steady-b
  --keep            leaves the folder of the broker behind
  --help
`

export interface Options {
  readonly kills: number
  readonly seed: number
  readonly brokers: readonly BrokerName[]
  readonly jsonPath: string | undefined
  readonly writesDocument: boolean
  /** Where results are taken from, instead of running anything; none: it runs. */
  readonly resultsPaths: readonly string[]
  readonly target: 'broker' | 'connections'
  readonly keepsFolder: boolean
  readonly tracedClientId: string | undefined
  /** The arguments as they were given, for the record. */
  readonly args: readonly string[]
}

/** The command line is not what {@link usage} says. */
export class UsageError extends Error {}

/** @returns `undefined` when help is asked for. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = valuesOf(args)
  if (values.help) return undefined
  return {
    kills: wholeNumber('kills', values.kills, 500),
    seed: wholeNumber('seed', values.seed, Math.floor(Math.random() * 2 ** 31)),
    brokers: brokersIn(values.broker ?? 'curlew'),
    jsonPath: values.json,
    writesDocument: values.document ?? false,
    resultsPaths: values.from?.split(',') ?? [],
    target: values.connections ? 'connections' : 'broker',
    keepsFolder: values.keep ?? false,
    tracedClientId: values.trace,
    args,
  }
}

function valuesOf(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const texts = { kills: text, seed: text, broker: text, json: text, from: text, trace: text }
  try {
    return parseArgs({
      args: [...args],
      options: { ...texts, document: flag, keep: flag, connections: flag, help: flag },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

function brokersIn(text: string): readonly BrokerName[] {
  if (text === 'all') return brokerNames
  return text.split(',').map(word => {
    const name = brokerNames.find(known => known === word.trim())
    if (name === undefined) throw new UsageError(`unknown broker ${word}`)
    return name
  })
}

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text)
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${name} must be a whole number above 0`)
  return value
}
