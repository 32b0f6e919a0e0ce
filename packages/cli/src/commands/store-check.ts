import {
  checkStore,
  type LevelSnapshot,
  nodeRuntime,
  type RepairStep,
  repairLevelStore,
  type StoreFault,
  type StoreReport,
} from '@curlew/broker'
import { CommandError, ExitCode } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import { type Style, styleOf, table } from '../output.ts'
import { type DataFlags, readDataFolder } from '../settings.ts'
import { counted } from '../state-summary.ts'
import { stderrLog, storeFault, storeFolderOf, withSnapshot } from '../stored-state.ts'

/** The flags of `curlew store check`. */
export interface StoreCheckFlags extends DataFlags {
  readonly json?: true
  readonly repair?: true
}

/**
 * `curlew store check`: looks at everything in a store, and shows what it holds and what is wrong; with `--repair` it mends first what
 * it can.
 *
 * @throws {CommandError} when there are faults that stay, or the store cannot be read or written
 */
export async function storeCheck(flags: StoreCheckFlags): Promise<void> {
  const dataFolder = readDataFolder(flags)
  const folder = storeFolderOf(dataFolder)
  const before = await withSnapshot(dataFolder, checked)
  const { steps, report } =
    flags.repair && before.faultCount > 0 ? await repaired(dataFolder) : { steps: [], report: before }
  const done = flags.repair ? { steps } : {}
  const style = styleOf(process.stdout)
  const text = flags.json
    ? `${JSON.stringify({ folder, ...done, ...report })}\n`
    : `${stepLines(steps, style)}${page(folder, report, style)}`
  await new Promise(resolve => process.stdout.write(text, resolve))
  if (report.faultCount === 0) return
  throw new CommandError(ExitCode.Failed, `the store has ${counted(report.faultCount, 'fault')}`, [
    `${commandLine(['export', '--data', dataFolder, '--output', 'state.jsonl'])}   # saves what can be read`,
    flags.repair
      ? `${commandLine(['start', '--data', dataFolder])}   # goes on without what is damaged, which is kept beside the store`
      : `${commandLine(['store', 'check', '--repair', '--data', dataFolder])}   # mends it; what is taken out is kept beside the store`,
  ])
}

async function repaired(dataFolder: string): ReturnType<typeof repairLevelStore> {
  try {
    return await repairLevelStore({ folder: storeFolderOf(dataFolder), log: stderrLog })
  } catch (error) {
    throw storeFault(error, dataFolder)
  }
}

function stepLines(steps: readonly RepairStep[], style: Style): string {
  return steps.map(({ place, action }) => `${style.warning('mended')}  ${place}: ${action}\n`).join('')
}

async function checked(snapshot: LevelSnapshot): Promise<StoreReport> {
  await snapshot.engine.open()
  const report = await checkStore(snapshot.engine, nodeRuntime)
  const damages = (await snapshot.damages()).map(
    (problem): StoreFault => ({ place: 'the files of the store', problem }),
  )
  return { ...report, faults: [...damages, ...report.faults], faultCount: damages.length + report.faultCount }
}

function page(folder: string, report: StoreReport, style: Style): string {
  const { format, counts, rowCount, faults, faultCount } = report
  const known = counts && [
    ['Sessions', counts.sessions],
    ['Subscriptions', counts.subscriptions],
    ['queued', counts.queued],
    ['incoming', counts.incoming],
    ['retained', counts.retained],
    ['envelopes', counts.envelopes],
  ]
  const rows = [
    ['store', folder],
    ['format', format ?? 'unknown'],
    ['rows', rowCount],
    ...(known ?? []),
    ['faults', faultCount],
  ].map(([name, value]) => [String(name), String(value)] as const)
  const lines = faults.map(({ place, problem }) => `${style.warning('fault')}  ${place}: ${problem}\n`)
  const rest = faultCount - faults.length
  return [table(rows, style), ...lines, rest > 0 ? `and ${counted(rest, 'more fault')}\n` : ''].join('')
}
