/** Text of others on a terminal: it takes the columns it takes, and moves nothing. */

/** Control characters as escapes: a payload must not move the cursor, change colours or set the title of a window. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, character => {
    const code = character.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

/** As {@link visible}, line ends included. */
export function inOneLine(text: string): string {
  return visible(text).replaceAll('\n', '\\x0a')
}

const wide = /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u

/** Columns that a terminal takes for a text, near enough: wide characters take two, combining marks none. */
export function columns(text: string): number {
  let count = 0
  for (const character of text) count += columnsOf(character)
  return count
}

/** The text in exactly so many columns: cut off with an ellipsis, or followed by blanks. */
export function fitted(text: string, width: number): string {
  const flat = text.replaceAll('\t', ' ')
  if (columns(flat) <= width) return flat + ' '.repeat(width - columns(flat))
  let shown = ''
  let count = 0
  for (const character of flat) {
    count += columnsOf(character)
    if (count > width - 1) break
    shown += character
  }
  return `${shown}…${' '.repeat(Math.max(0, width - 1 - columns(shown)))}`
}

function columnsOf(character: string): number {
  if (character === '\t') return 8
  if (/\p{M}|\u200d/u.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

/** The size of bytes that are no text and the first of them, as many as there is room for. */
export function binaryText(bytes: Uint8Array, size: number, width: number): string {
  const head = `${size} bytes:`
  const count = Math.max(4, Math.floor((width - head.length - 2) / 3))
  const shown = [...bytes.subarray(0, count)].map(byte => byte.toString(16).padStart(2, '0'))
  return `${head} ${shown.join(' ')}${size > count ? ' …' : ''}`
}
