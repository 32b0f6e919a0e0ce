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
  try {
    await tool(state)
  } catch (error) {
    if (!(error instanceof CommandError) || !flags.quiet) throw error
    process.exitCode = error.exitCode
  } finally {
    state.end()
  }
}
