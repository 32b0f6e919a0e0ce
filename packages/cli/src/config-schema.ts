import {
  type Capabilities,
  ConfigError,
  defaultLimits,
  type Limits,
  limitsOf,
  type QueuePolicy,
  queuePolicies,
  type RoutingOptions,
  sharedStrategies,
} from '@curlew/broker'
import * as v from 'valibot'
import { nearestName } from './suggestion.ts'

/** What a configuration file can say. Everything can be left out; docs/reference/configuration.md has the defaults. */
export interface ConfigOptions {
  readonly listeners?: readonly ListenerOptions[] | null
  readonly data?: string
  readonly durability?: DurabilityLevel
  readonly queuePolicy?: QueuePolicy
  readonly limits?: Partial<Limits> | null
  readonly capabilities?: Partial<Capabilities> | null
  readonly routing?: Partial<RoutingOptions> | null
  readonly log?: { readonly level?: LogLevel; readonly format?: LogFormat } | null
}

export interface ListenerOptions {
  readonly protocol: 'mqtt' | 'ws'
  readonly host?: string
  readonly port?: number
  readonly insecure?: boolean
  readonly origins?: readonly string[]
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export const logFormats = ['pretty', 'json'] as const
export type LogFormat = (typeof logFormats)[number]

/** When an acknowledgement may leave; see docs/guide/durability.md. */
export const durabilityLevels = ['always', 'interval', 'memory'] as const
export type DurabilityLevel = (typeof durabilityLevels)[number]

export const PORT_MAX = 65_535

/** A value that is not allowed, and where it stands in the document. */
export interface ConfigFault {
  readonly path: readonly (string | number)[]
  /** Whether the name is at fault, rather than the value behind it. */
  readonly isAtName: boolean
  /** What is wrong, such as `must be true or false, not 3`: follows the name of the option. */
  readonly message: string
}

/** Names listed in an error at most; a longer list is in the reference. */
const NAMES_LISTED_MAX = 8

const whole = must(`a whole number from 0 to ${PORT_MAX}`)

const listenerEntries = {
  protocol: v.picklist(['mqtt', 'ws'], must('mqtt or ws')),
  host: v.exactOptional(text('a host name or an IP address')),
  port: v.exactOptional(v.pipe(v.number(whole), v.integer(whole), v.minValue(0, whole), v.maxValue(PORT_MAX, whole))),
  insecure: v.exactOptional(v.boolean(must('true or false'))),
  origins: v.exactOptional(v.array(text('an origin such as https://example.org, or *'), must('a list of origins'))),
}

const limitEntries = Object.fromEntries(
  Object.keys(defaultLimits).map(name => [name, v.exactOptional(limit(name as keyof Limits))]),
)

const onOrOff = v.exactOptional(v.boolean(must('true or false')))

const capabilityEntries = {
  maximumQoS: v.exactOptional(v.picklist([0, 1, 2], must('0, 1 or 2'))),
  retainAvailable: onOrOff,
  wildcardSubscriptionAvailable: onOrOff,
  subscriptionIdentifiersAvailable: onOrOff,
  sharedSubscriptionAvailable: onOrOff,
  responseInformation: v.exactOptional(text('a text')),
  validatesPayloadFormat: onOrOff,
}

const routingEntries = {
  sharedStrategy: v.exactOptional(v.picklist(sharedStrategies, must(`one of ${sharedStrategies.join(', ')}`))),
  overlapping: v.exactOptional(v.picklist(['merged', 'each'], must('merged or each'))),
}

const logEntries = {
  level: v.exactOptional(v.picklist(logLevels, must(`one of ${logLevels.join(', ')}`))),
  format: v.exactOptional(v.picklist(logFormats, must(logFormats.join(' or ')))),
}

/** Every option by its full name, as the reference lists it. */
export const optionNames: readonly string[] = [
  ...Object.keys(listenerEntries).map(name => `listeners[].${name}`),
  'data',
  'durability',
  'queuePolicy',
  ...Object.keys(limitEntries).map(name => `limits.${name}`),
  ...Object.keys(capabilityEntries).map(name => `capabilities.${name}`),
  ...Object.keys(routingEntries).map(name => `routing.${name}`),
  ...Object.keys(logEntries).map(name => `log.${name}`),
]

const schema = section({
  listeners: v.exactOptional(
    v.nullable(v.pipe(v.array(section(listenerEntries), must('a list')), v.minLength(1, 'must have a listener'))),
  ),
  data: v.exactOptional(text('the path of a folder')),
  durability: v.exactOptional(v.picklist(durabilityLevels, must('always, interval or memory'))),
  queuePolicy: v.exactOptional(v.picklist(queuePolicies, must(`one of ${queuePolicies.join(', ')}`))),
  limits: v.exactOptional(v.nullable(section(limitEntries))),
  capabilities: v.exactOptional(v.nullable(section(capabilityEntries))),
  routing: v.exactOptional(v.nullable(section(routingEntries))),
  log: v.exactOptional(v.nullable(section(logEntries))),
})

/** Checks what a YAML document holds. */
export function checkOptions(value: unknown): { options: ConfigOptions } | { faults: readonly ConfigFault[] } {
  const result = v.safeParse(schema, value ?? {})
  const faults = [...unknownNames(value), ...(result.issues ?? []).map(faultOf)]
  // What is optional may be left out, so nothing is there with the value `undefined`.
  return faults.length === 0 ? { options: result.output as ConfigOptions } : { faults }
}

function faultOf({ path, message }: v.BaseIssue<unknown>): ConfigFault {
  return { path: path?.map(({ key }) => key as string | number) ?? [], isAtName: false, message }
}

/**
 * Names that are no options, in `value` and all that is in it. valibot's strict objects stop at the first one and pass over
 * `constructor` and other names that every object inherits.
 *
 * @param prefix the full name of `value`, as in {@link optionNames}
 */
function unknownNames(value: unknown, prefix = '', path: readonly (string | number)[] = []): ConfigFault[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => unknownNames(item, `${prefix}[]`, [...path, index]))
  }
  const names = namesIn(prefix)
  if (!isMap(value) || names.length === 0) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = [...path, name]
    if (names.includes(name)) return unknownNames(inner, prefix === '' ? name : `${prefix}.${name}`, at)
    return [{ path: at, isAtName: true, message: unknownName(name, names) }]
  })
}

