import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brokerNames, type Program, programOf } from './brokers/broker-names.ts'
import { programVersion } from './brokers/brokers.ts'
import { type Cores, findCores } from './brokers/cores.ts'
import { killRunning } from './brokers/running.ts'
import { type Options, parseOptions, UsageError, usage } from './options.ts'
import { compare, comparisonTable } from './report/comparison.ts'
import { soakReport } from './report/soak-report.ts'
import { aligned, textTable } from './report/text-table.ts'
import {
  currentCommit,
  describeMachine,
  type Results,
  readResults,
  type ScenarioResult,
  type TrialResult,
} from './results.ts'
import { soak } from './soak.ts'
import { runScenario } from './suite.ts'
import { runTrial } from './trials/trial-suite.ts'

type Measured = Pick<Results, 'scenarios' | 'trials'>

/** `npm run bench`: scenarios against brokers, a table, a file of results, and a failure if a message went wrong. */
async function main(): Promise<void> {
  const asked = parseOptions(process.argv.slice(2))
  if (typeof asked === 'string') {
    process.stdout.write(asked)
    return
  }
  const earlier = asked.comparePath === undefined ? undefined : earlierResults(asked.comparePath)
  const versions = versionsOf(asked)
  const absent = new Set(brokerNames.filter(name => versions[programOf(name)] === undefined))
  const options = { ...asked, absent }
  if (options.profileFolder !== undefined) mkdirSync(options.profileFolder, { recursive: true })
  const cores = findCores()
  if (cores.unpinnedBecause !== undefined) say(`not pinned: ${cores.unpinnedBecause}; the two sides disturb each other`)

  if (options.soakMs !== undefined) return runSoak({ ...options, soakMs: options.soakMs }, cores)

  const measured = await runAll(options, cores)

  const results = resultsOf(measured, options, cores, versions)
  process.stdout.write(`\n${textTable(results)}\n`)
  if (earlier !== undefined)
    process.stdout.write(`\n${aligned(comparisonTable(compare(results, earlier)), 2).join('\n')}\n`)
  say(`results are in ${save(results, options.jsonPath)}`)
  process.exitCode = reportFailures(measured)
}

/** Read before anything is measured, so that a wrong name does not cost the run. @throws {UsageError} */
function earlierResults(path: string): Results {
  try {
    return readResults(path)
  } catch (error) {
    throw new UsageError(`--compare: ${path} has no results: ${(error as Error).message}`, { cause: error })
  }
}

/** Programs that are not installed are left out, aloud. */
function versionsOf({ scenarios, trials, brokers }: Options): Partial<Record<Program, string>> {
  const names = brokers ?? [...scenarios, ...trials].flatMap(entry => entry.brokers)
  const versions: Partial<Record<Program, string>> = {}
  for (const program of new Set(names.map(programOf))) {
    const version = programVersion(program)
    if (version === undefined) say(`${program} is not installed: SKIPPED`)
    else versions[program] = version
  }
  return versions
}

/** Its verdict is the exit code too. */
async function runSoak(options: Options & { readonly soakMs: number }, cores: Cores): Promise<void> {
  const [scenario] = options.scenarios
  const samples = await soak(scenario!, options, cores, say)
  const { rows, verdict, isSteady } = soakReport(samples)
  process.stdout.write(`\n${aligned(rows, 1).join('\n')}\n${verdict}\n`)
  if (options.jsonPath !== undefined) writeFileSync(options.jsonPath, `${JSON.stringify(samples, undefined, 1)}\n`)
  process.exitCode = isSteady ? 0 : 1
}

async function runAll(options: Options, cores: Cores): Promise<Measured> {
  const [scenarios, trials]: [ScenarioResult[], TrialResult[]] = [[], []]
  const count = options.scenarios.length + options.trials.length
  const report = (line: string): void => say(`[${scenarios.length + trials.length + 1}/${count}] ${line}`)
  for (const scenario of options.scenarios) scenarios.push(await runScenario(scenario, options, cores, report))
  for (const trial of options.trials) trials.push(await runTrial(trial, options, cores, report))
  return { scenarios, trials }
}

function resultsOf(
  { scenarios, trials }: Measured,
  options: Options,
  { broker, generator, unpinnedBecause }: Cores,
  versions: Results['versions'],
): Results {
  const pinning = unpinnedBecause ?? `broker on core ${broker}, load generator on core ${generator}`
  return {
    date: new Date().toISOString(),
    commit: currentCommit(),
    command: ['npm run bench', ...(options.args.length > 0 ? ['--', ...options.args] : [])].join(' '),
    machine: describeMachine(pinning),
    versions,
    warmUpSeconds: options.warmUpSeconds,
    measuredSeconds: options.measuredSeconds,
    scenarios,
    trials,
  }
}

function save(results: Results, jsonPath: string | undefined): string {
  const name = `${results.date.slice(0, 10)}-${results.commit}.json`
  const path = jsonPath ?? join(import.meta.dirname, '../../results/local', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`)
  return path
}

/** @returns the exit code */
function reportFailures({ scenarios, trials }: Measured): number {
  const named = [...scenarios.map(({ scenario, brokers }) => ({ name: scenario.name, brokers })), ...trials]
  const failures = named.flatMap(({ name, brokers }) =>
    Object.entries(brokers).flatMap(([broker, { failure }]) =>
      failure === undefined ? [] : [`${name}, ${broker}: ${failure}`],
    ),
  )
  for (const failure of failures) say(`FAILED ${failure}`)
  return failures.length === 0 ? 0 : 1
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

process.on('exit', killRunning)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

main().catch((error: Error) => {
  if (!(error instanceof UsageError)) throw error
  say(`${error.message}\n\n${usage}`)
  process.exitCode = 2
})
