import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import type { BrokerName, Program } from './brokers/broker-names.ts'
import { type GcPauses, LONGEST_PAUSES } from './brokers/gc-pauses.ts'
import type { Group } from './groups.ts'
import type { Faults } from './load/message-order.ts'
import type { Latency, Round } from './load/round.ts'
import type { Scenario } from './scenarios.ts'
import { median } from './statistics.ts'
import type { Aim, Figure } from './trials/trial.ts'

/** What a run leaves behind; the file in bench/results is this as JSON. */
export interface Results {
  /** ISO 8601, in UTC. */
  readonly date: string
  readonly commit: string
  readonly command: string
  readonly machine: Machine
  readonly versions: Partial<Record<Program, string>>
  readonly warmUpSeconds: number
  readonly measuredSeconds: number
  readonly scenarios: readonly ScenarioResult[]
  readonly trials: readonly TrialResult[]
}

export interface Machine {
  readonly cpu: string
  readonly coreCount: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  /** Which core each side had, or why they were not pinned. */
  readonly pinning: string
}

export interface ScenarioResult {
  readonly scenario: Scenario
  readonly brokers: Partial<Record<BrokerName, BrokerResult>>
}

export interface BrokerResult {
  readonly rounds: readonly Round[]
  readonly median: Round | undefined
  readonly faults: Faults
  /** Why there are fewer rounds than asked for. */
  readonly failure: string | undefined
}

export interface TrialResult {
  readonly name: string
  readonly group: Group
  readonly figures: readonly Figure[]
  readonly brokers: Partial<Record<BrokerName, TrialBrokerResult>>
}

export interface TrialBrokerResult {
  /** Values of the figures, by key. Not every broker has all of them. */
  readonly rounds: readonly Readonly<Record<string, number>>[]
  readonly median: Readonly<Record<string, number>>
  readonly failure: string | undefined
}

/** The median of each figure by itself. */
export function medianFigures(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const keys = new Set(rounds.flatMap(round => Object.keys(round)))
  const valuesOf = (key: string): number[] => rounds.flatMap(round => round[key] ?? [])
  return Object.fromEntries([...keys].map(key => [key, median(valuesOf(key))]))
}

/** The median of each quantity by itself: of rates, of percentiles, of shares. */
export function medianRound(rounds: readonly Round[]): Round | undefined {
  if (rounds.length === 0) return undefined
  const of = (quantity: (round: Round) => number): number => median(rounds.map(quantity))
  const acknowledgements = rounds.flatMap(({ acknowledgementUs }) => acknowledgementUs ?? [])
  const late = rounds.flatMap(({ lateUs }) => lateUs ?? [])
  const collections = rounds.flatMap(({ gc }) => gc ?? [])
  return {
    seconds: of(round => round.seconds),
    messageCount: of(round => round.messageCount),
    messagesPerSecond: of(round => round.messagesPerSecond),
    latencyUs: medianLatency(rounds.map(({ latencyUs }) => latencyUs)),
    acknowledgementUs: acknowledgements.length === 0 ? undefined : medianLatency(acknowledgements),
    lateUs: late.length === 0 ? undefined : medianLatency(late),
    gc: collections.length === 0 ? undefined : medianPauses(collections),
    generatorCpu: of(round => round.generatorCpu),
    brokerCpu: of(round => round.brokerCpu),
    brokerUsPerMessage: of(round => round.brokerUsPerMessage),
  }
}

/** But of the longest pauses, which are those of all rounds. */
function medianPauses(rounds: readonly GcPauses[]): GcPauses {
  const of = (name: Exclude<keyof GcPauses, 'longestMs'>): number => median(rounds.map(pauses => pauses[name]))
  const longestMs = rounds.flatMap(({ longestMs }) => longestMs).sort((a, b) => b - a)
  return {
    ...{ count: of('count'), totalMs: of('totalMs'), longestMs: longestMs.slice(0, LONGEST_PAUSES) },
    ...{ freedBytes: of('freedBytes'), bytesPerMessage: of('bytesPerMessage') },
  }
}

function medianLatency(latencies: readonly Latency[]): Latency {
  const of = (name: keyof Latency): number => median(latencies.map(latency => latency[name]))
  return { p50: of('p50'), p99: of('p99'), p999: of('p999'), max: of('max') }
}

/** How many times the rate of `of` is the rate of `to`; `undefined` when one of them was not measured. */
export function ratio({ brokers }: ScenarioResult, of: BrokerName, to: BrokerName): number | undefined {
  const [dividend, divisor] = [brokers[of]?.median?.messagesPerSecond, brokers[to]?.median?.messagesPerSecond]
  return dividend === undefined || !divisor ? undefined : dividend / divisor
}

/** Whether messages went wrong in a way that no QoS allows. QoS 1 may duplicate; nothing may lose or reorder. */
export function isFaulty(qos: number, { lost, duplicates, reordered, strays }: Faults): boolean {
  return lost + reordered + strays > 0 || (qos !== 1 && duplicates > 0)
}

/** Reads a file of results. Those of before there were trials have none; the first trials were durable ones, and their aims rates at least. */
export function readResults(path: string): Results {
  const results = JSON.parse(readFileSync(path, 'utf8')) as Omit<Results, 'trials'> & Partial<Results>
  const trials = (results.trials ?? []).map(trial => ({
    ...trial,
    group: trial.group ?? 'durable',
    figures: trial.figures.map(figure => ({ ...figure, aim: aimOf(figure.aim) })),
  }))
  return { ...results, trials }
}

/** Aims of files from before an aim could be anything but a rate at least. */
function aimOf(aim: Aim | number | undefined): Aim | undefined {
  return typeof aim === 'number' ? { atLeast: aim } : aim
}

export function describeMachine(pinning: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    coreCount: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${distribution()}, Linux ${release().split('-')[0]}`,
    node: process.version,
    pinning,
  }
}

/** The short hash of HEAD, with `-dirty` behind it when what was measured is not what is committed. */
export function currentCommit(): string {
  // Without optional locks `git status` only reads, so it disturbs nobody who works in the tree meanwhile.
  const options = { cwd: import.meta.dirname, env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' } }
  const git = (...args: string[]): string => spawnSync('git', args, options).stdout?.toString() ?? ''
  const hash = git('rev-parse', '--short', 'HEAD').trim()
  if (hash === '') return 'unknown'
  const isDirty = git('status', '--porcelain', '--', '../../../packages', '../../macro').trim() !== ''
  return isDirty ? `${hash}-dirty` : hash
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  } catch {
    return 'an unknown system'
  }
}
