import type { Client, ClientVersion } from './client.ts'
import { changing, comingAndGoing, renewing } from './habits.ts'
import { Publisher } from './publisher.ts'
import type { Random } from './random.ts'
import { RetainedRegister } from './retained.ts'
import { DataSource, dataFilters, MarkerSource } from './sources.ts'
import type { Stage } from './stage.ts'
import { type Habit, Subscriber } from './subscriber.ts'
import { WillClients } from './will-clients.ts'

/** How often, per start of the broker, an absent subscriber comes, and leaves again. */
const COMING_PROBABILITY = 0.4
const LEAVING_PROBABILITY = 0.7
const LEAVING_EVENTS_MAX = 1_500

interface Role {
  readonly name: string
  readonly version: ClientVersion
  readonly qos: 1 | 2
  /** See `SubscriberOptions`. */
  readonly lazy?: number
  readonly habit?: 'coming-and-going' | 'changing' | 'renewing'
  /** Whether it is away for whole lives of the broker. */
  readonly isAbsent?: true
  readonly filters?: readonly string[]
}

const publisherRoles = [
  { name: 'publisher-a', version: 5, window: 20 },
  { name: 'publisher-b', version: 4, window: 20 },
  { name: 'publisher-c', version: 5, window: 1 },
  { name: 'publisher-d', version: 4, window: 8 },
] as const

const subscriberRoles: readonly Role[] = [
  { name: 'steady-a', version: 5, qos: 2 },
  { name: 'steady-b', version: 4, qos: 1 },
  { name: 'lazy-a', version: 4, qos: 2, lazy: 8 },
  { name: 'lazy-b', version: 5, qos: 1, lazy: 8 },
  { name: 'absent-a', version: 5, qos: 2, isAbsent: true },
  { name: 'absent-b', version: 4, qos: 1, isAbsent: true },
  { name: 'visitor-a', version: 5, qos: 1, habit: 'coming-and-going' },
  { name: 'visitor-b', version: 4, qos: 2, habit: 'coming-and-going', lazy: 4 },
  { name: 'changer-a', version: 5, qos: 2, habit: 'changing' },
  { name: 'changer-b', version: 4, qos: 1, habit: 'changing' },
  { name: 'renewer', version: 5, qos: 2, habit: 'renewing' },
  { name: 'watcher', version: 5, qos: 2, filters: ['will/+'] },
]

/** All clients of a run. */
export class Load {
  readonly publishers: readonly Publisher[]
  readonly subscribers: readonly Subscriber[]
  readonly retained: RetainedRegister
  readonly #stage: Stage
  readonly #random: Random
  readonly #sources: readonly DataSource[]
  readonly #absent: readonly Subscriber[]
  readonly #markers: MarkerSource
  readonly #marker: Publisher
  readonly #wills: WillClients

