import type { ReceivedMessage } from '@curlew/client'
import type { PrintFlags } from './client-flags.ts'
import { type MessageOutput, messageOutput, type OutputFlags } from './message-output.ts'
import { type MessagePrinter, messagePrinter } from './message-printer.ts'
import type { StateLine } from './state-line.ts'
import { UnprintableError } from './unprintable-error.ts'
import { WatchScreen } from './watch-screen.ts'

/** What becomes of the messages that `sub` receives. */
export interface MessageWay {
  /**
   * @param say is told what is wrong with a message
   * @returns a promise when the next message should wait for it
   */
  show(message: ReceivedMessage, say: (line: string) => void): Promise<void> | undefined
  /** Resolves when all has been handed to the host. */
  flush(): Promise<void>
  /** No more messages come. */
  end(): void
}

/** The flags that say it. */
export interface WayFlags extends PrintFlags, OutputFlags {
  /** A table of topics, on a terminal; elsewhere lines. */
  readonly watch?: true
}

/**
 * What the flags want to become of messages.
 *
 * @returns a function of the state line, which gives way to them
 * @throws {CommandError} when `-F` or `--format` cannot be
 */
export async function messageWay(
  flags: WayFlags,
  stream: NodeJS.WriteStream,
): Promise<(state: StateLine) => MessageWay> {
  if (flags.watch && stream.isTTY === true) {
    const value = { ...flags, outputFormat: flags.outputFormat ?? '%p', newline: false }
    const printer = await messagePrinter(value, stream)
    return state => watched(printer, new WatchScreen(stream, state))
  }
  const printer = await messagePrinter({ ...flags, ...(flags.watch && { verbose: true }) }, stream)
  return state => printed(printer, messageOutput(flags, stream, state))
}

function printed(printer: MessagePrinter, output: MessageOutput): MessageWay {
  return {
    show: (message, say) => output.write(bytesOf(message, printer, say)),
    flush: () => output.flush(),
    end: () => {},
  }
}

/** What a value is not is not told of: it would be told again and again, and the value itself is there to be seen. */
function watched(printer: MessagePrinter, screen: WatchScreen): MessageWay {
  return {
    show(message) {
      let isReadable = true
      const bytes = bytesOf(message, printer, () => {
        isReadable = false
      })
      screen.update(message.topic, isReadable ? bytes : Buffer.from(message.payload))
      return undefined
    },
    flush: () => Promise.resolve(),
    end: () => screen.end(),
  }
}

function bytesOf(message: ReceivedMessage, printer: MessagePrinter, say: (line: string) => void): Buffer {
  try {
    return printer.print(message)
  } catch (error) {
    if (!(error instanceof UnprintableError)) throw error
    say(`Error: ${error.message}`)
    return error.printable
  }
}
