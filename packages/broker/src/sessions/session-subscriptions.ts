import type { Subscription } from '../routing/subscription.ts'

/**
 * The Subscriptions of one Session, by Topic Filter. Most Clients have one or none: a single one stands for itself, since a Map takes
 * more memory than all other parts of the Session.
 */
export class SessionSubscriptions {
  #held: Subscription | Map<string, Subscription> | undefined = undefined

  get size(): number {
    if (this.#held instanceof Map) return this.#held.size
    return this.#held === undefined ? 0 : 1
  }

  has(filter: string): boolean {
    if (this.#held instanceof Map) return this.#held.has(filter)
    return this.#held?.filter === filter
  }

  /** Adds a Subscription, in place of the one with its filter if there is one. */
  set(subscription: Subscription): void {
    const held = this.#held
    if (held instanceof Map) held.set(subscription.filter, subscription)
    else if (held === undefined || held.filter === subscription.filter) this.#held = subscription
    else this.#held = new Map([held, subscription].map(each => [each.filter, each]))
  }

  /** @returns whether there was one */
  delete(filter: string): boolean {
    if (this.#held instanceof Map) return this.#held.delete(filter)
    if (this.#held?.filter !== filter) return false
    this.#held = undefined
    return true
  }

  clear(): void {
    this.#held = undefined
  }

  /** The Topic Filters, in the order the Subscriptions came. */
  filters(): string[] {
    if (this.#held instanceof Map) return [...this.#held.keys()]
    return this.#held === undefined ? [] : [this.#held.filter]
  }
}