  /** @param versions what the broker speaks; roles with another version take the first */
  constructor(stage: Stage, random: Random, versions: readonly ClientVersion[]) {
    const versionOf = (wanted: ClientVersion): ClientVersion => (versions.includes(wanted) ? wanted : versions[0]!)
    this.#stage = stage
    this.#random = random.fork('absence')
    this.#sources = publisherRoles.map(({ name }) => new DataSource(name, stage, random.fork(name)))
    this.retained = new RetainedRegister(stage, random.fork('retained'))
    const data = publisherRoles.map(({ name, version, window }, index) => {
      return new Publisher(name, versionOf(version), stage, { source: this.#sources[index]!, window })
    })
    const retainer = new Publisher('retainer', versionOf(5), stage, { source: this.retained, window: 6 })
    this.publishers = [...data, retainer]
    // A version that can not be asked for has no Clean Start, so it has no renewer.
    const roles = subscriberRoles.filter(({ habit }) => habit !== 'renewing' || versions.includes(5))
    this.subscribers = roles.map(role => createSubscriber({ ...role, version: versionOf(role.version) }, stage, random))
    this.#absent = this.subscribers.filter((_, index) => roles[index]!.isAbsent)
    this.#markers = new MarkerSource(stage)
    this.#marker = new Publisher('marker', versionOf(5), stage, { source: this.#markers, window: 10 })
    this.#wills = new WillClients(stage, random.fork('wills'), versionOf(5))
  }

  brokerStarted(): void {
    for (const subscriber of this.subscribers) {
      if (this.#absent.includes(subscriber)) this.#comeOrStayAway(subscriber)
      else start(subscriber)
    }
    for (const publisher of this.publishers) start(publisher)
    if (this.#stage.isEnding) start(this.#marker)
    else this.#wills.brokerStarted()
  }

  brokerKilled(): void {
    this.#wills.brokerKilled()
  }

  /** Whoever waits in vain connects anew, as a user would have it do. @returns whether the last messages came then */
  async retry(): Promise<boolean> {
    for (const subscriber of this.subscribers) subscriber.reconnect('cut')
    return this.#stage.timeline.until(() => this.subscribers.every(subscriber => this.#hasMarker(subscriber)))
  }

  /** Clients that something is still under way for, for people. */
  describeUnfinished(): string {
    const publishers = this.publishers.filter(({ isIdle, isConnected }) => !isIdle || !isConnected)
    const subscribers = this.subscribers.filter(subscriber => !this.#hasMarker(subscriber) || !subscriber.isConnected)
    return [...publishers, ...subscribers].map(({ clientId }) => clientId).join(', ')
  }

  /** All clients lose their connections. */
  cut(): void {
    for (const client of [...this.subscribers, ...this.publishers, this.#marker]) client.cut()
  }

  /** All that was sent is acknowledged, all changes are made. @returns whether that was reached */
  async settle(): Promise<boolean> {
    for (const subscriber of this.subscribers) subscriber.stopBeingLazy()
    const isSettled = (): boolean =>
      this.publishers.every(({ isIdle, isConnected }) => isIdle && isConnected) &&
      this.subscribers.every(({ isConnected, isChanging }) => isConnected && !isChanging)
    return this.#stage.timeline.until(isSettled)
  }

  /** One last message on every topic, and when those are acknowledged, one to every subscriber. @returns whether they came */
  async probe(): Promise<boolean> {
    const { timeline } = this.#stage
    for (const source of this.#sources) source.addProbes()
    for (const publisher of this.publishers) publisher.resume()
    const isAcknowledged = await timeline.until(() => this.publishers.every(({ isIdle }) => isIdle))
    this.#markers.add(this.subscribers.map(({ clientId }) => clientId))
    this.#marker.resume()
    const isDelivered = await timeline.until(
      () => this.#marker.isIdle && this.subscribers.every(subscriber => this.#hasMarker(subscriber)),
    )
    return isAcknowledged && isDelivered
  }

  /** Whether the last marker has come to a subscriber, and nothing else is under way. */
  #hasMarker(subscriber: Subscriber): boolean {
    const marker = this.#markers.sent.findLast(({ terms }) => terms.topic === `marker/${subscriber.clientId}`)
    return subscriber.isQuiet && marker !== undefined && subscriber.deliveries.has(marker)
  }

  #comeOrStayAway(subscriber: Subscriber): void {
    const { timeline, isEnding } = this.#stage
    // At first it must come once, to have a Session.
    if (subscriber.isWanted || isEnding || subscriber.histories.size === 0) start(subscriber)
    else if (this.#random.chance(COMING_PROBABILITY)) start(subscriber)
    if (isEnding || !subscriber.isWanted || !this.#random.chance(LEAVING_PROBABILITY)) return
    timeline.after(this.#random.between(1, LEAVING_EVENTS_MAX), () => {
      if (!this.#stage.isEnding) subscriber.goOffline('disconnect')
    })
  }
}

function start(client: Client): void {
  if (client.isWanted) client.brokerStarted()
  else client.goOnline()
}

function createSubscriber(role: Role, stage: Stage, random: Random): Subscriber {
  const { name, version, qos, lazy = 1, habit, filters = dataFilters } = role
  const own = random.fork(name)
  const habits: Habit[] = []
  if (habit === 'coming-and-going') habits.push(comingAndGoing(stage, own))
  if (habit === 'changing') habits.push(changing(stage, own, filters))
  if (habit === 'renewing') habits.push(renewing(stage, own))
  const all = [...filters, `marker/${name}`]
  return new Subscriber(name, version, stage, { qos, filters: all, lazyAcknowledgements: lazy, habits })
}
