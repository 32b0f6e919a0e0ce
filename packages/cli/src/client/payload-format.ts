import type { Type as AvroType } from 'avsc'
import { CommandError } from '../command-error.ts'
import type { PayloadFormat } from './client-flags.ts'
import { ToolExitCode } from './connection-fault.ts'
import { fileContent } from './file-content.ts'
import { formatJson } from './json-text.ts'

/** Text that people read and write for payloads that are not text. Both directions throw an `Error` that says what is wrong. */
export interface PayloadCodec {
  /** The payload that a text stands for. */
  encode(text: Buffer): Uint8Array
  /** A payload as text. @param isPretty in several lines, where the format is JSON */
  decode(payload: Uint8Array, isPretty: boolean): string
}

/** The format, and where a protobuf message or an Avro value is declared. */
export interface FormatFlags {
  readonly format?: PayloadFormat
  readonly protobufPath?: string
  readonly protobufMessageName?: string
  readonly avscPath?: string
}

/** The format that the flags name, be it by the file that declares it. */
export function formatOf(flags: FormatFlags): PayloadFormat | undefined {
  if (flags.format !== undefined) return flags.format
  if (flags.avscPath !== undefined) return 'avro'
  return flags.protobufPath !== undefined || flags.protobufMessageName !== undefined ? 'protobuf' : undefined
}

/**
 * The codec that the flags ask for; its library is loaded only then.
 *
 * @returns `undefined` without `--format`
 * @throws {CommandError} when the declaration of a protobuf message or an Avro schema is missing or cannot be read
 */
export async function payloadCodec(flags: FormatFlags): Promise<PayloadCodec | undefined> {
  const format = formatOf(flags)
  switch (format) {
    case undefined:
      return undefined
    case 'json':
      return jsonCodec
    case 'hex':
      return hexCodec
    case 'base64':
      return base64Codec
    case 'cbor': {
      const { decode, encode } = await import('cbor2')
      return objectCodec(
        value => encode(value),
        bytes => decode(bytes),
      )
    }
    case 'msgpack': {
      const { decode, encode } = await import('@msgpack/msgpack')
      return objectCodec(
        value => encode(value),
        bytes => decode(bytes),
      )
    }
    case 'protobuf':
      return protobufCodec(flags)
    case 'avro':
      return avroCodec(flags)
    default:
      return format satisfies never
  }
}

const jsonCodec: PayloadCodec = {
  encode: text => Buffer.from(formatJson(text.toString(), false)),
  decode: (payload, isPretty) => formatJson(textOf(payload), isPretty),
}

const hexCodec: PayloadCodec = {
  encode(text) {
    const digits = text.toString().replace(/\s+|^0x/g, '')
    if (/^([\da-f]{2})*$/i.test(digits)) return Buffer.from(digits, 'hex')
    throw new Error('it is not pairs of the digits 0-9 and a-f')
  },
  decode: payload => Buffer.from(payload).toString('hex'),
}

const base64Codec: PayloadCodec = {
  encode(text) {
    const letters = text.toString().replace(/\s+/g, '')
    if (/^[\w+/-]*={0,2}$/.test(letters)) return Buffer.from(letters, 'base64')
    throw new Error('it has other letters than base64')
  },
  decode: payload => Buffer.from(payload).toString('base64'),
}

/** Text that stands for a value is JSON, both ways. */
function objectCodec(encode: (value: unknown) => Uint8Array, decode: (bytes: Uint8Array) => unknown): PayloadCodec {
  return {
    encode: text => encode(JSON.parse(text.toString())),
    decode: (payload, isPretty) => jsonOf(decode(payload), isPretty),
  }
}

/** JSON of a value that may hold what JSON does not know: bytes become base64, large numbers keep their digits. */
function jsonOf(value: unknown, isPretty: boolean): string {
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return Number.isSafeInteger(Number(inner)) ? Number(inner) : inner.toString()
    if (inner instanceof Uint8Array) return Buffer.from(inner).toString('base64')
    if (inner instanceof Map) return Object.fromEntries(inner)
    return inner instanceof Set ? [...inner] : inner
  })
  return isPretty ? formatJson(text ?? 'null', true) : (text ?? 'null')
}

/** Payload as text. @throws {Error} when it is not UTF-8 */
function textOf(payload: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(payload)
}

async function protobufCodec({ protobufPath, protobufMessageName }: FormatFlags): Promise<PayloadCodec> {
  const example = '--protobuf-path reading.proto --protobuf-message-name package.Reading'
  if (protobufPath === undefined || protobufMessageName === undefined) {
    throw new CommandError(ToolExitCode.Failed, 'protobuf needs a .proto file and the name of a message in it', [
      example,
    ])
  }
  const { default: protobuf } = await import('protobufjs')
  const fault = (error: unknown): CommandError => {
    const message = `cannot use ${protobufMessageName} of ${protobufPath}: ${(error as Error).message}`
    return new CommandError(ToolExitCode.Failed, message, [example], { cause: error })
  }
  try {
    const type = (await protobuf.load(protobufPath)).lookupType(protobufMessageName)
    return objectCodec(
      value => {
        const wrong = type.verify(value as Record<string, unknown>)
        if (wrong !== null) throw new Error(wrong)
        return type.encode(type.fromObject(value as Record<string, unknown>)).finish()
      },
      bytes => type.toObject(type.decode(bytes), { longs: String, enums: String, bytes: String, defaults: true }),
    )
  } catch (error) {
    throw fault(error)
  }
}

/** The text is Avro's own JSON, in which a value of a union names its type; to be sent, it may also go without the name. */
async function avroCodec({ avscPath }: FormatFlags): Promise<PayloadCodec> {
  const example = '--avsc-path reading.avsc'
  if (avscPath === undefined) throw new CommandError(ToolExitCode.Failed, 'avro needs a file with a schema', [example])
  const schema = fileContent('--avsc-path', avscPath).toString()
  const { default: avro } = await import('avsc')
  let type: AvroType
  try {
    type = avro.Type.forSchema(JSON.parse(schema))
  } catch (error) {
    const message = `cannot use the schema of ${avscPath}: ${(error as Error).message}`
    throw new CommandError(ToolExitCode.Failed, message, [example], { cause: error })
  }
  return {
    encode: text => type.toBuffer(avroValue(type, text.toString())),
    decode: (payload, isPretty) => formatJson(type.toString(type.fromBuffer(Buffer.from(payload))), isPretty),
  }
}

function avroValue(type: AvroType, text: string): unknown {
  const plain: unknown = JSON.parse(text)
  try {
    return type.fromString(text)
  } catch (error) {
    try {
      return type.clone(plain, { wrapUnions: true })
    } catch {
      throw error // it says what is wrong in terms of Avro's JSON
    }
  }
}
