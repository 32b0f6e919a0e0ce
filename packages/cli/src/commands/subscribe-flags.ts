import { type Command, Option } from 'commander'
import {
  addClientFlags,
  addFormatFlags,
  addPrintFlags,
  type ClientFlags,
  filterOption,
} from '../client/client-flags.ts'
import { amount, someText, wholeNumber } from '../client/flag-values.ts'
import type { WayFlags } from '../client/message-way.ts'

/** The flags of `curlew sub` as they were given. */
export interface SubscribeFlags extends ClientFlags, WayFlags {
  readonly topic?: readonly string[]
  readonly filterOut?: readonly string[]
  readonly unsubscribe?: readonly string[]
  readonly count?: number
  readonly exitAfterSubscribe?: true
  readonly retainedOnly?: true
  readonly removeRetained?: true
  readonly retainHandling?: 0 | 1 | 2
  /** `false` with `--no-local`. */
  readonly local: boolean
  readonly randomFilter?: number
}

/** Declares the flags. */
export function addSubscribeFlags(command: Command): Command {
  command
    .optionsGroup('Subscription:')
    .addOption(filterOption('-t, --topic <filter>', 'topic or pattern such as home/+/light or #; may be repeated'))
    .addOption(filterOption('-T, --filter-out <filter>', 'leave out what matches this; may be repeated'))
    .addOption(filterOption('-U, --unsubscribe <filter>', 'end this subscription of the Session; may be repeated'))
    .option('-C, --count <count>', 'end after so many messages', wholeNumber(1, 2_147_483_647))
    .option('-E, --exit-after-subscribe', 'end when the subscriptions have been granted')
    .addOption(new Option('--retained-only', 'end at the first message that is not retained').conflicts('skipRetained'))
    .option('--remove-retained', 'delete retained messages from the broker as they come')
    .option('--retain-handling <when>', 'retained messages: 0 always, 1 if new, 2 never; MQTT 5.0', wholeNumber(0, 2))
    .option('--no-local', 'not what this client publishes itself, MQTT 5.0')
    .option('--random-filter <percent>', 'print this part of the messages, at random', amount(0.1, 100))
  addFormatFlags(addPrintFlags(command), 'print payloads as')
    .addOption(
      new Option('-w, --watch', 'on a terminal, a table of topics with their latest value').conflicts([
        'fileWrite',
        'fileSave',
      ]),
    )
    .option('--file-write <file>', 'write what is printed to the end of this file', someText)
    .option('--file-save <file>', 'write each message to a file of its own, numbered from the second on', someText)
  return addClientFlags(command)
}
