import { hasWildcards } from '@curlew/codec'
import { collectHolders, type Holders, heldBy, withoutSubscriber, withSubscription } from './holders.ts'
import { type LevelNode, LevelTree } from './level-tree.ts'
import type { Subscriber, Subscription } from './subscription.ts'

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
    const { filter, subscriber } = subscription
    const node = hasWildcards(filter) ? this.#tree.grow(filter) : undefined
    const holders = node === undefined ? this.#exact.get(filter) : node.value
    if (heldBy(holders, subscriber) === undefined) this.#size++
    const more = withSubscription(holders, subscription)
    if (node === undefined) this.#exact.set(filter, more)
    else this.#tree.set(node, more)
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
    collectHolders(this.#exact.get(topic), found)
    let nodes = [this.#tree.root]
    for (let start = 0; start <= topic.length && nodes.length > 0; ) {
      const slash = topic.indexOf('/', start)
      const end = slash === -1 ? topic.length : slash
      nodes = this.#step(nodes, topic, start, end, found)
      start = end + 1
    }
    for (const node of nodes) {
      collectHolders(node.value, found)
      collectHolders(node.children?.get('#')?.value, found) // `a/#` matches its parent level `a` (section 4.7.1.2)
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
      collectHolders(children.get('#')?.value, found)
    }
    return next
  }

  #removeExact(filter: string, subscriber: Subscriber): boolean {
    const holders = this.#exact.get(filter)
    if (holders === undefined || heldBy(holders, subscriber) === undefined) return false
    const left = withoutSubscriber(holders, subscriber)
    if (left === undefined) this.#exact.delete(filter)
    else this.#exact.set(filter, left)
    return true
  }

  #removeFromTree(filter: string, subscriber: Subscriber): boolean {
    const node = this.#tree.find(filter)
    if (node?.value === undefined || heldBy(node.value, subscriber) === undefined) return false
    const left = withoutSubscriber(node.value, subscriber)
    if (left === undefined) this.#tree.clear(node)
    else this.#tree.set(node, left)
    return true
  }
}
