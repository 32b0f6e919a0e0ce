import { CommandError } from '../command-error.ts'
import type { ClientFlags } from './client-flags.ts'
import { StateLine } from './state-line.ts'

/**
 * Runs one of the tools. With `--quiet`, what goes wrong is told by the exit code alone.
 *
 * @param tool is given the state line
 * @throws {CommandError} what the tool throws
 */
export async function runTool(flags: ClientFlags, tool: (state: StateLine) => Promise<void>): Promise<void> {
  const state = new StateLine(process.stderr, flags.debug === true)
  const interrupted = (): void => {
    state.end()
    // Where the tool does not see to it, the signal ends the process as it always does.
    if (process.listenerCount('SIGINT') === 0) process.kill(process.pid, 'SIGINT')
  }
  process.once('SIGINT', interrupted)
  try {
    await tool(state)
  } catch (error) {
    if (!(error instanceof CommandError) || !flags.quiet) throw error
    process.exitCode = error.exitCode
  } finally {
    process.off('SIGINT', interrupted)
    state.end()
  }
}
