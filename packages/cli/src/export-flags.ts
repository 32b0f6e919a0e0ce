import { type Command, Option } from 'commander'
import { addDataFlags, parseText } from './data-flags.ts'

/** Declares the flags of `curlew export`. */
export function addExportFlags(command: Command): Command {
  return addDataFlags(command)
    .option('--output <file>', 'write to this file; - is standard output', parseText, '-')
    .option('--sessions <pattern>', 'only Sessions of this client id, * for any text, ? for a character', collect)
    .option('--retained <filter>', 'only retained messages that match this Topic Filter', collect)
    .addOption(new Option('--only <part>', 'leave the other part out').choices(['sessions', 'retained']))
}

/** A flag that may be given more than once. */
function collect(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value]
}
