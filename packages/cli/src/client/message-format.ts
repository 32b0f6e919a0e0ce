import { InvalidArgumentError } from 'commander'
import { messageJson } from './message-json.ts'
import type { PrintedMessage } from './printed-message.ts'
import { strftime } from './strftime.ts'
import { UnprintableError } from './unprintable-error.ts'

/**
 * The format strings of `-F`, as Mosquitto's tools have them: text with three kinds of sequences in it.
 *
 *     %-10t   a parameter of the message; flags, width and precision stand between
 *     @H      a conversion of strftime for the time of arrival; @N is nanoseconds
 *     \n      a character that is hard to type
 */

/** What stands between `%` and the letter. */
interface Field {
  readonly isLeft: boolean
  readonly pad: ' ' | '0'
  readonly width: number
  /** `undefined` without one. */
  readonly precision: number | undefined
  readonly isPretty: boolean
}

/** Decimals that JavaScript writes of a number at most. */
const DECIMALS_MAX = 100

type Part = (message: PrintedMessage) => Buffer | string

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  '0': '\0',
  a: '\u0007',
  e: '\u001b',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const sequence = /%([-0]?)(\d*)(?:\.(\d*))?(.)?|@(.)?|\\(.)?|[^%@\\]+/gsu

/** A width that is larger is a slip, and would only fill memory. */
const WIDTH_MAX = 65_535

/**
 * Makes a function of a format string. The function throws {@link UnprintableError}, with what can be printed, when `%J` finds a
 * payload that is not JSON.
 *
 * @param isPretty whether JSON is printed in several lines
 * @param end stands behind each message
 * @throws {InvalidArgumentError} naming a sequence that there is not
 */
export function messageFormat(format: string, isPretty: boolean, end = ''): (message: PrintedMessage) => Buffer {
  const parts: Part[] = []
  for (const match of format.matchAll(sequence)) parts.push(partOf(match, isPretty))
  parts.push(() => end)
  return message => {
    let fault: SyntaxError | undefined
    const printed = parts.map(part => {
      try {
        return Buffer.from(part(message) as string) // or from a Buffer
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error
        fault = error
        return Buffer.alloc(0)
      }
    })
    const bytes = Buffer.concat(printed)
    if (!fault) return bytes
    throw new UnprintableError(`Message payload is not valid JSON on topic ${message.topic}.`, bytes, fault)
  }
}

function partOf(match: RegExpExecArray, isPretty: boolean): Part {
  const [text, flag, width = '', precision, parameter, time, escaped] = match
  switch (text[0]) {
    case '%':
      return parameterPart(parameter, {
        isLeft: flag === '-',
        pad: flag === '0' || (flag === '-' && width.startsWith('0')) ? '0' : ' ',
        width: checkedWidth(width),
        precision: precision === undefined ? undefined : checkedWidth(precision),
        isPretty,
      })
    case '@':
      return timePart(time)
    case '\\': {
      const known = escaped !== undefined && Object.hasOwn(escapes, escaped) ? escapes[escaped] : undefined
      if (known === undefined) throw new InvalidArgumentError(`There is no escape \\${escaped ?? ''}.`)
      return () => known
    }
    default:
      return () => text
  }
}

function checkedWidth(digits: string): number {
  const width = Number(digits)
  if (width <= WIDTH_MAX) return width
  throw new InvalidArgumentError(`A width is at most ${WIDTH_MAX}.`)
}

function timePart(letter: string | undefined): Part {
  if (letter === undefined) throw new InvalidArgumentError('A letter must follow the last @.')
  if (letter === '@') return () => '@'
  if (letter === 'N') return ({ arrival }) => nine(arrival.nanoseconds)
  return ({ arrival }) => strftime(letter, arrival.date)
}

function nine(nanoseconds: number): string {
  return String(nanoseconds).padStart(9, '0')
}

