import { CommandError } from '../command-error.ts'
import type { PayloadFlags, PayloadFormat } from './client-flags.ts'
import { ToolExitCode } from './connection-fault.ts'
import { fileContent } from './file-content.ts'
import { formatOf, type PayloadCodec, payloadCodec } from './payload-format.ts'

/** The longest line of standard input, in bytes: MQTT has no larger packet. */
const LINE_BYTES_MAX = 268_435_455

const NEWLINE = 10

/** What is to be published: one payload, or as many as standard input has lines. */
export type PayloadSource = { readonly one: Uint8Array } | { readonly lines: AsyncIterable<Uint8Array> }

/**
 * Reads the payload that the flags name; lines are read one by one when they are asked for.
 *
 * @returns `undefined` when no flag names one
 * @throws {CommandError} when several do, or it cannot be read, or it is not what `--format` says
 */
export async function payloadSource(flags: PayloadFlags, input: NodeJS.ReadStream): Promise<PayloadSource | undefined> {
  const { message, file, stdinLine, nullMessage, stdinFile } = flags
  const given = [message, file, stdinLine, nullMessage, stdinFile].filter(flag => flag !== undefined)
  if (given.length > 1) throw new CommandError(ToolExitCode.Failed, 'give only one of -m, -f, -l, -s and -n')
  const codec = await payloadCodec(flags)
  const encode = (text: Buffer): Uint8Array => encoded(text, flags, codec)
  if (nullMessage) return { one: new Uint8Array(0) }
  if (message !== undefined) return { one: encode(Buffer.from(message)) }
  if (file !== undefined) return { one: encode(fileContent('-f', file)) }
  if (stdinFile) return { one: encode(await wholeInput(input)) }
  return stdinLine ? { lines: encodedLines(input, encode) } : undefined
}

/** A message in each format that does not depend on a file. */
const examples: Partial<Record<PayloadFormat, string>> = {
  json: '{"on":true}',
  hex: 'c0ffee',
  base64: 'aGVsbG8=',
  cbor: '{"on":true}',
  msgpack: '{"on":true}',
}

function encoded(text: Buffer, flags: PayloadFlags, codec: PayloadCodec | undefined): Uint8Array {
  if (!codec) return text
  try {
    return codec.encode(text)
  } catch (error) {
    const format = formatOf(flags)
    const message = `the message cannot be sent as ${format}: ${(error as Error).message}`
    const example = format === undefined ? undefined : examples[format]
    const tries = example === undefined ? [] : [`-m '${example}' --format ${format}`]
    throw new CommandError(ToolExitCode.Failed, message, tries, { cause: error })
  }
}

async function wholeInput(input: NodeJS.ReadStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of input) chunks.push(chunk as Buffer)
  const all = Buffer.concat(chunks)
  if (all.length > 0) return all
  throw new CommandError(ToolExitCode.Failed, 'standard input is empty: an empty message is sent with -n')
}

async function* encodedLines(
  input: NodeJS.ReadStream,
  encode: (text: Buffer) => Uint8Array,
): AsyncIterable<Uint8Array> {
  for await (const line of lines(input)) yield encode(line)
}

/** The lines of a stream, without what ends them. The last one need not be ended. */
export async function* lines(input: AsyncIterable<unknown>): AsyncIterable<Buffer> {
  let begun: Buffer[] = []
  let begunBytes = 0
  for await (const chunk of input) {
    let rest = chunk as Buffer
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      yield Buffer.concat([...begun, rest.subarray(0, end)])
      begun = []
      begunBytes = 0
      rest = rest.subarray(end + 1)
    }
    begunBytes += rest.length
    if (begunBytes > LINE_BYTES_MAX)
      throw new CommandError(ToolExitCode.Failed, 'a line is longer than a message can be')
    if (rest.length > 0) begun.push(rest)
  }
  if (begunBytes > 0) yield Buffer.concat(begun)
}
