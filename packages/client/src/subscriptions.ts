import {
  type AcknowledgementProperties,
  type ClientPacket,
  hasWildcards,
  isFailure,
  PacketType,
  ProtocolError,
  parseSharedFilter,
  ReasonCode,
  type Suback,
  type Unsuback,
  type UserProperty,
} from '@curlew/codec'
import { PacketIds } from '@curlew/protocol'
import type { Connection } from './connection.ts'
import { type ClientError, offlineError, protocolFault, refusal, unsupported } from './error.ts'
import type { Subscription } from './subscription.ts'
import { TopicTree } from './topic-tree.ts'

/** Requests that wait for their answer at most; the rest waits here. */
const REQUESTS_MAX = 1_000
/** Filters to be taken back that wait for a connection at most: callers do not, so they do not see how many there are. */
const WAITING_FILTERS_MAX = 10_000
/** Topics whose receivers are remembered, then forgotten all together. */
const TOPICS_MAX = 10_000
/** Longer ones, in UTF-16 units, are not remembered: a Server could fill the memory with them. */
const REMEMBERED_TOPIC_MAX = 256

/** A Topic Filter that somebody here is subscribed to. */
interface Entry {
  readonly filter: string
  /** What was sent last with this filter: the Server has one Subscription per filter [MQTT-3.8.4-3]. */
  identifier: number
  /** Whether a SUBSCRIBE with this filter has been sent in this Session, so that the Server may have it. */
  isAsked: boolean
  /** Replaced when it changes: a handler may unsubscribe while a message goes through it. */
  subscriptions: readonly Subscription[]
}

/** Where a Subscription stands with the Server. */
interface Standing {
  state: 'wanted' | 'asked' | 'granted'
  /** Tells the caller of `subscribe`; `undefined` once told. */
  settle: ((error?: ClientError) => void) | undefined
}

/** Filters to be taken back, and who waits for it. */
export interface Removal {
  readonly filters: readonly string[]
  readonly userProperties?: readonly UserProperty[] | undefined
  /** @param reasonCodes of the UNSUBACK; none when there was no connection to ask on, and below 5.0 */
  readonly settle: (reasonCodes?: readonly number[]) => void
}

/** Finds Subscriptions of the same topics quickly, and keeps the Server's idea of them right. It outlives connections. */
export class Subscriptions {
  readonly #standings = new Map<Subscription, Standing>()
  readonly #entries = new Map<string, Entry>()
  readonly #tree = new TopicTree<Entry[]>()
  readonly #byTopic = new Map<string, readonly Entry[]>()
  readonly #requests = new Map<number, Subscription | Removal>()
  readonly #packetIds = new PacketIds()
  readonly #isInUse: (packetId: number) => boolean
  #removals: Removal[] = []
  /** Those that wait for a connection, by filter. */
  readonly #waiting = new Map<string, Removal>()
  #connection: Connection | undefined
  /** A Subscription that had been granted is refused when it is renewed. */
  onLost: ((subscription: Subscription, error: ClientError) => void) | undefined

  /** @param isInUse tells which Packet Identifiers messages have taken */
  constructor(isInUse: (packetId: number) => boolean) {
    this.#isInUse = packetId => isInUse(packetId) || this.#requests.has(packetId)
  }

  isRequested(packetId: number): boolean {
    return this.#requests.has(packetId)
  }

