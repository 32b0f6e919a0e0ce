import { isSharedFilter, isTopicFilter, TopicNames } from '@curlew/codec'
import { InvalidArgumentError } from 'commander'

/** Parsers of what stands behind a flag. Each throws commander's error, which names the flag and says what is wrong. */

/** A parser of whole numbers. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d{1,10}$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

/** A parser of seconds and other amounts with a fraction. */
export function amount(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d*\.?\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`)
  }
}

/** Any text but none. */
export function someText(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It is empty.')
}

/** A topic to publish to. */
export function topicName(text: string): string {
  if (TopicNames.isValid(text)) return text
  const isFilter = /[+#]/.test(text)
  throw new InvalidArgumentError(
    isFilter ? 'Only a subscription can have + or # in it.' : 'It is no topic: from 1 to 65535 bytes of text.',
  )
}

/** A topic or a pattern of topics. */
export function topicFilter(text: string): string {
  if (isTopicFilter(text)) return text
  throw new InvalidArgumentError(filterRule(text))
}

function filterRule(text: string): string {
  if (text === '') return 'It is empty.'
  if (isSharedFilter(text)) return 'A shared subscription is $share/<name>/<filter>.'
  return 'A + stands alone between slashes, a # alone at the end.'
}

/** A parser for a flag that may be given several times. */
export function each<Value>(parse: (text: string) => Value): (text: string, before: Value[] | undefined) => Value[] {
  return (text, before = []) => [...before, parse(text)]
}

const protocolVersions: Readonly<Record<string, 3 | 4 | 5>> = {
  mqttv31: 3,
  '31': 3,
  '3.1': 3,
  mqttv311: 4,
  '311': 4,
  '3.1.1': 4,
  mqttv5: 5,
  '5': 5,
  '5.0': 5,
}

/** The level that CONNECT has for a version. */
export function protocolVersion(text: string): 3 | 4 | 5 {
  const version = protocolVersions[text]
  if (version !== undefined) return version
  throw new InvalidArgumentError('It must be 5, 311 or 31.')
}

/** Means that a Session does not expire. */
export const NEVER_EXPIRES = 0xffff_ffff

/** Seconds; `-1` and `∞` stand for never. */
export function sessionExpiry(text: string): number {
  if (text === '-1' || text === '∞') return NEVER_EXPIRES
  return wholeNumber(0, NEVER_EXPIRES)(text)
}
