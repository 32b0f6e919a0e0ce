import {
  DiskStore,
  type LevelSnapshot,
  type Log,
  nodeRuntime,
  StateExport,
  StateFault,
  type StateSelection,
  stateSelectionOf,
  stillRuntime,
} from '@curlew/broker'
import { CommandError, ExitCode } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import { type DataFlags, readDataFolder } from '../settings.ts'
import { stateSummary } from '../state-summary.ts'
import { withSnapshot } from '../stored-state.ts'
import { writeTexts } from '../text-output.ts'

/** The flags of `curlew export`. */
export interface ExportFlags extends DataFlags {
  readonly output: string
  readonly sessions?: readonly string[]
  readonly retained?: readonly string[]
  readonly only?: 'sessions' | 'retained'
}

/**
 * `curlew export`: writes what a store holds as lines of JSON.
 *
 * @throws {CommandError} when it cannot, or when part of the store is damaged: then after all that can be read has been written
 */
export async function exportState(flags: ExportFlags): Promise<void> {
  const selection = selectionOf(flags)
  const dataFolder = readDataFolder(flags)
  const { output } = flags
  const { summary, damages } = await withSnapshot(dataFolder, snapshot => exported(snapshot, selection, output))
  const stream = output === '-' ? process.stderr : process.stdout
  stream.write(`exported ${summary}${output === '-' ? '' : ` to ${output}`}\n`)
  if (damages.length === 0) return
  const lines = ['part of the store is damaged: the export is without it', ...damages]
  throw new CommandError(ExitCode.Failed, lines.join('\n'), [commandLine(['store', 'check', '--data', dataFolder])])
}

/** Who names Sessions wants no retained messages, and the other way round; who names both wants both. */
function selectionOf({ sessions, retained, only }: ExportFlags): StateSelection {
  const named =
    only === 'sessions' ? retained && '--retained' : only === 'retained' ? sessions && '--sessions' : undefined
  if (named !== undefined) throw new CommandError(ExitCode.Usage, `${named} and --only ${only} leave nothing to export`)
  const [wantsSessions, wantsRetained] = [only === 'sessions' || sessions, only === 'retained' || retained]
  try {
    return stateSelectionOf({
      sessions: wantsRetained && !wantsSessions ? [] : sessions,
      retained: wantsSessions && !wantsRetained ? [] : retained,
    })
  } catch (error) {
    if (!(error instanceof StateFault)) throw error
    throw new CommandError(ExitCode.Usage, `--retained: ${error.message}`, [], { cause: error })
  }
}

async function exported(
  snapshot: LevelSnapshot,
  selection: StateSelection,
  output: string,
): Promise<{ readonly summary: string; readonly damages: readonly string[] }> {
  const runtime = stillRuntime(nodeRuntime)
  const damages: string[] = []
  const log: Log = {
    info() {},
    warn() {},
    error: (event, fields) => damages.push(`${event} ${JSON.stringify(fields)}`),
  }
  // It is never closed, which would only write to the snapshot.
  const store = new DiskStore({ engine: snapshot.engine, runtime, log, durability: 'interval' })
  const state = new StateExport(store, runtime, selection)
  await writeTexts(output, state.lines())
  return { summary: stateSummary(state.counts), damages: [...(await snapshot.damages()), ...damages] }
}
