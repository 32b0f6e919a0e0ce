import { ProtocolError, ReasonCode } from '@curlew/codec'

/** Topic Aliases that the sender of the other end has set, section 3.3.2.3.4. They live as long as the Network Connection. */
export class IncomingTopicAliases {
  readonly #topics = new Map<number, string>()
  readonly #maximum: number

  /** @param maximum the Topic Alias Maximum that we announced, 0 to 65 535 */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /**
   * @param topic Topic Name of the PUBLISH; empty when the alias stands for it
   * @returns the Topic Name that is meant
   * @throws {ProtocolError} with 0x94 when the alias is 0 or above the maximum, with 0x82 when it has not been set
   */
  resolve(topic: string, alias: number): string {
    if (alias === 0) throw new ProtocolError('Topic Alias is 0', '[MQTT-3.3.2-8]', ReasonCode.TopicAliasInvalid)
    if (alias > this.#maximum) {
      const message = `Topic Alias ${alias} is above the maximum ${this.#maximum}`
      throw new ProtocolError(message, '[MQTT-3.3.2-9]', ReasonCode.TopicAliasInvalid)
    }
    if (topic !== '') {
      this.#topics.set(alias, topic)
      return topic
    }
    const known = this.#topics.get(alias)
    if (known === undefined) throw new ProtocolError(`Topic Alias ${alias} has not been set (section 3.3.4)`)
    return known
  }
}

/** A Topic Alias to send; the Topic Name goes with it when the receiver does not know it yet. */
export interface OutgoingAlias {
  readonly alias: number
  readonly isKnown: boolean
}

/** So many topics per alias are remembered to see whether they come again. */
const CANDIDATES_PER_ALIAS = 4

/**
 * Topic Aliases that we set, section 3.3.2.3.4. A topic gets one when it comes again: a name that is sent once
 * would only grow by the alias. When all are taken, the one that was given longest ago goes to the new topic.
 */
export class OutgoingTopicAliases {
  readonly #aliases = new Map<string, OutgoingAlias>()
  /** Topics by alias, as {@link #aliases} has them; index 0 is not used. */
  readonly #topics: string[] = ['']
  /** Topics that have come once; forgotten all together when there are too many. */
  readonly #candidates = new Set<string>()
  readonly #maximum: number
  #given = 0

  /** @param maximum the Topic Alias Maximum that the receiver announced [MQTT-3.1.2-26], [MQTT-3.2.2-17] */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** @returns the alias for a topic, or `undefined` when it is to be sent without one */
  assign(topic: string): OutgoingAlias | undefined {
    const known = this.#aliases.get(topic)
    if (known !== undefined) return known
    if (this.#maximum === 0) return undefined
    if (!this.#candidates.delete(topic)) {
      if (this.#candidates.size >= this.#maximum * CANDIDATES_PER_ALIAS) this.#candidates.clear()
      this.#candidates.add(topic)
      return undefined
    }
    const alias = (this.#given++ % this.#maximum) + 1
    const replaced = this.#topics[alias]
    if (replaced !== undefined) this.#aliases.delete(replaced)
    this.#topics[alias] = topic
    this.#aliases.set(topic, { alias, isKnown: true })
    return { alias, isKnown: false }
  }

  /** Takes an alias back whose PUBLISH has not been sent, so that the receiver does not know it. */
  forget(topic: string): void {
    this.#aliases.delete(topic)
  }
}
