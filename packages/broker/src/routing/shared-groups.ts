import { parseSharedFilter } from '@curlew/codec'
import type { Message } from '@curlew/protocol'
import { type Delivery, mergeTerms, type Subscriber, type Subscription } from './subscription.ts'

/**
 * How a Shared Subscription chooses among its members (section 4.8.2):
 * - `least-in-flight`: whoever has the least to do, which evens out members of different speed;
 * - `round-robin`: each in turn;
 * - `sticky`: by a hash of the topic, so that a topic stays with its member as long as the members are the same;
 * - `random`;
 * - `local-first`: in turn among the members on this node, others only when there are none.
 */
export type SharedStrategy = 'least-in-flight' | 'round-robin' | 'sticky' | 'random' | 'local-first'

export const sharedStrategies: readonly SharedStrategy[] = [
  'least-in-flight',
  'round-robin',
  'sticky',
  'random',
  'local-first',
]

/** Members that `least-in-flight` compares for one message; with more, it looks at the next so many in turn. */
const COMPARED_MAX = 16

/** A member, and how it gets a message: as its own Subscription says. */
type Member = Delivery

/**
 * The Session that stands for all members of one Shared Subscription: each message that matches goes to exactly
 * one of them (section 4.8.2). Members that are connected come first; while nobody is, messages wait with a
 * member whose Session is kept.
 */
export class SharedGroup implements Subscriber {
  /** No Client: nobody publishes under this name, so No Local never applies [MQTT-3.8.3-4]. */
  readonly clientId = ''
  readonly isConnected = true
  readonly unfinishedCount = 0
  readonly isLocal = true
  /** The whole filter, `$share/{ShareName}/{filter}`. */
  readonly sharedFilter: string
  readonly filter: string
  readonly #strategy: SharedStrategy
  readonly #random: () => number
  #members: Member[] = []
  #turn = 0

  /** @param random from 0 up to, not including, 1 */
  constructor(sharedFilter: string, filter: string, strategy: SharedStrategy, random: () => number) {
    this.sharedFilter = sharedFilter
    this.filter = filter
    this.#strategy = strategy
    this.#random = random
  }

  get memberCount(): number {
    return this.#members.length
  }

  /** Adds a member, or gives it another Subscription. @returns whether it is new */
  join(subscription: Subscription): boolean {
    const { subscriber } = subscription
    const terms = { ...mergeTerms([subscription]), sharedFilter: this.sharedFilter }
    const index = this.#members.findIndex(member => member.subscriber === subscriber)
    if (index !== -1) {
      this.#members[index] = { subscriber, terms }
      return false
    }
    this.#members.push({ subscriber, terms })
    return true
  }

  /** @returns whether it was a member */
  leave(subscriber: Subscriber): boolean {
    const count = this.#members.length
    this.#members = this.#members.filter(member => member.subscriber !== subscriber)
    return this.#members.length < count
  }

  /** {@link Subscriber.claimRoom}: a group is full when all of its members are. */
  claimRoom(message: Message, _: Delivery, decision: number): Delivery | undefined {
    const chosen = this.#choose(message, this.#members)
    return chosen && this.#claimRoom(message, decision, chosen, this.#members)
  }

  /**
   * {@link Subscriber.deliver}: one member gets it, at the QoS its own Subscription has [MQTT-4.8.2-3]. While one has room, none
   * loses a message for it.
   */
  deliver(message: Message): void {
    const chosen = this.#choose(message, this.#members)
    if (chosen === undefined) return
    const { subscriber, terms } = this.#claimRoom(message, 0, chosen, this.#members) ?? chosen
    subscriber.deliver(message, terms)
  }

