import { isExpired, type Message } from '@curlew/protocol'
import { type LevelNode, LevelTree } from './level-tree.ts'
import { RetainedSearch, type SearchAllowance } from './retained-search.ts'

export interface RetainedLimits {
  /** Retained messages at most: what a million topics cost is measured, more is a decision. Default 1 000 000. */
  retainedCountMax: number
  /** Bytes of payloads, properties and topics at most. Default 1 GiB. */
  retainedBytesMax: number
}

/**
 * The last retained message of each topic (section 3.3.1.3), by topic and as a tree for filters with
 * wildcards. Beyond a limit nothing new is retained; what is there can still be replaced and cleared. Messages of the Server
 * itself stand in the same tree and are neither counted nor limited: they are as many as the program has names for.
 */
export class RetainedMessages {
  readonly #byTopic = new Map<string, LevelNode<Message>>()
  /** The same for messages of the Server itself; no topic is in both. */
  readonly #system = new Map<string, LevelNode<Message>>()
  readonly #tree = new LevelTree<Message>()
  readonly #limits: RetainedLimits
  readonly #onExpired: (topic: string) => void
  #bytes = 0

  /** @param onExpired gets the topic of each message that is forgotten because it has expired */
  constructor(limits: RetainedLimits, onExpired: (topic: string) => void) {
    this.#limits = limits
    this.#onExpired = onExpired
  }

  /** Retained messages of Clients. */
  get count(): number {
    return this.#byTopic.size
  }

  /** Bytes of payloads, properties and topics. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Keeps a message in place of the one its topic had [MQTT-3.3.1-5].
   *
   * @param message owned, with a payload that is not empty
   * @returns `false` when a limit does not allow it; then nothing has changed
   */
  set(message: Message): boolean {
    const known = this.#byTopic.get(message.topic)
    const growth = sizeOf(message) - (known?.value === undefined ? 0 : sizeOf(known.value))
    if (known === undefined && this.#byTopic.size >= this.#limits.retainedCountMax) return false
    if (growth > 0 && this.#bytes + growth > this.#limits.retainedBytesMax) return false
    this.#put(this.#byTopic, message)
    this.#bytes += growth
    return true
  }

  /**
   * Keeps a message of the Server itself.
   *
   * @param message owned, with a payload that is not empty, without expiry, to a topic that Clients cannot publish to
   */
  setSystem(message: Message): void {
    this.#put(this.#system, message)
  }

  /** Forgets the message of a topic [MQTT-3.3.1-6]. @returns whether there was one */
  clear(topic: string): boolean {
    const node = this.#byTopic.get(topic)
    if (node?.value === undefined) return false
    this.#bytes -= sizeOf(node.value)
    this.#byTopic.delete(topic)
    this.#tree.clear(node)
    return true
  }

  get(topic: string): Message | undefined {
    return this.nodeOf(topic)?.value
  }

  /** The node of a topic that has a message; as long as it has one, it stays the same. */
  nodeOf(topic: string): LevelNode<Message> | undefined {
    return this.#byTopic.get(topic) ?? this.#system.get(topic)
  }

  /** Begins to look for the messages that match a Topic Filter. */
  search(filter: string): RetainedSearch {
    return new RetainedSearch(this.#tree, filter)
  }

  /**
   * Goes on with a search.
   *
   * @param expiredMs messages that had expired by then are passed over and forgotten; milliseconds of the monotonic clock
   * @returns the next node, with a message; `undefined` when there is none or the allowance is used up
   */
  next(search: RetainedSearch, expiredMs: number, allowance: SearchAllowance): LevelNode<Message> | undefined {
    for (let node = search.next(allowance); node !== undefined; node = search.next(allowance)) {
      const { topic, expiresAt } = node.value!
      if (!isExpired(expiresAt, expiredMs)) return node
      this.clear(topic)
      this.#onExpired(topic)
    }
    return undefined
  }

  #put(index: Map<string, LevelNode<Message>>, message: Message): void {
    let node = index.get(message.topic)
    if (node === undefined) {
      node = this.#tree.grow(message.topic)
      index.set(message.topic, node)
    }
    this.#tree.set(node, message)
  }
}

function sizeOf(message: Message): number {
  return message.payloadLength + message.encodedProperties.length + message.topic.length
}
