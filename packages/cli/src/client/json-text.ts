/**
 * JSON text as Mosquitto's tools print it, made from JSON text token by token: the order of names, names that occur twice and large
 * numbers stay as they are, which they would not through JavaScript's objects.
 *
 *     {"a": [1, {"b": 27.0}]}  ─▶  {"a":[1,{"b":27}]}
 */

const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[{}[\],:]|true|false|null/g

/**
 * Prints JSON in one line without blanks or in many.
 *
 * @throws {SyntaxError} when `text` is not JSON
 */
export function formatJson(text: string, isPretty: boolean): string {
  JSON.parse(text)
  const tokens = text.match(token) ?? []
  return isPretty ? prettyJson(tokens) : tokens.map(canonical).join('')
}

/** Text as a JSON string: quotes, backslashes and control characters are escaped, nothing else. */
export function jsonString(text: string): string {
  return JSON.stringify(text)
}

function canonical(word: string): string {
  if (word.startsWith('"')) return JSON.stringify(JSON.parse(word))
  return /^[-\d]/.test(word) ? jsonNumber(Number(word)) : word
}

/** As C prints it with 15 digits, or with 17 where it takes them to tell the number from its neighbours. */
function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  const short = general(value, 15)
  return Number(short) === value ? short : general(value, 17)
}

/** printf's `%.*g`. */
function general(value: number, digits: number): string {
  if (Object.is(value, -0)) return '-0'
  const [mantissa = '', exponent = '0'] = value.toExponential(digits - 1).split('e')
  const power = Number(exponent)
  const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)
  if (power >= -4 && power < digits) return trimmed(value.toFixed(Math.min(100, Math.max(0, digits - 1 - power))))
  const sign = power < 0 ? '-' : '+'
  return `${trimmed(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, '0')}`
}

/** In the layout of cJSON: members of an object on lines of their own behind tabs, elements of an array in one line. */
function prettyJson(tokens: readonly string[]): string {
  const open: ('{' | '[')[] = []
  const parts: string[] = []
  const indent = (): string => '\t'.repeat(open.length)
  for (const [index, word] of tokens.entries()) {
    if (word === '{') {
      open.push('{')
      parts.push('{\n', tokens[index + 1] === '}' ? '' : indent())
    } else if (word === '}') {
      open.pop()
      parts.push(tokens[index - 1] === '{' ? '' : '\n', indent(), '}')
    } else if (word === '[') {
      open.push('[')
      parts.push('[')
    } else if (word === ']') {
      open.pop()
      parts.push(']')
    } else if (word === ':') parts.push(':\t')
    else if (word === ',') parts.push(open.at(-1) === '{' ? `,\n${indent()}` : ', ')
    else parts.push(canonical(word))
  }
  return parts.join('')
}