/** Each parameter by its letter. */
const parameters: Readonly<Record<string, (message: PrintedMessage, field: Field) => Buffer | string>> = {
  '%': () => '%',
  A: ({ properties }, field) => number(properties.topicAlias, field),
  C: ({ properties }, field) => text(properties.contentType ?? '', field),
  D: ({ properties }) => Buffer.from(properties.correlationData ?? []),
  d: ({ payload }, field) => float(payload.length === 8 ? payload.readDoubleLE() : undefined, field),
  E: ({ properties }, field) => number(properties.messageExpiryInterval, field),
  F: ({ properties }, field) => number(properties.payloadFormatIndicator, field),
  f: ({ payload }, field) => float(payload.length === 4 ? payload.readFloatLE() : undefined, field),
  I: ({ arrival: { date } }, field) =>
    text(`${strftime('F', date)}T${strftime('T', date)}${strftime('z', date)}`, field),
  j: (message, { isPretty }) => messageJson(message, false, isPretty),
  J: (message, { isPretty }) => messageJson(message, true, isPretty),
  l: ({ payload }, field) => number(payload.length, field),
  m: ({ packetId }, field) => number(packetId, field),
  P: ({ properties }) => (properties.userProperties ?? []).map(([name, value]) => `${name}:${value}`).join(' '),
  p: ({ payload }, field) => bytes(payload, field),
  q: ({ qos }) => String(qos),
  R: ({ properties }, field) => (properties.responseTopic === undefined ? '' : text(properties.responseTopic, field)),
  r: ({ retain }) => (retain ? '1' : '0'),
  S: ({ properties }, field) => number(properties.subscriptionIdentifiers?.[0], field),
  t: ({ topic }, field) => text(topic, field),
  U: ({ arrival: { date, nanoseconds } }) => `${strftime('s', date)}.${nine(nanoseconds)}`,
  x: ({ payload }, field) => hex(payload, field),
  X: ({ payload }, field) => hex(payload, field).toUpperCase(),
}

function parameterPart(letter: string | undefined, field: Field): Part {
  if (letter === undefined) throw new InvalidArgumentError('A letter must follow the last %.')
  const print = Object.hasOwn(parameters, letter) ? parameters[letter] : undefined
  if (print === undefined) throw new InvalidArgumentError(`There is no parameter %${letter}.`)
  return message => print(message, field)
}

/** What is not there is blank, or zeros where those were asked for. */
function number(value: number | undefined, { isLeft, pad, width }: Field): string {
  if (value === undefined) return pad.repeat(width)
  if (isLeft) return String(value).padEnd(width)
  return String(value).padStart(width, pad)
}

/** As C prints it with `%f`; nothing for a payload of another length. Zeros stand behind the sign. */
function float(value: number | undefined, { isLeft, pad, width, precision = 6 }: Field): string {
  if (value === undefined) return ''
  const digits = decimals(Math.abs(value), precision)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (isLeft) return (sign + digits).padEnd(width)
  if (pad === '0' && Number.isFinite(value)) return sign + digits.padStart(width - sign.length, '0')
  return (sign + digits).padStart(width)
}

/** More than {@link DECIMALS_MAX} are zeros: no float has them. */
function decimals(value: number, precision: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (value === Infinity) return 'inf'
  const count = Math.min(precision, DECIMALS_MAX)
  const text = value < 1e21 ? value.toFixed(count) : `${BigInt(value)}${count > 0 ? `.${'0'.repeat(count)}` : ''}`
  return text + '0'.repeat(precision - count)
}

/** Widths count bytes, as C does. */
function text(value: string, { isLeft, width, precision }: Field): Buffer {
  const all = Buffer.from(value)
  const part = precision === undefined ? all : all.subarray(0, precision)
  const blank = Buffer.alloc(Math.max(0, width - part.length), ' ')
  return Buffer.concat(isLeft ? [part, blank] : [blank, part])
}

/** A width is also the most that is printed. */
function bytes(payload: Buffer, { isLeft, pad, width }: Field): Buffer {
  if (width === 0) return payload
  const part = payload.subarray(0, width)
  const count = width - part.length
  return Buffer.concat(isLeft ? [part, Buffer.alloc(count, ' ')] : [Buffer.alloc(count, pad), part])
}

function hex(payload: Buffer, { isLeft, pad, width }: Field): string {
  if (width === 0) return payload.toString('hex')
  const part = payload.subarray(0, Math.floor(Math.min(width, payload.length) / 2)).toString('hex')
  return isLeft ? part.padEnd(width) : part.padStart(width, pad)
}
