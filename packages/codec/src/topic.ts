import type { Statement } from './errors.ts'

/** Levels that a Topic Name or Topic Filter may have by default: deeper ones serve attacks, not fleets. */
export const TOPIC_LEVELS_MAX = 128

const SHARE_PREFIX = '$share/'
const MULTI_LEVEL = 0x23
const SINGLE_LEVEL = 0x2b
const SEPARATOR = 0x2f

/** @returns the number of levels: separators plus one. Iterative, so depth costs no stack. */
export function countTopicLevels(topic: string): number {
  let count = 1
  for (let at = topic.indexOf('/'); at !== -1; at = topic.indexOf('/', at + 1)) count++
  return count
}

/** @returns the statement that keeps a string from being a Topic Name, or `undefined` when it may be one */
export function topicNameFault(name: string): Statement | undefined {
  if (name === '') return '[MQTT-4.7.3-1]'
  if (hasWildcards(name)) return '[MQTT-4.7.0-1]'
  return name.includes('\0') ? '[MQTT-4.7.3-2]' : undefined
}

/** Whether a string may be a Topic Filter, section 4.7.1; shared ones included. */
export function isTopicFilter(filter: string): boolean {
  return topicFilterFault(filter) === undefined
}

/** @returns the statement that keeps a string from being a Topic Filter, or `undefined` when it may be one */
export function topicFilterFault(filter: string): Statement | undefined {
  return plainFilterFault(filter) ?? sharedFilterFault(filter)
}

/** @returns the statement on Shared Subscriptions that keeps a string from being the Topic Filter of one, section 4.8.2 */
export function sharedFilterFault(filter: string): Statement | undefined {
  if (!isSharedFilter(filter)) return undefined
  const slash = filter.indexOf('/', SHARE_PREFIX.length)
  if (slash === SHARE_PREFIX.length || filter.length === SHARE_PREFIX.length) return '[MQTT-4.8.2-1]'
  if (slash === -1 || slash === filter.length - 1) return '[MQTT-4.8.2-2]'
  return hasWildcards(filter.slice(SHARE_PREFIX.length, slash)) ? '[MQTT-4.8.2-2]' : undefined
}

/** A Shared Subscription's Topic Filter in its parts, section 4.8.2. */
export interface SharedFilter {
  readonly shareName: string
  readonly filter: string
}

/**
 * Splits `$share/{ShareName}/{filter}`.
 *
 * @returns `undefined` when the filter is not shared or not well formed; {@link isTopicFilter} tells which
 */
export function parseSharedFilter(filter: string): SharedFilter | undefined {
  if (!isSharedFilter(filter) || !isTopicFilter(filter)) return undefined
  const slash = filter.indexOf('/', SHARE_PREFIX.length)
  return { shareName: filter.slice(SHARE_PREFIX.length, slash), filter: filter.slice(slash + 1) }
}

/** Whether a Topic Filter names a Shared Subscription. */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith(SHARE_PREFIX)
}

/** Whether a Topic Filter or Share Name has a wildcard character. */
export function hasWildcards(text: string): boolean {
  return text.includes('+') || text.includes('#')
}

/**
 * A wildcard must have a separator or an end of the filter on either side; `#` must have the filter's end behind it. The beginning
 * of a Shared Subscription has no wildcards and ends with a separator, so the rule for all of it is the rule for the part behind.
 *
 * @returns the statement that keeps a string, shared or not, from being a Topic Filter, section 4.7
 */
export function plainFilterFault(filter: string): Statement | undefined {
  if (filter === '') return '[MQTT-4.7.3-1]'
  if (filter.includes('\0')) return '[MQTT-4.7.3-2]'
  for (let index = 0; index < filter.length; index++) {
    const code = filter.charCodeAt(index)
    if (code !== MULTI_LEVEL && code !== SINGLE_LEVEL) continue
    const isWholeLevel = isSeparator(filter, index - 1) && isSeparator(filter, index + 1)
    if (code === SINGLE_LEVEL && !isWholeLevel) return '[MQTT-4.7.1-2]'
    if (code === MULTI_LEVEL && (!isWholeLevel || index !== filter.length - 1)) return '[MQTT-4.7.1-1]'
  }
  return undefined
}

/** Whether a level ends at `index`: there is a `/`, or the filter does not reach there. */
function isSeparator(filter: string, index: number): boolean {
  return index < 0 || index === filter.length || filter.charCodeAt(index) === SEPARATOR
}
