import type { Client } from './client.ts'
import { argumentError, ClientError } from './error.ts'
import type { ReceivedMessage } from './message.ts'
import { type PublishOptions, type PublishResult, payloadBytes } from './publish-options.ts'
import { quiet } from './rejections.ts'
import type { SubscribeOptions, Subscription } from './subscription.ts'

/** A schema of any library that follows Standard Schema: valibot, zod, arktype and others. */
export interface StandardSchema<Value> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Value> | Promise<SchemaResult<Value>>
    readonly types?: { readonly input: unknown; readonly output: Value } | undefined
  }
}

/** What a schema says of a value. */
export type SchemaResult<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** Values to payloads and back. What it throws or rejects with becomes `ERR_ENCODE` or `ERR_DECODE`. */
export interface Codec<Value> {
  /** MIME type, sent as Content Type. */
  readonly contentType?: string
  /** Whether payloads are UTF-8, sent as Payload Format Indicator. */
  readonly isText: boolean
  encode(value: Value): Uint8Array | Promise<Uint8Array>
  decode(payload: Uint8Array): Value | Promise<Value>
}

const strictText = new TextDecoder('utf-8', { fatal: true })

/** Text in UTF-8. */
export const text: Codec<string> = {
  contentType: 'text/plain',
  isText: true,
  encode: payloadBytes,
  decode: payload => strictText.decode(payload),
}

/** Bytes as they are. */
export const binary: Codec<Uint8Array> = { isText: false, encode: value => value, decode: payload => payload }

/**
 * JSON, checked in both directions by a schema; without one, anything that JSON can say.
 *
 * @param schema of any library that follows Standard Schema, such as valibot, zod or arktype
 * @example
 * const light = topic('home/{room}/light', json(v.object({ on: v.boolean() })))
 * await light.publish(client, { room: 'kitchen' }, { on: true })
 */
export function json<Value = unknown>(schema?: StandardSchema<Value>): Codec<Value> {
  return {
    contentType: 'application/json',
    isText: true,
    async encode(value) {
      return payloadBytes(JSON.stringify(await checked(schema, value)))
    },
    async decode(payload) {
      return checked(schema, JSON.parse(strictText.decode(payload)))
    },
  }
}

async function checked<Value>(schema: StandardSchema<Value> | undefined, value: unknown): Promise<Value> {
  if (!schema) return value as Value // the caller has said that it takes anything
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  throw new TypeError(result.issues.map(({ message }) => message).join('; '))
}

/** The names in braces of a pattern: `'a/{x}/b/{y}'` has `x` and `y`. */
export type ParameterNames<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never

/** One value for each parameter. */
export type Parameters<Pattern extends string> = { readonly [Name in ParameterNames<Pattern>]: string }

/** A message of a typed topic. */
export interface TypedMessage<Pattern extends string, Value> {
  readonly parameters: Parameters<Pattern>
  readonly value: Value
  /** The message as it came. */
  readonly message: ReceivedMessage
}

/** What comes of a typed Subscription. */
export type TypedHandler<Pattern extends string, Value> = (message: TypedMessage<Pattern, Value>) => unknown

/** A topic with parameters, and the values it carries. */
export interface TypedTopic<Pattern extends string, Value> {
  readonly pattern: Pattern
  /** @throws {ClientError} `ERR_INVALID_ARGUMENT` when a value is empty or has `/`, `+`, `#` or U+0000 */
  topic(parameters: Parameters<Pattern>): string
  /** The Topic Filter for the parameters given; the others match anything. */
  filter(parameters?: Partial<Parameters<Pattern>>): string
  /** @returns `undefined` when the topic is not one of these */
  parse(topic: string): Parameters<Pattern> | undefined
  /** @throws {ClientError} `ERR_ENCODE` when the schema refuses the value, and as `client.publish` */
  publish(
    client: Client,
    parameters: Parameters<Pattern>,
    value: Value,
    options?: PublishOptions,
  ): Promise<PublishResult>
  /**
   * Calls a handler with each message, decoded. One that cannot be decoded is refused with 0x99 and told by the Client's event
   * `error` as `ERR_DECODE`; the connection and the Subscription go on.
   *
   * @throws {ClientError} as `client.subscribe`
   */
  subscribe(
    client: Client,
    handler: TypedHandler<Pattern, Value>,
    options?: Omit<SubscribeOptions, 'handler'> & { readonly parameters?: Partial<Parameters<Pattern>> },
  ): Promise<Subscription>
  /** @throws {ClientError} `ERR_DECODE` */
  decode(message: ReceivedMessage): Promise<TypedMessage<Pattern, Value>>
}

