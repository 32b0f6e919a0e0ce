import { CommandError, ExitCode } from '../command-error.ts'
import { ConfigFileError } from '../config-file.ts'
import { readSettings } from '../settings.ts'
import type { StartFlags } from '../start-flags.ts'

/**
 * `curlew check-config` and `curlew start --check-config`: says whether a broker could be started so, as far as that can
 * be told without starting one.
 *
 * @throws {CommandError} with one line for each fault
 */
export function checkConfig(flags: StartFlags): void {
  try {
    const { configFile, listeners } = readSettings(flags)
    const places = listeners.map(({ protocol, host, port }) => `${protocol} on ${host} port ${port}`)
    process.stdout.write(`${configFile ?? 'the configuration'} is valid: ${places.join(', ')}\n`)
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error
    throw new CommandError(ExitCode.Usage, error.faults.join('\n'), [], { cause: error })
  }
}
