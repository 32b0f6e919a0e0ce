import type { Command } from 'commander'
import { addClientFlags, addPayloadFlags, type ClientFlags, type PayloadFlags } from '../client/client-flags.ts'
import { amount, wholeNumber } from '../client/flag-values.ts'

/** The flags of `curlew pub` as they were given. */
export interface PublishFlags extends ClientFlags, PayloadFlags {
  readonly retain?: true
  readonly repeat: number
  readonly repeatDelay: number
}

/** Declares the flags. */
export function addPublishFlags(command: Command): Command {
  addPayloadFlags(command)
    .option('-r, --retain', 'the broker keeps it for those who subscribe later')
    .option('--repeat <count>', 'publish it so often', wholeNumber(1, 2_147_483_647), 1)
    .option('--repeat-delay <seconds>', 'wait so long in between', amount(0, 2_000_000), 0)
  return addClientFlags(command)
}
