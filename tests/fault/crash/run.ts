import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brokerKinds, killBrokers, root } from './brokers.ts'
import { type CrashResult, runCrashes } from './crash-run.ts'
import { type Options, parseOptions, UsageError, usage } from './options.ts'
import { reliabilityDocument } from './reliability-document.ts'
import { type CrashReport, describeMachine, describeResult, faultsOf, resultTable } from './report.ts'

/** `npm run crash`: kills, a table, a file of results, and a failure if ours broke a promise. */
async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(usage)
    return
  }
  const hasRun = options.resultsPaths.length === 0
  const report = hasRun ? await runAll(options) : joined(options.resultsPaths.map(readReport))
  process.stdout.write(`\n${resultTable(report.results)}\n`)
  if (hasRun) say(`results are in ${save(report, options.jsonPath)}`)
  if (options.writesDocument) {
    writeFileSync(join(root, 'docs/reliability.md'), reliabilityDocument(report))
    say('docs/reliability.md is written')
  }
  const isBroken = report.results.some(result => result.broker === 'curlew' && faultsOf(result).length > 0)
  process.exitCode = isBroken ? 1 : 0
}

async function runAll({
  brokers,
  kills,
  seed,
  target,
  keepsFolder,
  tracedClientId,
  args,
}: Options): Promise<CrashReport> {
  const results: CrashResult[] = []
  for (const name of brokers) {
    const kind = brokerKinds[name]
    if (kind.version() === undefined) {
      say(`SKIPPED: ${name} is not installed`)
      continue
    }
    say(`${name}: seed ${seed}`)
    const onKill = (count: number): void => {
      if (count % 50 === 0) say(`${name}: ${count} kills`)
    }
    const result = await runCrashes({ kind, kills, seed, onKill, target, keepsFolder, tracedClientId })
    results.push(result)
    say(describeResult(result))
  }
  const command = ['npm run crash', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')
  return { date: new Date().toISOString(), command, machine: describeMachine(), results }
}

function readReport(path: string): CrashReport {
  return JSON.parse(readFileSync(path, 'utf8')) as CrashReport
}

/** Runs of one machine after each other, as one. */
function joined(reports: readonly CrashReport[]): CrashReport {
  const { date, machine } = reports[0]!
  const command = reports.map(report => report.command).join('`, `')
  return { date, machine, command, results: reports.flatMap(({ results }) => results) }
}

function save(report: CrashReport, jsonPath: string | undefined): string {
  const name = `crash-${report.date.slice(0, 16).replace(':', '')}.json`
  const path = jsonPath ?? join(root, 'bench/results/local', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(report, undefined, 1)}\n`)
  return path
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

process.on('exit', killBrokers)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

main().catch((error: Error) => {
  if (!(error instanceof UsageError)) throw error
  say(`${error.message}\n\n${usage}`)
  process.exitCode = 2
})
