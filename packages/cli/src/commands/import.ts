import {
  createLevelImport,
  InterruptedImportError,
  type LevelImport,
  nodeRuntime,
  type Runtime,
  StateFault,
  StateImport,
  StateReader,
  type Store,
  type StoredState,
  stillRuntime,
} from '@curlew/broker'
import { CommandError, ExitCode } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import { DataFolderError, prepareDataFolder } from '../data-folder.ts'
import { LineFile } from '../line-file.ts'
import { type DataFlags, readDataFolder } from '../settings.ts'
import { counted, stateSummary } from '../state-summary.ts'
import { stderrLog, storeFault, storeFolderOf } from '../stored-state.ts'

/** The flags of `curlew import`. */
export interface ImportFlags extends DataFlags {
  readonly replace?: true
}

/** Faults of a file that are shown at once. */
const FAULTS_SHOWN_MAX = 20
/** Names that are shown of what is there already. */
const NAMES_SHOWN_MAX = 3

/**
 * `curlew import`: reads into a store what `curlew export` has written. The file is read twice: the store is not touched before
 * all of it is known to be right.
 *
 * @param path `-` is standard input
 * @throws {CommandError} when it cannot
 */
export async function importState(path: string, flags: ImportFlags): Promise<void> {
  const dataFolder = readDataFolder(flags)
  const runtime = stillRuntime(nodeRuntime)
  const file = await LineFile.open(path, process.stdin).catch(error => unreadable(path, error))
  try {
    const wanted = await checked(file, path, runtime)
    const target = await preparedStore(dataFolder, runtime)
    const { store } = target
    try {
      const state = await store.load()
      if (flags.replace !== true) {
        const source = await target.interrupted()
        if (source !== undefined) throw new InterruptedImportError(source)
        await refuseConflicts(store, state, wanted, path)
      }
      await target.begin(path)
      const states = new StateImport(store, runtime, state)
      const reader = readerOf(runtime)
      for await (const line of file.lines()) await states.add(reader.read('text' in line ? line.text : line.fault))
      reader.finish()
      await states.finish()
      await target.end()
    } catch (error) {
      throw error instanceof StateFault ? changedMeanwhile(path, error) : storeFault(error, dataFolder)
    }
    process.stdout.write(`imported ${stateSummary(wanted.counts)} into ${dataFolder}\n`)
  } finally {
    await file.close()
  }
}

function readerOf(runtime: Runtime): StateReader {
  return new StateReader({ monotonicMs: runtime.monotonicMs(), wallClockMs: runtime.wallClockMs() })
}

/** Reads all lines. @throws {CommandError} with the faults that are in them */
async function checked(file: LineFile, path: string, runtime: Runtime): Promise<StateReader> {
  const reader = readerOf(runtime)
  const faults: string[] = []
  let faultCount = 0
  let number = 0
  const attempt = (action: () => void): void => {
    try {
      action()
    } catch (error) {
      if (!(error instanceof StateFault)) throw error
      faultCount++
      if (faults.length < FAULTS_SHOWN_MAX) faults.push(`${path}:${number}: ${error.message}`)
    }
  }
  for await (const line of linesOf(file, path)) {
    number = line.number
    attempt(() => {
      if ('fault' in line) throw new StateFault(line.fault)
      reader.read(line.text)
    })
  }
  number++
  attempt(() => reader.finish())
  if (faultCount === 0) return reader
  if (faultCount > faults.length) faults.push(`and ${counted(faultCount - faults.length, 'more fault')}`)
  throw new CommandError(ExitCode.Usage, [...faults, 'nothing was imported'].join('\n'))
}

async function* linesOf(file: LineFile, path: string): ReturnType<LineFile['lines']> {
  try {
    yield* file.lines()
  } catch (error) {
    unreadable(path, error)
  }
}

async function preparedStore(dataFolder: string, runtime: Runtime): Promise<LevelImport> {
  try {
    await prepareDataFolder(dataFolder)
  } catch (error) {
    if (!(error instanceof DataFolderError)) throw error
    throw new CommandError(ExitCode.Failed, error.message, [], { cause: error })
  }
  return createLevelImport({ folder: storeFolderOf(dataFolder), durability: 'always', log: stderrLog, runtime })
}

/** @throws {CommandError} when something would be replaced */
async function refuseConflicts(store: Store, state: StoredState, wanted: StateReader, path: string): Promise<void> {
  const sessions = state.sessions.map(({ clientId }) => clientId).filter(clientId => wanted.clientIds.has(clientId))
  const topics = state.retained.map(({ topic }) => topic).filter(topic => wanted.topics.has(topic))
  if (sessions.length + topics.length === 0) return
  await store.close()
  const lines = [
    ...(sessions.length === 0
      ? []
      : [`${counted(sessions.length, 'Session')} of the file are there already: ${shown(sessions)}`]),
    ...(topics.length === 0
      ? []
      : [`${counted(topics.length, 'retained message')} of the file are there already: ${shown(topics)}`]),
    'nothing was imported',
  ]
  const args = process.argv.slice(2)
  const again = `${commandLine(['import', '--replace', ...args.slice(1)])}   # what is there goes`
  throw new CommandError(ExitCode.Usage, lines.join('\n'), [path === '-' ? '--replace   # what is there goes' : again])
}

function shown(names: readonly string[]): string {
  const texts = names.slice(0, NAMES_SHOWN_MAX).map(name => JSON.stringify(name))
  return names.length > NAMES_SHOWN_MAX ? `${texts.join(', ')}, …` : texts.join(', ')
}

function changedMeanwhile(path: string, cause: StateFault): CommandError {
  const message = `${path} was changed while it was read: part of it may be imported`
  return new CommandError(ExitCode.Failed, message, ['import it again, with --replace'], { cause })
}

function unreadable(path: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EISDIR: 'it is a folder',
    EACCES: 'this user may not read it',
  }
  throw new CommandError(ExitCode.Usage, `cannot read ${path}: ${reasons[code ?? ''] ?? message}`, [], { cause: error })
}
