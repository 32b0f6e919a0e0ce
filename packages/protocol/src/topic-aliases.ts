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

/**
 * Topic Aliases that we set, section 3.3.2.3.4. The first topics get them and keep them: replacing one
 * costs the receiver a table change per message as soon as there are more topics than aliases.
 */
export class OutgoingTopicAliases {
  readonly #aliases = new Map<string, OutgoingAlias>()
  readonly #maximum: number

  /**
   * @param maximum the Topic Alias Maximum that the receiver announced [MQTT-3.1.2-26], [MQTT-3.2.2-17], or less: each
   *   alias in use keeps a Topic Name, of up to 65 535 bytes, until the Network Connection ends
   */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /**
   * From the second call on, the alias of a topic counts as known. Call it therefore only for a PUBLISH that will be
   * sent: were the first one dropped, say for being larger than the receiver's Maximum Packet Size, the receiver could
   * not resolve the next.
   *
   * @returns the alias for a topic, or `undefined` when all are taken
   */
  assign(topic: string): OutgoingAlias | undefined {
    const known = this.#aliases.get(topic)
    if (known !== undefined) return known
    if (this.#aliases.size >= this.#maximum) return undefined
    const alias = this.#aliases.size + 1
    this.#aliases.set(topic, { alias, isKnown: true })
    return { alias, isKnown: false }
  }
}
