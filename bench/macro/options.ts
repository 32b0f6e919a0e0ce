import { parseArgs } from 'node:util'
import { type BrokerName, brokerNames } from './brokers/broker-names.ts'
import { chosen, type Scenario, scenarios } from './scenarios.ts'
import { trials } from './trials/all-trials.ts'
import type { Trial } from './trials/trial.ts'

/** What is soaked when nobody says what. */
const soakScenarioName = 'p2p 16 B QoS 1'

export const usage = `Usage: npm run bench -- [options]

Measures Curlew against Mosquitto and aedes on this machine, broker on one core and load generator on another.
Without options: a short suite, about two minutes.

  --all             every scenario and trial
  --only WORDS      those of a group, of a name or of a part of it, separated by commas. Groups:
                    p2p, p2p5 (MQTT 5.0), unbatched, device, fan-out, fan-in, shared, latency, tls, websocket, wildcards,
                    retained, connections, fairness, memory, durable (with a store)
  --list            names them all
  --brokers NAMES   of ${brokerNames.join(',')};
                    default: those that the scenario is about, as far as they are installed
  --seconds N       of each measurement; default 0.6
  --rounds N        measurements of each broker in each scenario, taken in turn; the median counts; default 3
  --warm-up N       seconds before the first; default 0.8
  --full            as for publication: 5 rounds of 3 seconds after a warm-up of 3 seconds
  --window N        messages of one publisher under way, in place of the scenario's own; even, or 1
  --json FILE       where the results go; default: bench/results/local/<date>-<commit>.json
  --compare FILE    the change since the run that left FILE, and whether it is more than noise
  --gc              garbage collection of brokers on Node: pauses, and garbage of each message
  --profile DIR     leaves a CPU profile of each Node broker and scenario there (slower); then
                    node bench/dist/macro/profile.js DIR makes flame graphs and tables of self time
  --soak TIME       one scenario (default: ${soakScenarioName}) against one broker for so long, such as 90s, 30m or 2h: is it steady?
  --help
`

export interface Options {
  readonly scenarios: readonly Scenario[]
  readonly trials: readonly Trial[]
  /** Those asked for; `undefined`: each scenario says. */
  readonly brokers: readonly BrokerName[] | undefined
  /** Not installed. */
  readonly absent: ReadonlySet<BrokerName>
  readonly measuredSeconds: number
  readonly roundCount: number
  readonly warmUpSeconds: number
  readonly jsonPath: string | undefined
  readonly profileFolder: string | undefined
  /** Results to compare with. */
  readonly comparePath: string | undefined
  /** Whether the garbage collection of brokers is measured. */
  readonly watchesGc: boolean
  /** How long to soak, in milliseconds; `undefined`: not at all. */
  readonly soakMs: number | undefined
  /** The arguments as they were given, for the record. */
  readonly args: readonly string[]
}

/** The command line is not what {@link usage} says. */
export class UsageError extends Error {}

/** @returns what to print and do nothing else: help, or a list. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | string {
  const values = valuesOf(args)
  if (values.help) return usage
  if (values.list)
    return `${[...scenarios, ...trials].map(({ group, name }) => `${group.padEnd(12)} ${name}`).join('\n')}\n`
  const isFull = values.full ?? false
  const words = listOf(values.only)
  const [wanted, wantedTrials] = wantedOf(values, words)
  if (wanted.length + wantedTrials.length === 0) throw new UsageError(`no scenario matches --only ${values.only}`)
  return {
    scenarios: values.window === undefined ? wanted : wanted.map(withWindow(wholeNumber('window', values.window))),
    trials: wantedTrials,
    absent: new Set(),
    brokers: brokersIn(listOf(values.brokers)),
    measuredSeconds: positive('seconds', values.seconds, isFull ? 3 : 0.6),
    roundCount: values.rounds === undefined ? (isFull ? 5 : 3) : wholeNumber('rounds', values.rounds),
    warmUpSeconds: positive('warm-up', values['warm-up'], isFull ? 3 : 0.8),
    jsonPath: values.json,
    profileFolder: values.profile,
    comparePath: values.compare,
    watchesGc: values.gc ?? false,
    soakMs: values.soak === undefined ? undefined : durationMs(values.soak),
    args,
  }
}

function wantedOf(
  { all, soak }: ReturnType<typeof valuesOf>,
  words: readonly string[],
): [readonly Scenario[], readonly Trial[]] {
  if (all && words.length > 0) throw new UsageError('--all and --only exclude each other')
  if (all && soak !== undefined) throw new UsageError('--soak takes one scenario, not --all')
  if (all) return [scenarios, trials]
  if (soak === undefined) return [chosen(scenarios, words), chosen(trials, words)]
  const wanted = chosen(scenarios, words.length === 0 ? [soakScenarioName] : words)
  if (wanted.length > 1)
    throw new UsageError(`--soak takes one scenario, not ${wanted.map(({ name }) => name).join(', ')}`)
  return [wanted, []]
}

/** @returns milliseconds of a time such as `90s`, `30m` or `2h` */
function durationMs(text: string): number {
  const [, digits, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? []
  const ms = Number(digits) * (unit === 's' ? 1_000 : unit === 'm' ? 60_000 : 3_600_000)
  if (!(ms > 0)) throw new UsageError('--soak must be a time such as 90s, 30m or 2h')
  return ms
}

function valuesOf(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    ...{
      only: text,
      brokers: text,
      seconds: text,
      rounds: text,
      'warm-up': text,
      window: text,
      json: text,
      profile: text,
      compare: text,
      soak: text,
    },
    ...{ full: flag, help: flag, all: flag, list: flag, gc: flag },
  }
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap(word => (word.trim() === '' ? [] : [word.trim()]))
}

/** The brokers to measure in a scenario. */
export function brokersOf(of: { readonly brokers: readonly BrokerName[] }, { brokers, absent }: Options): BrokerName[] {
  return (brokers ?? of.brokers).filter(name => !absent.has(name))
}

function brokersIn(names: readonly string[]): BrokerName[] | undefined {
  if (names.length === 0) return undefined
  const unknown = names.filter(name => !brokerNames.some(known => known === name))
  if (unknown.length > 0) throw new UsageError(`unknown broker ${unknown.join(', ')}`)
  return brokerNames.filter(name => names.includes(name))
}

function positive(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text)
  if (!(value > 0)) throw new UsageError(`--${name} must be a number above 0`)
  return value
}

function wholeNumber(name: string, text: string): number {
  const value = positive(name, text, 1)
  if (!Number.isInteger(value)) throw new UsageError(`--${name} must be a whole number`)
  return value
}

/** Keeps the rule that a batch is half the window, or all of it where each message has a write of its own. */
function withWindow(window: number): (scenario: Scenario) => Scenario {
  if (window > 1 && window % 2 === 1) throw new UsageError('--window must be even, or 1')
  return scenario => ({ ...scenario, window, batch: scenario.batch === 1 ? 1 : Math.max(1, window / 2) })
}
