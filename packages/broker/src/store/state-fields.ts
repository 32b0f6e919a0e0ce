/** A field of a line is not what it must be. The message names the field and follows the number of the line. */
export class StateFault extends Error {
  override get name(): string {
    return 'StateFault'
  }
}

/** Characters of a wrong value that an error shows. */
const SHOWN_MAX = 40
/** Bytes of a string of MQTT (section 1.5.4). */
const TEXT_BYTES_MAX = 65_535

/** The fields of an object that was read from JSON: each is asked for by name and checked, then {@link end} finds what is left over. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #asked = new Set<string>()

  /** @param path names the object in errors; empty for the line itself @throws {StateFault} when it is no object */
  constructor(value: unknown, path = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new StateFault(`${path === '' ? 'the line' : path} must be an object, not ${shown(value)}`)
    }
    this.#values = value as Record<string, unknown> // it is an object, and no array
    this.#path = path
  }

  has(name: string): boolean {
    this.#asked.add(name)
    return this.#values[name] !== undefined
  }

  boolean(name: string): boolean {
    const value = this.#get(name)
    return typeof value === 'boolean' ? value : this.#refuse(name, 'must be true or false')
  }

  /** A whole number. */
  number(name: string, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#get(name)
    return isWholeNumber(value, min, max) ? value : this.#refuse(name, `must be a whole number from ${min} to ${max}`)
  }

  /** `undefined` when the field is not there. */
  optionalNumber(name: string, min: number, max?: number): number | undefined {
    return this.has(name) ? this.number(name, min, max) : undefined
  }

  oneOf<const Value extends number>(name: string, values: readonly Value[]): Value {
    const value = this.#get(name)
    return values.find(candidate => candidate === value) ?? this.#refuse(name, `must be one of ${values.join(', ')}`)
  }

  /** A string as MQTT has them. @param isAllowed what else is asked of it, `what` in words */
  text(name: string, isAllowed: (text: string) => boolean = () => true, what = 'a text'): string {
    const value = this.#get(name)
    if (typeof value !== 'string') return this.#refuse(name, `must be ${what}`)
    const fault = textFault(value)
    if (fault !== undefined) return this.#refuse(name, fault)
    return isAllowed(value) ? value : this.#refuse(name, `must be ${what}`)
  }

  optionalText(name: string, isAllowed?: (text: string) => boolean, what?: string): string | undefined {
    return this.has(name) ? this.text(name, isAllowed, what) : undefined
  }

  /** Bytes that are written as base64. */
  bytes(name: string, lengthMax: number): Uint8Array {
    const value = this.#get(name)
    const bytes = typeof value === 'string' ? decodedBase64(value) : undefined
    if (bytes === undefined) return this.#refuse(name, 'must be base64')
    return bytes.length <= lengthMax ? bytes : this.#refuse(name, `must have at most ${lengthMax} bytes`)
  }

  numbers(name: string, min: number, max: number): number[] {
    const value = this.#get(name)
    const isRight = Array.isArray(value) && value.every(item => isWholeNumber(item, min, max))
    return isRight ? value : this.#refuse(name, `must be a list of whole numbers from ${min} to ${max}`)
  }

  /** Names and values of User Properties, in order. */
  pairs(name: string): (readonly [string, string])[] {
    const value = this.#get(name)
    const isRight = Array.isArray(value) && value.every(isPair)
    return isRight ? value : this.#refuse(name, 'must be a list of pairs of texts')
  }

  object(name: string): Fields {
    return new Fields(this.#get(name), this.#nameOf(name))
  }

  /** @throws {StateFault} when there is a field that nobody has asked for: a slip of the pen must not go unnoticed */
  end(): void {
    const unknown = Object.keys(this.#values).find(name => !this.#asked.has(name))
    if (unknown !== undefined) throw new StateFault(`${this.#nameOf(unknown)} is not a field of this line`)
  }

  /** @throws {StateFault} about this field */
  refuse(name: string, problem: string): never {
    throw new StateFault(`${this.#nameOf(name)} ${problem}`)
  }

  #get(name: string): unknown {
    this.#asked.add(name)
    return this.#values[name]
  }

  #refuse(name: string, problem: string): never {
    const value = this.#values[name]
    return this.refuse(name, value === undefined ? `${problem}; it is not there` : `${problem}, not ${shown(value)}`)
  }

  #nameOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }
}

function isWholeNumber(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isText)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && textFault(value) === undefined
}

function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain U+0000' // [MQTT-1.5.4-2]
  if (/\p{Surrogate}/u.test(text)) return 'must not contain half of a surrogate pair' // [MQTT-1.5.4-1]
  // One UTF-16 unit is at most three bytes.
  const isLong = text.length * 3 > TEXT_BYTES_MAX && Buffer.byteLength(text) > TEXT_BYTES_MAX
  return isLong ? `must have at most ${TEXT_BYTES_MAX} bytes` : undefined
}

/** Node leaves out what is not base64, which the length tells. */
function decodedBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return text.length % 4 === 0 && bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
}
