import { type Command, InvalidArgumentError } from 'commander'

/** Declares the flags that name the data folder, for a command that works on what a broker has left there. */
export function addDataFlags(command: Command): Command {
  return command
    .option('--data <folder>', 'data folder of the broker (default: ./data)', parseText)
    .option('--config <file>', 'take the data folder from this configuration file (default: curlew.yaml)', parseText)
}

/** @throws {InvalidArgumentError} when there is nothing */
export function parseText(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It is empty.')
}
