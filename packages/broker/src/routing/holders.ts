import type { Subscriber, Subscription } from './subscription.ts'

/**
 * The Subscriptions with one Topic Filter, one for each Subscriber. In a fleet most filters have a single Subscription, which stands for
 * itself: a Map would take more memory than all the rest of it.
 */
export type Holders = Subscription | Map<Subscriber, Subscription>

/** @returns the one of this Subscriber */
export function heldBy(holders: Holders | undefined, subscriber: Subscriber): Subscription | undefined {
  if (holders instanceof Map) return holders.get(subscriber)
  return holders?.subscriber === subscriber ? holders : undefined
}

/** Adds a Subscription in place of the one that its Subscriber has. @returns what is to be kept in place of `holders` */
export function withSubscription(holders: Holders | undefined, subscription: Subscription): Holders {
  const { subscriber } = subscription
  if (holders instanceof Map) return holders.set(subscriber, subscription)
  if (holders === undefined || holders.subscriber === subscriber) return subscription
  return new Map([
    [holders.subscriber, holders],
    [subscriber, subscription],
  ])
}

/** Takes out the Subscription of a Subscriber. @returns what is to be kept in place of `holders`; `undefined` when nothing is left */
export function withoutSubscriber(holders: Holders, subscriber: Subscriber): Holders | undefined {
  if (!(holders instanceof Map)) return holders.subscriber === subscriber ? undefined : holders
  holders.delete(subscriber)
  if (holders.size > 1) return holders
  const [last] = holders.values()
  return last
}

/** Puts all of them at the end of `found`. */
export function collectHolders(holders: Holders | undefined, found: Subscription[]): void {
  if (holders instanceof Map) for (const subscription of holders.values()) found.push(subscription)
  else if (holders !== undefined) found.push(holders)
}
