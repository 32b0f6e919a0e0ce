import { hasWildcards } from '@curlew/codec'
import { isExpired, type Message } from '@curlew/protocol'

/** One level of the tree of topics that have a retained message at or below them. */
class Node {
  readonly parent: Node | undefined
  readonly name: string
  children: Map<string, Node> | undefined = undefined
  message: Message | undefined = undefined

  constructor(parent: Node | undefined, name: string) {
    this.parent = parent
    this.name = name
  }
}

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
  readonly #byTopic = new Map<string, Node>()
  /** The same for messages of the Server itself; no topic is in both. */
  readonly #system = new Map<string, Node>()
  readonly #root = new Node(undefined, '')
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
    const growth = sizeOf(message) - (known?.message === undefined ? 0 : sizeOf(known.message))
    if (known === undefined && this.#byTopic.size >= this.#limits.retainedCountMax) return false
    if (growth > 0 && this.#bytes + growth > this.#limits.retainedBytesMax) return false
    const node = known ?? this.#grow(message.topic, this.#byTopic)
    node.message = message
    this.#bytes += growth
    return true
  }

  /**
   * Keeps a message of the Server itself.
   *
   * @param message owned, with a payload that is not empty, without expiry, to a topic that Clients cannot publish to
   */
  setSystem(message: Message): void {
    const node = this.#system.get(message.topic) ?? this.#grow(message.topic, this.#system)
    node.message = message
  }

  /** Forgets the message of a topic [MQTT-3.3.1-6]. @returns whether there was one */
  clear(topic: string): boolean {
    const node = this.#byTopic.get(topic)
    if (node?.message === undefined) return false
    this.#bytes -= sizeOf(node.message)
    this.#byTopic.delete(topic)
    node.message = undefined
    for (let empty = node; empty.parent !== undefined && isEmpty(empty); empty = empty.parent) {
      const { children } = empty.parent
      children!.delete(empty.name)
      if (children!.size === 0) empty.parent.children = undefined
    }
    return true
  }

  get(topic: string): Message | undefined {
    return (this.#byTopic.get(topic) ?? this.#system.get(topic))?.message
  }

  /**
   * The retained messages that match a Topic Filter and have not expired. Expired ones that are met are forgotten.
   *
   * @param now milliseconds of the monotonic clock
   */
  match(filter: string, now: number): Message[] {
    const found: Message[] = []
    const exact = this.get(filter)
    if (hasWildcards(filter)) this.#matchTree(filter.split('/'), found)
    else if (exact !== undefined) found.push(exact)
    const alive = found.filter(message => !isExpired(message.expiresAt, now))
    if (alive.length < found.length) {
      for (const message of found) if (isExpired(message.expiresAt, now)) this.#expire(message)
    }
    return alive
  }

  #expire({ topic }: Message): void {
    this.clear(topic)
    this.#onExpired(topic)
  }

  #matchTree(levels: readonly string[], found: Message[]): void {
    let nodes = [this.#root]
    for (const [depth, level] of levels.entries()) {
      if (level === '#') return collectBelow(nodes, depth === 0, found)
      const next: Node[] = []
      for (const { children } of nodes) {
        if (children === undefined) continue
        if (level === '+') for (const child of children.values()) if (depth > 0 || !isReserved(child)) next.push(child)
        const literal = level === '+' ? undefined : children.get(level)
        if (literal !== undefined) next.push(literal)
      }
      nodes = next
    }
    for (const { message } of nodes) if (message !== undefined) found.push(message)
  }

  #grow(topic: string, index: Map<string, Node>): Node {
    let node = this.#root
    for (const level of topic.split('/')) {
      node.children ??= new Map()
      let child = node.children.get(level)
      if (child === undefined) {
        child = new Node(node, level)
        node.children.set(level, child)
      }
      node = child
    }
    index.set(topic, node)
    return node
  }
}

/** `#` matches the level it stands behind and everything below. @param isRoot whether the nodes are the root alone */
function collectBelow(nodes: readonly Node[], isRoot: boolean, found: Message[]): void {
  const pending = [...nodes]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.message !== undefined) found.push(node.message)
    if (node.children === undefined) continue
    for (const child of node.children.values()) {
      if (!(isRoot && node.parent === undefined && isReserved(child))) pending.push(child)
    }
  }
}

/** Wildcards at the first level stay away from topics that begin with $ [MQTT-4.7.2-1]. */
function isReserved(node: Node): boolean {
  return node.name.charCodeAt(0) === 0x24
}

function isEmpty(node: Node): boolean {
  return node.message === undefined && node.children === undefined
}

function sizeOf(message: Message): number {
  return message.payloadLength + message.encodedProperties.length + message.topic.length
}
