import { hasWildcards } from '@curlew/codec'
import { type LevelNode, LevelTree } from './level-tree.ts'
import type { Subscriber, Subscription } from './subscription.ts'

/** Subscriptions with one Topic Filter. */
type Holders = Map<Subscriber, Subscription>

/**
 * Subscriptions by Topic Filter. Filters without wildcards, most of all in a fleet, are keys of a map;
 * the others form a tree with one node per level:
 *
 *     sport/+/score   sport/#            sport ─┬─ + ── score
 *                                               └─ #
 *
 * The time of a match grows with the levels of the topic and the wildcards that lead somewhere, not with the number
 * of subscriptions.
 */
export class TopicTree {
  readonly #exact = new Map<string, Holders>()
  readonly #tree = new LevelTree<Holders>()
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
    let nodes = [this.#tree.root]
    for (let start = 0; start <= topic.length && nodes.length > 0; ) {
      const slash = topic.indexOf('/', start)
      const end = slash === -1 ? topic.length : slash
      nodes = this.#step(nodes, topic, start, end, found)
      start = end + 1
    }
    for (const node of nodes) {
      collect(node.value, found)
      collect(node.children?.get('#')?.value, found) // `a/#` matches its parent level `a` (section 4.7.1.2)
    }
    return found
  }

  /** Goes one level down from `nodes`; filters that end in `#` here match whatever follows. */
  #step(
    nodes: LevelNode<Holders>[],
    topic: string,
    start: number,
    end: number,
    found: Subscription[],
  ): LevelNode<Holders>[] {
    const level = topic.slice(start, end)
    // Wildcards at the first level stay away from topics that begin with $.
    const takesWildcards = start > 0 || topic.charCodeAt(0) !== 0x24 // [MQTT-4.7.2-1]
    const next: LevelNode<Holders>[] = []
    for (const { children } of nodes) {
      if (children === undefined) continue
      const literal = children.get(level)
      if (literal !== undefined) next.push(literal)
      if (!takesWildcards) continue
      const single = children.get('+')
      if (single !== undefined) next.push(single)
      collect(children.get('#')?.value, found)
    }
    return next
  }

  #holdersOf(filter: string): Holders {
    if (!hasWildcards(filter)) {
      let holders = this.#exact.get(filter)
      if (holders === undefined) {
        holders = new Map()
        this.#exact.set(filter, holders)
      }
      return holders
    }
    const node = this.#tree.grow(filter)
    if (node.value === undefined) this.#tree.set(node, new Map())
    return node.value!
  }

  #removeExact(filter: string, subscriber: Subscriber): boolean {
    const holders = this.#exact.get(filter)
    if (holders === undefined || !holders.delete(subscriber)) return false
    if (holders.size === 0) this.#exact.delete(filter)
    return true
  }

  #removeFromTree(filter: string, subscriber: Subscriber): boolean {
    const node = this.#tree.find(filter)
    if (!node?.value?.delete(subscriber)) return false
    if (node.value.size === 0) this.#tree.clear(node)
    return true
  }
}

function collect(holders: Holders | undefined, found: Subscription[]): void {
  if (holders !== undefined) for (const subscription of holders.values()) found.push(subscription)
}