/**
 * Describes a topic and its values.
 *
 * @param pattern a Topic Name in which `{name}` stands for a whole level
 * @throws {ClientError} `ERR_INVALID_ARGUMENT` when the pattern is not one
 * @example
 * const temperature = topic('home/{room}/temperature', json(v.number()))
 * await temperature.publish(client, { room: 'kitchen' }, 21.5)
 */
export function topic<Pattern extends string, Value>(
  pattern: Pattern,
  codec: Codec<Value>,
): TypedTopic<Pattern, Value> {
  const levels = pattern.split('/').map(parseLevel)
  const fill = (
    parameters: Readonly<Record<string, string | undefined>>,
    otherwise: (name: string) => string,
  ): string =>
    levels
      .map(({ text, name }) => (name === undefined ? text : (levelValue(name, parameters[name]) ?? otherwise(name))))
      .join('/')
  const parse = (given: string): Parameters<Pattern> | undefined => {
    const parts = given.split('/')
    const matches =
      parts.length === levels.length && levels.every(({ text, name }, at) => name !== undefined || text === parts[at])
    if (!matches) return undefined
    const found = levels.flatMap(({ name }, at) => (name === undefined ? [] : [[name, parts[at]!]]))
    return Object.fromEntries(found) as Parameters<Pattern> // the levels have the names of the pattern
  }
  const typed: TypedTopic<Pattern, Value> = {
    pattern,
    parse,
    topic: parameters => fill(parameters, name => missing(pattern, name)),
    filter: (parameters = {}) => fill(parameters as Record<string, string | undefined>, () => '+'),
    publish(client, parameters, value, options) {
      const publishing = async (): Promise<PublishResult> => {
        const name = typed.topic(parameters)
        const payload = await encoded(codec, value, name)
        const properties = {
          payloadFormatIndicator: codec.isText ? (1 as const) : undefined,
          contentType: codec.contentType,
          ...options?.properties,
        }
        return client.publish(name, payload, { ...options, properties })
      }
      return quiet(publishing())
    },
    async decode(message) {
      const parameters = parse(message.topic)
      if (!parameters) throw new ClientError('ERR_DECODE', `${message.topic} is not ${pattern}`)
      try {
        return { parameters, value: await codec.decode(message.payload), message }
      } catch (cause) {
        const why = (cause as Error).message
        throw new ClientError('ERR_DECODE', `the payload on ${message.topic} cannot be read: ${why}`, {
          cause,
          reasonCode: 0x99,
        })
      }
    },
    subscribe(client, handler, { parameters, ...options } = {}) {
      const decodeAndHandle = async (message: ReceivedMessage): Promise<void> => {
        await handler(await typed.decode(message))
      }
      const subscribing = async () =>
        client.subscribe(typed.filter(parameters), { ...options, handler: decodeAndHandle })
      return quiet(subscribing())
    },
  }
  return typed
}

interface Level {
  readonly text: string
  readonly name: string | undefined
}

function parseLevel(level: string): Level {
  const name = /^\{(\w+)\}$/.exec(level)?.[1]
  if (name === undefined && /[{}+#\0]/.test(level)) throw argumentError(`'${level}' is neither a level nor a parameter`)
  return { text: level, name }
}

function levelValue(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  if (value === '' || /[/+#\0]/.test(value)) throw argumentError(`'${value}' cannot be the level {${name}}`)
  return value
}

function missing(pattern: string, name: string): never {
  throw argumentError(`${pattern} needs ${name}`)
}

async function encoded<Value>(codec: Codec<Value>, value: Value, name: string): Promise<Uint8Array> {
  try {
    return await codec.encode(value)
  } catch (cause) {
    throw new ClientError('ERR_ENCODE', `the value for ${name} cannot be written: ${(cause as Error).message}`, {
      cause,
    })
  }
}
