import { checkStore, type LevelSnapshot, nodeRuntime, type StoreFault, type StoreReport } from '@curlew/broker'
import { CommandError, ExitCode } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import { type Style, styleOf, table } from '../output.ts'
import { type DataFlags, readDataFolder } from '../settings.ts'
import { counted } from '../state-summary.ts'
import { storeFolderOf, withSnapshot } from '../stored-state.ts'

/** The flags of `curlew store check`. */
export interface StoreCheckFlags extends DataFlags {
  readonly json?: true
}

/**
 * `curlew store check`: looks at everything in a store, and shows what it holds and what is wrong.
 *
 * @throws {CommandError} when there are faults, or the store cannot be read
 */
export async function storeCheck(flags: StoreCheckFlags): Promise<void> {
  const dataFolder = readDataFolder(flags)
  const folder = storeFolderOf(dataFolder)
  const report = await withSnapshot(dataFolder, checked)
  const text = flags.json ? `${JSON.stringify({ folder, ...report })}\n` : page(folder, report, styleOf(process.stdout))
  await new Promise(resolve => process.stdout.write(text, resolve))
  if (report.faultCount === 0) return
  throw new CommandError(ExitCode.Failed, `the store has ${counted(report.faultCount, 'fault')}`, [
    `${commandLine(['export', '--data', dataFolder, '--output', 'state.jsonl'])}   # saves what can be read`,
    `${commandLine(['start', '--data', dataFolder])}   # goes on without what is damaged, which is kept beside the store`,
  ])
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