/** The names that the map with the full name `prefix` may hold. */
function namesIn(prefix: string): string[] {
  const start = prefix === '' ? '' : `${prefix}.`
  const below = optionNames.filter(option => option.startsWith(start)).map(option => option.slice(start.length))
  return [...new Set(below.map(option => /^\w*/.exec(option)![0]))]
}

/** A map of options; valibot alone takes a list for one. Which names it may have is for {@link unknownNames} to say. */
function section<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(v.custom(isMap, must('a map of options')), v.object(entries, 'is missing: it must be mqtt or ws'))
}

/** One of the broker's limits: the broker itself knows what it may be. */
function limit(name: keyof Limits) {
  return v.pipe(
    v.number(must('a whole number')),
    v.rawCheck(({ dataset, addIssue }) => {
      const fault = dataset.typed ? limitFault(name, dataset.value) : undefined
      if (fault !== undefined) addIssue({ message: fault })
    }),
  )
}

function limitFault(name: keyof Limits, value: number): string | undefined {
  try {
    limitsOf({ [name]: value })
    return undefined
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.slice(error.option.length + 1)
  }
}

function text(what: string) {
  return v.pipe(v.string(must(what)), v.nonEmpty(must(what)))
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function must(what: string): (issue: v.BaseIssue<unknown>) => string {
  return ({ input }) => `must be ${what}, not ${shown(input)}`
}

/** A value as people know it from the file. */
function shown(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const written = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return written.length > 40 ? `${written.slice(0, 39)}…` : written
}

function unknownName(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names)
  if (nearest !== undefined) return `is not an option: did you mean ${nearest}?`
  const elsewhere = optionNames.find(option => /[^.]*$/.exec(option)![0] === name)
  if (elsewhere !== undefined) return `is not an option here: did you mean ${elsewhere}?`
  if (names.length > NAMES_LISTED_MAX) return 'is not an option: docs/reference/configuration.md lists all'
  return `is not an option: there are ${names.join(', ')}`
}
