import { isSharedFilter, isTopicFilter } from '@curlew/codec'
import { matchesTopicFilter } from '@curlew/protocol'
import { StateFault } from './state-fields.ts'

/** Which part of a store is wanted. */
export interface StateSelection {
  includesSession(clientId: string): boolean
  includesRetained(topic: string): boolean
}

/** What {@link stateSelectionOf} goes by. Without any of it, everything is wanted; an empty list wants nothing. */
export interface SelectionOptions {
  /** Client Identifiers, in which `*` stands for any text, `?` for one character, and `\` makes the next character stand for itself. */
  readonly sessions?: readonly string[] | undefined
  /** Topic Filters. */
  readonly retained?: readonly string[] | undefined
}

/** @throws {StateFault} when a text is no Topic Filter that retained messages can match */
export function stateSelectionOf({ sessions, retained }: SelectionOptions): StateSelection {
  const wrong = retained?.find(filter => !isTopicFilter(filter) || isSharedFilter(filter))
  if (wrong !== undefined) throw new StateFault(`${JSON.stringify(wrong)} is not a Topic Filter for retained messages`)
  const patterns = sessions?.map(patternOf)
  return {
    includesSession: clientId => patterns?.some(pattern => pattern.test(clientId)) ?? true,
    includesRetained: topic => retained?.some(filter => matchesTopicFilter(filter, topic)) ?? true,
  }
}

/** `s`: a Client Identifier may have line ends. `u`: what counts as one character is a code point. */
function patternOf(glob: string): RegExp {
  const source = glob.replace(/\\(.?)|[\s\S]/gu, (character, escaped?: string) => {
    if (escaped !== undefined) return literal(escaped === '' ? '\\' : escaped)
    if (character === '*') return '.*'
    return character === '?' ? '.' : literal(character)
  })
  return new RegExp(`^${source}$`, 'su')
}

function literal(character: string): string {
  return character.replace(/[\^$\\.*+?()[\]{}|/]/, '\\$&')
}
