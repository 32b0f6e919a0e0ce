import { parseArgs } from 'node:util'
import { describeOptions, optionsOf, type StoreKind, stores, without } from './options.ts'
import { plantedBugs } from './planted-bugs.ts'
import { replayCommand, shrink } from './shrink.ts'
import { type SimulationResult, type SimulationSettings, simulate } from './simulation.ts'

const usage = `npm run simulate -- [options]

  --seeds N       how many seeds; default 500
  --from S        the first seed; default 1
  --seed S        this one alone, with its options
  --verbose       with --seed: everything that happens
  --off a,b       without these faults and kinds of clients
  --store NAME    disk, journal or memory for all seeds; default: as the seed says
  --bug NAME      with a known bug put in: ${Object.keys(plantedBugs).join(', ')}
  --twice         each seed twice, which must not differ
`

const PROGRESS_MS = 10_000

const flags = {
  seeds: { type: 'string', default: '500' },
  from: { type: 'string', default: '1' },
  seed: { type: 'string' },
  verbose: { type: 'boolean', default: false },
  off: { type: 'string', default: '' },
  store: { type: 'string' },
  bug: { type: 'string' },
  twice: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof parseArgs<{ options: typeof flags }>>['values']

/** `npm run simulate`: many seeds in a row, and for each failure the smallest form of it and the command that shows it again. */
async function main(): Promise<void> {
  const given = parseArgs({ options: flags }).values
  if (given.help) return say(usage)
  const settings: SimulationSettings = given.bug === undefined ? {} : { change: bugOf(given.bug) }
  if (given.seed !== undefined) return showOne(Number(given.seed), given, settings)
  const failures = await runMany(given, settings)
  process.exitCode = failures.length > 0 ? 1 : 0
}

async function showOne(seed: number, given: Flags, settings: SimulationSettings): Promise<void> {
  const options = without(optionsOf(seed, storeOf(given)), given.off.split(','))
  say(describeOptions(options))
  const result = await simulate(options, given.verbose ? { ...settings, print: say } : settings)
  const { events, virtualMs, published, received, hash } = result
  say(`${events} events, ${virtualMs} ms, ${published} published, ${received} received, trace ${hash}`)
  say(result.violation === undefined ? 'all promises kept' : `BROKEN: ${result.violation.message}`)
  if (result.violation !== undefined) process.exitCode = 1
}

async function runMany(given: Flags, settings: SimulationSettings): Promise<SimulationResult[]> {
  const [count, from] = [Number(given.seeds), Number(given.from)]
  const failures: SimulationResult[] = []
  const totals = { events: 0, published: 0, received: 0 }
  let spentMs = 0
  let shownMs = performance.now()
  for (let seed = from; seed < from + count; seed++) {
    const startMs = performance.now()
    const result = await runOne(seed, given, settings)
    spentMs += performance.now() - startMs
    totals.events += result.events
    totals.published += result.published
    totals.received += result.received
    if (result.violation !== undefined) {
      // One of a kind is shrunk; more would rarely tell more.
      const isKnown = failures.some(({ violation }) => violation!.promise === result.violation!.promise)
      failures.push(result)
      await report(result, given, settings, !isKnown)
    }
    if (performance.now() - shownMs < PROGRESS_MS) continue
    shownMs = performance.now()
    say(`… seed ${seed}, ${failures.length} failed`)
  }
  const seconds = spentMs / 1000
  say(
    `${count} seeds from ${from}: ${count - failures.length} kept all promises, ${failures.length} did not; ` +
      `${seconds.toFixed(1)} s, ${(count / seconds).toFixed(1)} seeds/s, ${Math.round(totals.events / seconds)} events/s, ` +
      `${totals.published} messages published, ${totals.received} received`,
  )
  return failures
}

async function runOne(seed: number, given: Flags, settings: SimulationSettings): Promise<SimulationResult> {
  const options = without(optionsOf(seed, storeOf(given)), given.off.split(','))
  const result = await simulate(options, settings)
  if (!given.twice) return result
  const again = await simulate(options, settings)
  if (again.hash !== result.hash) throw new Error(`seed ${seed} is not deterministic: ${result.hash}, ${again.hash}`)
  return result
}

async function report(
  failure: SimulationResult,
  given: Flags,
  settings: SimulationSettings,
  isShrunk: boolean,
): Promise<void> {
  const { options, violation } = failure
  const more = [
    ...(given.store === undefined ? [] : ['--store', given.store]),
    ...(given.bug === undefined ? [] : ['--bug', given.bug]),
  ]
  say(`\nseed ${options.seed}: ${violation!.message}`)
  if (!isShrunk) return say(`  again: ${replayCommand(options, given.off === '' ? [] : [given.off], more)}`)
  const { result, off } = await shrink(failure, settings)
  say(`  the least that it takes: ${result.violation!.message}`)
  say(`  ${describeOptions(result.options)}`)
  say(`  again: ${replayCommand(options, [...given.off.split(',').filter(Boolean), ...off], more)}`)
}

function storeOf({ store }: Flags): StoreKind | undefined {
  if (store === undefined || stores.some(kind => kind === store)) return store as StoreKind | undefined
  throw new Error(`--store must be one of ${[...new Set(stores)].join(', ')}`)
}

function bugOf(name: string): NonNullable<SimulationSettings['change']> {
  const change = plantedBugs[name]
  if (change === undefined) throw new Error(`--bug must be one of ${Object.keys(plantedBugs).join(', ')}`)
  return change
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

await main()
