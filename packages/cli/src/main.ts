import { Command, CommanderError } from 'commander'
import { addClientCommands } from './client-commands.ts'
import { CommandError, ExitCode } from './command-error.ts'
import { commandLine } from './command-line.ts'
import type { ExportFlags } from './commands/export.ts'
import type { ImportFlags } from './commands/import.ts'
import type { StoreCheckFlags } from './commands/store-check.ts'
import { addDataFlags } from './data-flags.ts'
import { addExportFlags } from './export-flags.ts'
import { addStartFlags, type StartFlags } from './start-flags.ts'
import { version } from './version.ts'

/** Milliseconds that output may still take when a command is over; then the process ends, whatever is left over. */
const LEFTOVER_MS = 500

/**
 * The command `curlew`: runs what `argv` says and sets the exit code. A fault of the user's or the machine's is one line
 * with a way out; a fault of ours is one line that says how to see its stack.
 */
export async function main(argv: readonly string[]): Promise<void> {
  // Whoever read our output has gone; a broker goes on without.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  process.on('uncaughtException', error => process.exit(report(error, argv)))
  try {
    await program().parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error, argv)
  }
  setTimeout(() => process.exit(), LEFTOVER_MS).unref()
}

function program(): Command {
  const curlew = new Command('curlew')
    .description('An MQTT 5.0, 3.1.1 and 3.1 broker.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .enablePositionalOptions() // what stands behind `pub -m` is a message, even if it is --version
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // report() has it
  addStartFlags(curlew.command('start').description('Run a broker until Ctrl+C or SIGTERM.')).action(
    async (flags: StartFlags) => {
      if (flags.checkConfig) return (await import('./commands/check-config.ts')).checkConfig(flags)
      return (await import('./commands/start.ts')).start(flags)
    },
  )
  curlew
    .command('check-config <file>')
    .description('Check a configuration file, and show all of its faults.')
    .action(async (file: string) => {
      const { checkConfig } = await import('./commands/check-config.ts')
      checkConfig({ config: file, ws: true })
    })
  addStateCommands(curlew)
  addClientCommands(curlew)
  return curlew
}

/** Commands that work on what a broker has left in its data folder. */
function addStateCommands(curlew: Command): void {
  addExportFlags(curlew.command('export').description('Write what a stopped broker has kept as JSON lines.')).action(
    async (flags: ExportFlags) => (await import('./commands/export.ts')).exportState(flags),
  )
  addDataFlags(
    curlew
      .command('import <file>')
      .description('Read what export has written into a data folder; - is standard input.'),
  )
    .option('--replace', 'replace Sessions and retained messages that are there already')
    .action(async (file: string, flags: ImportFlags) => (await import('./commands/import.ts')).importState(file, flags))
  const store = curlew.command('store').description('Look after what a stopped broker has kept.')
  addDataFlags(store.command('check').description('Look at everything that is kept, and show what is wrong.'))
    .option('--json', 'print the report as JSON')
    .option('--repair', 'mend what can be mended; what is taken out is kept beside the store')
    .action(async (flags: StoreCheckFlags) => (await import('./commands/store-check.ts')).storeCheck(flags))
}

/** Says what went wrong. @returns the exit code for it */
function report(error: unknown, argv: readonly string[]): number {
  if (error instanceof CommanderError) return reportUsage(error, argv)
  if (error instanceof CommandError) return reportLines(error.message.split('\n'), error.tries, error.exitCode)
  if (process.env['CURLEW_DEBUG'] === '1') process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  const again = `CURLEW_DEBUG=1 ${commandLine(argv.slice(2))}   # shows where, for a bug report`
  const message = error instanceof Error ? error.message : String(error)
  return reportLines([`internal error: ${message.split('\n')[0]}`], [again], ExitCode.Failed)
}

/** What commander could not make sense of. Help and version also come here, with nothing left to say. */
function reportUsage({ exitCode, code, message }: CommanderError, argv: readonly string[]): number {
  if (exitCode === 0) return ExitCode.Done
  if (code === 'commander.help') return ExitCode.Usage
  const command = commandOf(argv)
  const line = message.replace(/^error: /, '').replaceAll('\n', ' ')
  return reportLines([line], [commandLine([...command, '--help'])], ExitCode.Usage)
}

/** The words of the command that was called, if there is one of that name. */
function commandOf(argv: readonly string[]): string[] {
  const [, , name = '', next = ''] = argv
  if (name === 'store') return next === 'check' ? [name, next] : [name]
  return program().commands.some(command => command.name() === name) ? [name] : []
}

function reportLines(lines: readonly string[], tries: readonly string[], exitCode: number): number {
  const text = [...lines.map(line => `curlew: ${line}`), ...tries.map(line => `Try: ${line}`)]
  process.stderr.write(`${text.join('\n')}\n`)
  return exitCode
}