  /** Requests that are not answered or not sent. */
  get openCount(): number {
    let count = this.#waiting.size + this.#removals.length + this.#requests.size
    for (const { state } of this.#standings.values()) if (state === 'wanted') count++
    return count
  }

  /** @param settle is called once, when the Server has answered or the Subscription is removed before */
  add(subscription: Subscription, settle: (error?: ClientError) => void): void {
    this.#standings.set(subscription, { state: 'wanted', settle })
    for (const filter of subscription.filters) {
      const entry = this.#entries.get(filter) ?? { filter, identifier: 0, isAsked: false, subscriptions: [] }
      entry.identifier = subscription.identifier
      entry.subscriptions = [...entry.subscriptions, subscription]
      if (entry.subscriptions.length === 1) this.#plant(entry)
    }
    this.#byTopic.clear()
    this.pump()
  }

  /** Takes it out. @returns a promise of the UNSUBACK; it resolves at once when there is no connection */
  remove(subscription: Subscription): Promise<void> {
    const standing = this.#standings.get(subscription)
    if (!this.#standings.delete(subscription)) return Promise.resolve()
    standing?.settle?.()
    const filters = subscription.filters.filter(filter => this.#uproot(filter, subscription))
    this.#byTopic.clear()
    if (filters.length === 0 || (standing?.state === 'wanted' && this.#connection)) return Promise.resolve()
    return new Promise(resolve => this.#takeBack({ filters, settle: () => resolve() }))
  }

  /**
   * Has the Server take filters back, whoever has subscribed to them.
   *
   * @throws {ClientError} `ERR_OFFLINE` when there is no connection, and too many wait for one
   */
  unsubscribe(removal: Removal): void {
    if (this.#waiting.size >= WAITING_FILTERS_MAX) {
      throw offlineError(`, and ${WAITING_FILTERS_MAX} filters wait for one`)
    }
    this.#takeBack(removal)
  }

  /**
   * The Subscriptions that a message is for. Identifiers tell copies of overlapping Subscriptions apart; a message that carries
   * none, or none of ours, is for all that match.
   */
  find(topic: string, identifiers: readonly number[] | undefined): readonly Subscription[] {
    const entries = this.#matching(topic)
    if (entries.length === 1) return entries[0]!.subscriptions
    const meant = identifiers ? entries.filter(({ identifier }) => identifiers.includes(identifier)) : entries
    // One Subscription may have several filters that match: it gets the message once.
    return [...new Set((meant.length > 0 ? meant : entries).flatMap(({ subscriptions }) => subscriptions))]
  }

  attach(connection: Connection, sessionPresent: boolean): void {
    this.#connection = connection
    if (!sessionPresent) {
      for (const standing of this.#standings.values()) standing.state = 'wanted'
      for (const entry of this.#entries.values()) entry.isAsked = false
      this.#waiting.clear() // gone with the Session
    }
    this.#removals.push(...this.#waiting.values())
    this.#waiting.clear()
    this.pump()
  }

  detach(): void {
    this.#connection = undefined
    for (const request of [...this.#requests.values(), ...this.#removals])
      if ('settle' in request) this.#takeBack(request)
    this.#requests.clear()
    this.#removals = []
    for (const standing of this.#standings.values()) if (standing.state === 'asked') standing.state = 'wanted'
  }

  /** Sends what is to be sent, as far as there is a connection. */
  pump(): void {
    if (!this.#connection) return
    while (this.#removals.length > 0 && this.#requests.size < REQUESTS_MAX) {
      const removal = this.#removals.shift()!
      this.#request(removal, packetId => ({
        type: PacketType.Unsubscribe,
        packetId,
        filters: removal.filters,
        properties: { userProperties: removal.userProperties },
      }))
    }
    for (const [subscription, standing] of this.#standings) {
      if (this.#requests.size >= REQUESTS_MAX) return
      if (standing.state === 'wanted') this.#subscribe(this.#connection, subscription, standing)
    }
  }

  suback({ packetId, reasonCodes, properties }: Suback): void {
    const subscription = this.#requests.get(packetId)
    if (!subscription || 'settle' in subscription) return // nobody waits for it, so it changes nothing
    this.#requests.delete(packetId)
    if (reasonCodes.length !== subscription.filters.length) {
      throw new ProtocolError(`SUBACK has ${reasonCodes.length} Reason Codes`, '[MQTT-3.8.4-6]')
    }
    subscription.reasonCodes = reasonCodes
    const standing = this.#standings.get(subscription)
    if (standing) this.#granted(subscription, standing, properties)
    this.pump()
  }

  unsuback({ packetId, reasonCodes }: Unsuback): void {
    const removal = this.#requests.get(packetId)
    if (!removal || !('settle' in removal)) return
    this.#requests.delete(packetId)
    removal.settle(reasonCodes)
    this.pump()
  }

  /** Ends all of them. */
  close(error: ClientError, isFault: boolean): void {
    for (const [subscription, { settle }] of this.#standings) {
      settle?.(error)
      subscription.finish(isFault ? error : undefined)
    }
  }

  /** Callers do not wait for a connection; without one, the last removal of a filter takes the place of those before. */
  #takeBack(removal: Removal): void {
    if (this.#connection) {
      this.#removals.push(removal)
      return this.pump()
    }
    for (const filter of removal.filters) this.#waiting.set(filter, { ...removal, filters: [filter] })
    removal.settle()
  }

  #matching(topic: string): readonly Entry[] {
    let entries = this.#byTopic.get(topic)
    if (!entries) {
      entries = this.#tree.match(topic).flat()
      if (this.#byTopic.size >= TOPICS_MAX) this.#byTopic.clear()
      if (topic.length <= REMEMBERED_TOPIC_MAX) this.#byTopic.set(topic, entries)
    }
    return entries
  }

  #plant(entry: Entry): void {
    this.#entries.set(entry.filter, entry)
    const plain = plainFilter(entry.filter)
    this.#tree.set(plain, [...(this.#tree.get(plain) ?? []), entry])
  }

  /** @returns whether nobody else here wants the filter, and the Server may have it */
  #uproot(filter: string, subscription: Subscription): boolean {
    const entry = this.#entries.get(filter)
    if (!entry) return false
    entry.subscriptions = entry.subscriptions.filter(other => other !== subscription)
    if (entry.subscriptions.length > 0) return false
    this.#entries.delete(filter)
    const plain = plainFilter(filter)
    const others = this.#tree.get(plain)!.filter(other => other !== entry)
    if (others.length > 0) this.#tree.set(plain, others)
    else this.#tree.delete(plain)
    return entry.isAsked
  }

  #subscribe(connection: Connection, subscription: Subscription, standing: Standing): void {
    const { filters, identifier, options } = subscription
    const refused = unavailable(connection, filters)
    if (refused) return this.#refuse(subscription, standing, refused)
    const { qos = 1, noLocal = false, retainAsPublished = false, retainHandling = 0, userProperties } = options
    const subscriptionIdentifiers =
      connection.server.subscriptionIdentifiersAvailable === false || identifier === 0 ? undefined : [identifier]
    standing.state = 'asked'
    for (const filter of filters) this.#entries.get(filter)!.isAsked = true
    this.#request(subscription, packetId => ({
      type: PacketType.Subscribe,
      packetId,
      subscriptions: filters.map(filter => ({ filter, qos, noLocal, retainAsPublished, retainHandling })),
      properties: { subscriptionIdentifiers, userProperties },
    }))
  }

  #request(request: Subscription | Removal, packet: (packetId: number) => ClientPacket): void {
    const packetId = this.#packetIds.next(this.#isInUse)!
    try {
      this.#connection!.send(packet(packetId))
      this.#requests.set(packetId, request)
    } catch (error) {
      if ('settle' in request) request.settle()
      else this.#refuse(request, this.#standings.get(request)!, protocolFault(error))
    }
  }

  #granted(subscription: Subscription, standing: Standing, properties: AcknowledgementProperties): void {
    const { filters, reasonCodes, options } = subscription
    const failed = reasonCodes.findIndex(isFailure)
    const isDenied = reasonCodes.every(isFailure)
    standing.state = isDenied ? 'wanted' : 'granted'
    if (failed >= 0 && (isDenied || !options.allowsPartialGrant)) {
      const what = `the Server refused '${filters[failed]}'`
      return this.#refuse(
        subscription,
        standing,
        refusal('ERR_SUBSCRIBE_REFUSED', what, reasonCodes[failed]!, properties),
      )
    }
    standing.settle?.()
    standing.settle = undefined
  }

  #refuse(subscription: Subscription, standing: Standing, error: ClientError): void {
    const { settle } = standing
    standing.settle = undefined
    void this.remove(subscription)
    subscription.finish(error)
    if (settle) settle(error)
    else this.onLost?.(subscription, error)
  }
}

/** What a filter matches: that of a Shared Subscription without group. */
function plainFilter(filter: string): string {
  return parseSharedFilter(filter)?.filter ?? filter
}

/** Why a Server cannot take these filters, or `undefined` when it can. */
function unavailable({ server }: Connection, filters: readonly string[]): ClientError | undefined {
  const { wildcardSubscriptionAvailable, sharedSubscriptionAvailable } = server
  if (wildcardSubscriptionAvailable === false && filters.some(filter => hasWildcards(filter))) {
    return unsupported('wildcards', ReasonCode.WildcardSubscriptionsNotSupported)
  }
  if (sharedSubscriptionAvailable === false && filters.some(filter => plainFilter(filter) !== filter)) {
    return unsupported('Shared Subscriptions', ReasonCode.SharedSubscriptionsNotSupported)
  }
  return undefined
}
