import { join } from 'node:path'
import {
  EngineError,
  InterruptedImportError,
  LevelSnapshot,
  type Log,
  NoStoreError,
  StoreFormatError,
} from '@curlew/broker'
import { CommandError, ExitCode } from './command-error.ts'
import { commandLine } from './command-line.ts'
import { removedOnSignal } from './removed-on-signal.ts'

/** Folder of the store in a data folder. */
export function storeFolderOf(dataFolder: string): string {
  return join(dataFolder, 'store')
}

/**
 * Works on a snapshot of the store in a data folder, which stays as it is, and removes the snapshot whatever happens.
 *
 * @throws {CommandError} when there is no store, or a broker has it open, or it cannot be read
 */
export async function withSnapshot<Result>(
  dataFolder: string,
  work: (snapshot: LevelSnapshot) => Promise<Result>,
): Promise<Result> {
  try {
    const snapshot = await LevelSnapshot.take(storeFolderOf(dataFolder))
    const forget = removedOnSignal(snapshot.folder)
    try {
      return await work(snapshot)
    } finally {
      await snapshot.remove()
      forget()
    }
  } catch (error) {
    throw storeFault(error, dataFolder)
  }
}

/** What to tell about a store that cannot be worked on. @returns the error itself when it is about something else */
export function storeFault(error: unknown, dataFolder: string): unknown {
  const cause = { cause: error }
  if (error instanceof NoStoreError) {
    const message = `there is no store in data folder ${dataFolder}: no broker has kept anything there`
    return new CommandError(
      ExitCode.Usage,
      message,
      ['--data <folder>, with the folder that the broker shows at start'],
      cause,
    )
  }
  if (error instanceof EngineError && error.fault === 'locked') {
    const again = `${commandLine(process.argv.slice(2))}   # once that is stopped, with Ctrl+C or \`kill\``
    const message = `data folder ${dataFolder} is in use by a broker or another curlew command: stop it first`
    return new CommandError(ExitCode.Failed, message, [again], cause)
  }
  if (error instanceof EngineError && error.fault === 'corrupt') {
    const message = `the store in ${dataFolder} is damaged: ${error.message}`
    const tries = [
      commandLine(['store', 'check', '--data', dataFolder]),
      `${commandLine(['start', '--data', dataFolder])}   # repairs what it can, and keeps what is damaged`,
    ]
    return new CommandError(ExitCode.Failed, message, tries, cause)
  }
  if (error instanceof InterruptedImportError) return interruptedImport(error, dataFolder)
  if (!(error instanceof EngineError || error instanceof StoreFormatError)) return error
  return new CommandError(ExitCode.Failed, `cannot use the store in ${dataFolder}: ${error.message}`, [], cause)
}

/** What to tell about a store in the middle of an import. */
export function interruptedImport(cause: InterruptedImportError, dataFolder: string): CommandError {
  const tries = [
    `${commandLine(['import', '--replace', cause.source, '--data', dataFolder])}   # imports all of it`,
    `${commandLine(['store', 'check', '--repair', '--data', dataFolder])}   # goes on with the part that is there`,
  ]
  return new CommandError(ExitCode.Failed, `${dataFolder}: ${cause.message}`, tries, { cause })
}

/** Says on standard error what an operator should know of. */
export const stderrLog: Log = {
  info() {},
  warn: (event, fields) => say(event, fields),
  error: (event, fields) => say(event, fields),
}

function say(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stderr.write(`curlew: ${event} ${JSON.stringify(fields)}\n`)
}