  /**
   * Gives a message that one member had and did not finish to another one.
   *
   * @param mustBeConnected whether waiting with another member is no better than waiting with this one
   * @returns `false` when there is no other, or none that has room and is better
   */
  redeliver(message: Message, from: Subscriber, mustBeConnected: boolean): boolean {
    const others = this.#members.filter(({ subscriber }) => {
      return subscriber !== from && (subscriber.isConnected || !mustBeConnected)
    })
    const chosen = this.#choose(message, others)
    if (chosen === undefined) return false
    const withRoom = this.#claimRoom(message, 0, chosen, others)
    if (withRoom === undefined && mustBeConnected) return false // where it is, it costs no other message
    const { subscriber, terms } = withRoom ?? chosen
    subscriber.deliver(message, terms)
    return true
  }

  /** {@link Subscriber.handOver}: nothing waits with a group. */
  handOver(): void {}

  /** Members that are away: what waits with them can go to somebody who is there. */
  absentMembers(): Subscriber[] {
    return this.#members.map(({ subscriber }) => subscriber).filter(({ isConnected }) => !isConnected)
  }

  /** Finds room with the member that was chosen, or else with any, those first that are connected. */
  #claimRoom(message: Message, decision: number, chosen: Member, members: readonly Member[]): Delivery | undefined {
    const found = chosen.subscriber.claimRoom(message, chosen, decision)
    if (found !== undefined) return found
    for (const isConnected of [true, false]) {
      for (const member of members) {
        if (member === chosen || member.subscriber.isConnected !== isConnected) continue
        const other = member.subscriber.claimRoom(message, member, decision)
        if (other !== undefined) return other
      }
    }
    return undefined
  }

  /** One of those that are connected, if there are any. */
  #choose(message: Message, members: readonly Member[]): Member | undefined {
    if (members.length === 0) return undefined
    if (this.#strategy === 'least-in-flight') return this.#leastBusy(members, true) ?? this.#leastBusy(members, false)
    // Mostly all are there, and nothing need be allocated (bench/macro: shared group).
    const connected = members.every(isConnected) ? members : members.filter(isConnected)
    return this.#pick(this.#strategy, connected.length > 0 ? connected : members, message)
  }

  /** @param members at least one */
  #pick(strategy: Exclude<SharedStrategy, 'least-in-flight'>, members: readonly Member[], message: Message): Member {
    switch (strategy) {
      case 'round-robin':
        return this.#next(members)
      case 'sticky':
        return members[hashOf(message.topic) % members.length]!
      case 'random':
        return members[Math.floor(this.#random() * members.length)]!
      case 'local-first': {
        const local = members.filter(({ subscriber }) => subscriber.isLocal)
        return this.#next(local.length > 0 ? local : members)
      }
      default:
        return strategy satisfies never
    }
  }

  #next(members: readonly Member[]): Member {
    this.#turn = (this.#turn + 1) % members.length
    return members[this.#turn]!
  }

  /** Each member that comes into question begins the comparison in its turn. @param mustBeConnected whether others do not count */
  #leastBusy(members: readonly Member[], mustBeConnected: boolean): Member | undefined {
    const { length } = members
    const next = this.#turn + 1
    let best: Member | undefined
    let least = Number.POSITIVE_INFINITY
    let compared = 0
    for (let step = 0; least > 0 && compared < COMPARED_MAX && step < length; step++) {
      const index = (next + step) % length
      const member = members[index]!
      if (mustBeConnected && !member.subscriber.isConnected) continue
      if (compared++ === 0) this.#turn = index
      const { unfinishedCount } = member.subscriber
      if (unfinishedCount >= least) continue
      best = member
      least = unfinishedCount
    }
    return best
  }
}

function isConnected({ subscriber }: Member): boolean {
  return subscriber.isConnected
}

/** FNV-1a over the UTF-16 units of a topic. */
function hashOf(topic: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < topic.length; index++) hash = Math.imul(hash ^ topic.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** All Shared Subscriptions by their whole filter; a group exists while it has members. */
export class SharedGroups {
  readonly #groups = new Map<string, SharedGroup>()
  readonly #strategy: SharedStrategy
  readonly #random: () => number

  constructor(strategy: SharedStrategy, random: () => number) {
    this.#strategy = strategy
    this.#random = random
  }

  get(sharedFilter: string): SharedGroup | undefined {
    return this.#groups.get(sharedFilter)
  }

  /** Finds or creates the group of a filter that {@link parseSharedFilter} understands. */
  open(sharedFilter: string): SharedGroup {
    const known = this.#groups.get(sharedFilter)
    if (known !== undefined) return known
    const parts = parseSharedFilter(sharedFilter)
    if (parts === undefined) throw new TypeError(`'${sharedFilter}' is not a Shared Subscription`)
    const group = new SharedGroup(sharedFilter, parts.filter, this.#strategy, this.#random)
    this.#groups.set(sharedFilter, group)
    return group
  }

  /** Lets connected members take what waits with those that are away. */
  gather(sharedFilter: string): void {
    for (const subscriber of this.#groups.get(sharedFilter)?.absentMembers() ?? []) subscriber.handOver(sharedFilter)
  }

  close(group: SharedGroup): void {
    this.#groups.delete(group.sharedFilter)
  }
}
