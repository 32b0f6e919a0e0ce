import { isWellFormedUtf8, type PublishProperties } from '@curlew/codec'
import type { Style } from '../output.ts'
import { formatJson } from './json-text.ts'
import type { PrintedMessage } from './printed-message.ts'
import { strftime } from './strftime.ts'
import { binaryText, columns, inOneLine, visible } from './terminal-text.ts'

/** How a message is laid out on a terminal. */
export interface PrettyOptions {
  /** Columns of the terminal. */
  readonly width: number
  readonly style: Style
  /** Whether the properties are shown. */
  readonly isVerbose: boolean
}

/** Before lines that belong to the one above. */
const INDENT = '  '

/** A JSON payload that is longer is shown as it came: nobody reads it, and laying it out takes time. */
const LAID_OUT_CHARACTERS_MAX = 100_000

/**
 * A message for people: time, topic and payload in one line where they fit, otherwise the payload below.
 *
 *     21:04:05 home/kitchen/temperature 21.5
 *     21:04:06 camera/snapshot (qos 1, retained) 48213 bytes: ff d8 ff e0 00 10 4a …
 *
 * No byte of the payload reaches the terminal as a control character.
 *
 * @returns lines, ended
 */
export function prettyMessage(message: PrintedMessage, { width, style, isVerbose }: PrettyOptions): string {
  const time = strftime('T', message.arrival.date)
  const topic = inOneLine(message.topic)
  const flags = flagsOf(message)
  const head = `${style.faint(time)} ${style.strong(topic)}${flags === '' ? '' : ` ${style.faint(flags)}`}`
  const used = time.length + 1 + columns(topic) + (flags === '' ? 0 : flags.length + 1)
  const room = width - used - 1
  const below = isVerbose ? propertyLines(message.properties).map(line => style.faint(INDENT + line)) : []
  const lines = payloadLines(message.payload, room, width - INDENT.length)
  const [first = ''] = lines
  const isInline = lines.length === 1 && columns(first) <= Math.max(room, 0)
  const shown = lines.map(line => coloured(line, message.payload, style))
  const all = isInline ? [`${head} ${shown[0]}`, ...below] : [head, ...below, ...shown.map(line => INDENT + line)]
  return `${all.join('\n')}\n`
}

function flagsOf({ qos, retain }: PrintedMessage): string {
  const flags = [...(qos > 0 ? [`qos ${qos}`] : []), ...(retain ? ['retained'] : [])]
  return flags.length === 0 ? '' : `(${flags.join(', ')})`
}

/** @param room columns beside the topic @param width columns below it */
function payloadLines(payload: Buffer, room: number, width: number): string[] {
  if (payload.length === 0) return ['(empty)']
  if (payload.includes(0) || !isWellFormedUtf8(payload))
    return [binaryText(payload, payload.length, Math.max(room, width))]
  const text = payload.toString()
  const compact = jsonIn(text)
  if (compact === undefined) return visible(text).replace(/\n$/, '').split('\n')
  if (columns(compact) <= Math.max(room, 0)) return [visible(compact)]
  const laidOut = formatJson(text, true).replace(/^\t+/gm, tabs => INDENT.repeat(tabs.length))
  return visible(laidOut.replaceAll(':\t', ': ')).split('\n')
}

/** An object or an array in one line; `undefined` for what is not JSON, or a single value. */
function jsonIn(text: string): string | undefined {
  if (!/^\s*[{[]/.test(text) || text.length > LAID_OUT_CHARACTERS_MAX) return undefined
  try {
    return formatJson(text, false)
  } catch {
    return undefined // text that happens to begin with a bracket
  }
}

/** Names in JSON are set off; so is what stands for a payload that is no text. */
function coloured(line: string, payload: Buffer, style: Style): string {
  if (payload.length === 0 || payload.includes(0) || !isWellFormedUtf8(payload)) return style.faint(line)
  if (!/^\s*[{[]/.test(payload.subarray(0, 20).toString())) return line
  return line.replace(/"(?:[^"\\]|\\.)*"(?=:)/g, name => style.faint(name))
}

function propertyLines(properties: PublishProperties): string[] {
  const { contentType, responseTopic, correlationData, messageExpiryInterval, userProperties = [] } = properties
  const rows: [name: string, value: string | undefined][] = [
    ['content-type', contentType],
    ['response-topic', responseTopic],
    ['correlation-data', correlationData && Buffer.from(correlationData).toString()],
    ['message-expiry-interval', messageExpiryInterval?.toString()],
    ['payload-format-indicator', properties.payloadFormatIndicator?.toString()],
    ['subscription-identifier', properties.subscriptionIdentifiers?.join(', ')],
    ...userProperties.map(([name, value]): [string, string] => [`user-property ${name}`, value]),
  ]
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [inOneLine(`${name}: ${value}`)]))
}
