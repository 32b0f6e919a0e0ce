import type { ReceivedMessage } from '@curlew/client'
import { InvalidArgumentError } from 'commander'
import { CommandError } from '../command-error.ts'
import { styleOf } from '../output.ts'
import type { PrintFlags } from './client-flags.ts'
import { ToolExitCode } from './connection-fault.ts'
import { messageFormat } from './message-format.ts'
import { formatOf, type PayloadCodec, payloadCodec } from './payload-format.ts'
import { prettyMessage } from './pretty-message.ts'
import { arrivalNow, type PrintedMessage, printedMessage } from './printed-message.ts'
import { UnprintableError } from './unprintable-error.ts'

/** Makes of each message what is printed of it. */
export interface MessagePrinter {
  /**
   * @returns the bytes to print, none for an empty payload without its topic
   * @throws {UnprintableError} when the payload is not what it was said to be
   */
  print(message: ReceivedMessage): Buffer
}

const nothing = Buffer.alloc(0)
const newline = Buffer.from('\n')

type Layout = (message: PrintedMessage) => Buffer

/**
 * A printer for the flags: on a terminal one for people, otherwise, and with any flag that says how to print, byte for byte what
 * Mosquitto's tools print.
 *
 * @throws {CommandError} when `-F` or `--format` cannot be
 */
export async function messagePrinter(flags: PrintFlags, output: NodeJS.WriteStream): Promise<MessagePrinter> {
  const codec = await payloadCodec(flags)
  const isForPeople = output.isTTY === true && flags.outputFormat === undefined && flags.newline
  const isPretty = flags.pretty === true || (isForPeople && flags.outputMode === 'default')
  const layout = isForPeople && flags.outputMode === 'default' ? forPeople(flags, output) : plainLayout(flags)
  return {
    print(message) {
      const payload = readable(message, codec, flags, isPretty)
      return layout(printedMessage(message, payload, arrivalNow()))
    },
  }
}

function readable(
  message: ReceivedMessage,
  codec: PayloadCodec | undefined,
  flags: PrintFlags,
  isPretty: boolean,
): Uint8Array {
  if (!codec || message.size === 0) return message.payload
  try {
    return Buffer.from(codec.decode(message.payload, isPretty))
  } catch (error) {
    const what = `Message payload is not ${formatOf(flags)} on topic ${message.topic}: ${(error as Error).message}`
    throw new UnprintableError(what, nothing, error)
  }
}

function forPeople({ verbose }: PrintFlags, output: NodeJS.WriteStream): Layout {
  const style = styleOf(output)
  return message =>
    Buffer.from(prettyMessage(message, { width: output.columns ?? 80, style, isVerbose: verbose === true }))
}

function plainLayout({ outputFormat, verbose, pretty, newline: hasEnd }: PrintFlags): Layout {
  const end = hasEnd ? newline : nothing
  if (outputFormat !== undefined) {
    return checkedFormat(outputFormat, pretty === true, hasEnd ? '\n' : '')
  }
  if (!verbose) return ({ payload }) => (payload.length === 0 ? nothing : Buffer.concat([payload, end]))
  return ({ topic, payload }) => {
    if (payload.length > 0) return Buffer.concat([Buffer.from(`${topic} `), payload, end])
    return hasEnd ? Buffer.from(`${topic} (null)\n`) : nothing
  }
}

function checkedFormat(format: string, isPretty: boolean, end: string): Layout {
  try {
    return messageFormat(format, isPretty, end)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    const message = `-F '${format}' cannot be. ${error.message}`
    throw new CommandError(ToolExitCode.Failed, message, ["-F '@H:@M:@S %t %p'"], { cause: error })
  }
}
