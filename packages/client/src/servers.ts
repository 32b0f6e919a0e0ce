import { argumentError } from './error.ts'

/** Referrals that are followed without a pause or a connection that lasts in between: Servers may refer to each other. */
const REFERRALS_MAX = 5

/** Which Server comes next: the URLs in turn, and where a Server refers to (section 4.11). */
export class Servers {
  #urls: URL[]
  #index = 0
  /** Tried before the others; a referral that is not for good is forgotten when it fails. */
  #referred: URL | undefined
  #referrals = 0
  /** Servers that have failed one after the other. */
  #failures = 0

  /** @throws {ClientError} `ERR_INVALID_ARGUMENT` when one is no URL */
  constructor(urls: readonly (string | URL)[]) {
    this.#urls = urls.map(parse)
  }

  get current(): URL {
    return this.#referred ?? this.#urls[this.#index]!
  }

  /** A connection has lasted. One that is only accepted proves nothing: such Servers would be asked in turn without a pause. */
  lasted(): void {
    this.#referrals = 0
    this.#failures = 0
  }

  /** The current one has failed. @returns whether all have, one after the other: it is time for a pause */
  failed(): boolean {
    if (this.#referred) this.#referred = undefined
    else this.#index = (this.#index + 1) % this.#urls.length
    if (++this.#failures < this.#urls.length) return false
    this.lasted()
    return true
  }

  /**
   * The current one refers to others. The scheme stays: nobody can refer from TLS to plain text.
   *
   * @param reference addresses with optional ports, separated by spaces; the first is taken
   * @param isPermanent whether it takes the place of the current one
   * @returns whether it is followed
   */
  refer(reference: string, isPermanent: boolean): boolean {
    const [address = ''] = reference.trim().split(' ')
    const { protocol, pathname } = this.current
    const text = `${protocol}//${address}${protocol.startsWith('ws') ? pathname : ''}`
    if (!address || !URL.canParse(text) || ++this.#referrals > REFERRALS_MAX) return false
    this.#referred = isPermanent ? undefined : new URL(text)
    if (isPermanent) this.#urls[this.#index] = new URL(text)
    return true
  }
}

function parse(url: string | URL): URL {
  const text = String(url)
  // `broker.example` and `broker.example:1883` are what people write.
  const full = /^[a-z]+:\/\//i.test(text) ? text : `mqtt://${text}`
  if (!URL.canParse(full)) throw argumentError(`${text} is no URL`)
  return new URL(full)
}
