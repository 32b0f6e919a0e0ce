import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BrokerName, brokerVersion } from './brokers.ts'
import { type Cores, findCores } from './cores.ts'
import { type Options, parseOptions, UsageError, usage } from './options.ts'
import { currentCommit, describeMachine, type Results, type ScenarioResult } from './results.ts'
import { killChildren, runScenario } from './suite.ts'
import { textTable } from './text-table.ts'

/** `npm run bench`: scenarios against brokers, a table, a file of results, and a failure if a message went wrong. */
async function main(): Promise<void> {
  const asked = parseOptions(process.argv.slice(2))
  if (asked === undefined) {
    process.stdout.write(usage)
    return
  }
  const versions = versionsOf(asked.brokers)
  const options = { ...asked, brokers: asked.brokers.filter(name => versions[name] !== undefined) }
  if (options.profileFolder !== undefined) mkdirSync(options.profileFolder, { recursive: true })
  const cores = findCores()
  if (cores.unpinnedBecause !== undefined) say(`not pinned: ${cores.unpinnedBecause}; the two sides disturb each other`)

  const scenarios = await runAll(options, cores)

  const results = resultsOf(scenarios, options, cores, versions)
  process.stdout.write(`\n${textTable(results)}\n`)
  say(`results are in ${save(results, options.jsonPath)}`)
  process.exitCode = reportFailures(scenarios)
}

/** Brokers that are not installed are left out, aloud. */
function versionsOf(brokers: readonly BrokerName[]): Partial<Record<BrokerName, string>> {
  const versions: Partial<Record<BrokerName, string>> = {}
  for (const name of brokers) {
    const version = brokerVersion(name)
    if (version === undefined) say(`${name} is not installed: SKIPPED`)
    else versions[name] = version
  }
  return versions
}

async function runAll(options: Options, cores: Cores): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = []
  for (const scenario of options.scenarios) {
    const turn = `[${results.length + 1}/${options.scenarios.length}]`
    results.push(await runScenario(scenario, options, cores, line => say(`${turn} ${line}`)))
  }
  return results
}

function resultsOf(
  scenarios: readonly ScenarioResult[],
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
function reportFailures(scenarios: readonly ScenarioResult[]): number {
  const failures = scenarios.flatMap(({ scenario, brokers }) =>
    Object.entries(brokers).flatMap(([name, { failure }]) =>
      failure === undefined ? [] : [`${scenario.name}, ${name}: ${failure}`],
    ),
  )
  for (const failure of failures) say(`FAILED ${failure}`)
  return failures.length === 0 ? 0 : 1
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

process.on('exit', killChildren)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

main().catch((error: Error) => {
  if (!(error instanceof UsageError)) throw error
  say(`${error.message}\n\n${usage}`)
  process.exitCode = 2
})
