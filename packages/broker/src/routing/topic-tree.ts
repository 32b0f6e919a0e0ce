import { hasWildcards } from '@curlew/codec'
import type { Subscriber, Subscription } from './subscription.ts'

/** One level of the tree of filters with wildcards. */
class Node {
  readonly parent: Node | undefined
  /** The level's name in its parent; `+` and `#` are the wildcards. */
  readonly name: string
  children: Map<string, Node> | undefined = undefined
  /** Subscriptions whose filter ends here. */
  subscriptions: Map<Subscriber, Subscription> | undefined = undefined

  constructor(parent: Node | undefined, name: string) {
    this.parent = parent
    this.name = name
  }
}

/**
 * Subscriptions by Topic Filter. Filters without wildcards, most of all in a fleet, are keys of a map;
 * the others form a tree with one node per level:
 *
 *     sport/+/score   sport/#            sport ─┬─ + ── score
 *                                               └─ #
 *
 * The time of a match grows with the levels of the topic and the wildcards that lead somewhere, not with the number
 * of subscriptions. Nothing recurses, so depth costs no stack.
 */
export class TopicTree {
  readonly #exact = new Map<string, Map<Subscriber, Subscription>>()
  readonly #root = new Node(undefined, '')
  #size = 0

  /** Subscriptions in the tree. */
  get size(): number {
    return this.#size
  }

  /** Adds a Subscription in place of the one its Subscriber has with the same filter [MQTT-3.8.4-3]. */
  add(subscription: Subscription): void {
    const holders = this.#holdersOf(subscription.filter)
    if (!holders.has(subscription.subscriber)) this.#size++
    holders.set(subscription.subscriber, subscription)
  }

  /** @returns whether there was such a Subscription */
  remove(filter: string, subscriber: Subscriber): boolean {
    const isRemoved = hasWildcards(filter)
      ? this.#removeFromTree(filter, subscriber)
      : this.#removeExact(filter, subscriber)
    if (isRemoved) this.#size--
    return isRemoved
  }

  /** All Subscriptions that match a Topic Name, in no particular order. */
  match(topic: string): Subscription[] {
    const found: Subscription[] = []
    collect(this.#exact.get(topic), found)
    let nodes = [this.#root]
    for (let start = 0; start <= topic.length && nodes.length > 0; ) {
      const slash = topic.indexOf('/', start)
      const end = slash === -1 ? topic.length : slash
      nodes = this.#step(nodes, topic, start, end, found)
      start = end + 1
    }
    for (const node of nodes) {
      collect(node.subscriptions, found)
      collect(node.children?.get('#')?.subscriptions, found) // `a/#` matches its parent level `a` (section 4.7.1.2)
    }
    return found
  }

  /** Goes one level down from `nodes`; filters that end in `#` here match whatever follows. */
  #step(nodes: Node[], topic: string, start: number, end: number, found: Subscription[]): Node[] {
    const level = topic.slice(start, end)
    // Wildcards at the first level stay away from topics that begin with $.
    const takesWildcards = start > 0 || topic.charCodeAt(0) !== 0x24 // [MQTT-4.7.2-1]
    const next: Node[] = []
    for (const { children } of nodes) {
      if (children === undefined) continue
      const literal = children.get(level)
      if (literal !== undefined) next.push(literal)
      if (!takesWildcards) continue
      const single = children.get('+')
      if (single !== undefined) next.push(single)
      collect(children.get('#')?.subscriptions, found)
    }
    return next
  }

  #holdersOf(filter: string): Map<Subscriber, Subscription> {
    if (!hasWildcards(filter)) {
      let holders = this.#exact.get(filter)
      if (holders === undefined) {
        holders = new Map()
        this.#exact.set(filter, holders)
      }
      return holders
    }
    let node = this.#root
    for (const level of filter.split('/')) {
      node.children ??= new Map()
      let child = node.children.get(level)
      if (child === undefined) {
        child = new Node(node, level)
        node.children.set(level, child)
      }
      node = child
    }
    node.subscriptions ??= new Map()
    return node.subscriptions
  }

  #removeExact(filter: string, subscriber: Subscriber): boolean {
    const holders = this.#exact.get(filter)
    if (holders === undefined || !holders.delete(subscriber)) return false
    if (holders.size === 0) this.#exact.delete(filter)
    return true
  }

  #removeFromTree(filter: string, subscriber: Subscriber): boolean {
    let node: Node | undefined = this.#root
    for (const level of filter.split('/')) {
      node = node.children?.get(level)
      if (node === undefined) return false
    }
    if (!node.subscriptions?.delete(subscriber)) return false
    if (node.subscriptions.size === 0) node.subscriptions = undefined
    // Nodes that lead nowhere any more go away, from the leaf up.
    for (let empty: Node = node; empty.parent !== undefined && isEmpty(empty); empty = empty.parent) {
      const { children } = empty.parent
      children!.delete(empty.name)
      if (children!.size === 0) empty.parent.children = undefined
    }
    return true
  }
}

function isEmpty(node: Node): boolean {
  return node.subscriptions === undefined && node.children === undefined
}

function collect(holders: Map<Subscriber, Subscription> | undefined, found: Subscription[]): void {
  if (holders !== undefined) for (const subscription of holders.values()) found.push(subscription)
}
