import type { Command } from 'commander'
import {
  addClientFlags,
  addPayloadFlags,
  addPrintFlags,
  type ClientFlags,
  type PayloadFlags,
  type PrintFlags,
} from '../client/client-flags.ts'
import { topicName } from '../client/flag-values.ts'

/** The flags of `curlew request` as they were given. */
export interface RequestFlags extends ClientFlags, PayloadFlags, PrintFlags {
  readonly responseTopic?: string
  readonly latency?: true
}

/** Declares the flags. */
export function addRequestFlags(command: Command): Command {
  addPayloadFlags(command)
    .option('-e, --response-topic <topic>', 'where the response comes (default: a topic of its own)', topicName)
    .option('--latency', 'tell on standard error how long the response took')
  return addClientFlags(addPrintFlags(command))
}
