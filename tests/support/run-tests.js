// `npm test`: gets what the tests need, builds what they run, runs all of them, and ends with the totals.
//
//     npm test                           everything
//     npm test -- --project codec       what follows the dashes goes to vitest
//
// It is plain JavaScript with only Node's own modules, because it runs before anything is built. A peer that can not be had
// makes its tests skip themselves, aloud; where CI=true is set it makes the run fail, so that a broken machine is not
// mistaken for a passing one.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './command.js'
import { provideDebianPackages } from './debian-packages.js'
import { providePeerPackages } from './peer-packages.js'

process.chdir(join(import.meta.dirname, '../..'))

const durations = []

/** Does one phase under its heading and remembers how long it took. */
function phase(name, work) {
  console.log(`\n== ${name}`)
  const startMs = performance.now()
  const result = work()
  durations.push({ name, seconds: (performance.now() - startMs) / 1000 })
  return result
}

/** Tests that run the real binary run what is built, so a build that fails leaves nothing worth testing. */
function build() {
  return run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'packages/cli', 'packages/testing'])
}

/**
 * Runs vitest with `args` and returns its exit code and its report. Two workers on a small machine: a broker and the client
 * that times it then do not wait for a third. Larger machines keep one core free for the programs that tests start.
 */
function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'curlew-test-'))
  const reportPath = join(folder, 'report.json')
  const given = name => args.some(arg => arg === name || arg.startsWith(`${name}=`))
  const own = ['--reporter=json', `--outputFile.json=${reportPath}`]
  if (!given('--reporter')) own.push('--reporter=default')
  if (!given('--maxWorkers')) own.push(`--maxWorkers=${Math.max(2, availableParallelism() - 1)}`)
  try {
    const exitCode = run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...own, ...args])
    const report = existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, 'utf8')) : undefined
    return { exitCode, report }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What vitest counted. A file that could not be loaded ran no test, and counts as one that failed. */
function countsOf(report) {
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every(test => test.status !== 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** The closing lines; the very last one has the totals. */
function printTotals(exitCode, report) {
  if (!report) {
    console.log(`\nvitest ended with code ${exitCode} before it counted anything`)
    return
  }
  const { passed, failed, skipped } = countsOf(report)
  if (exitCode !== 0 && failed === 0) console.log('\nFailed outside of any test: the errors are above')
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
}

function printDurations() {
  console.log('\n== time')
  const totalSeconds = durations.reduce((sum, { seconds }) => sum + seconds, 0)
  for (const { name, seconds } of [...durations, { name: 'in all', seconds: totalSeconds }]) {
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`)
  }
}

function main() {
  const missing = [
    ...phase('programs from Debian', provideDebianPackages),
    ...phase('peers from npm', providePeerPackages),
  ]
  const buildCode = phase('build', build)
  if (buildCode !== 0) {
    printDurations()
    console.log('\nThe build failed, so no test was run.')
    return buildCode
  }
  const { exitCode, report } = phase('tests', () => runVitest(process.argv.slice(2)))
  printDurations()

  const isIncomplete = missing.length > 0 && process.env.CI === 'true'
  if (isIncomplete) console.log(`\nFailed: CI=true is set and these are missing: ${missing.join(', ')}`)
  printTotals(exitCode, report)
  return exitCode !== 0 ? exitCode : Number(isIncomplete)
}

process.exitCode = main()
