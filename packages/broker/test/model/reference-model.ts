/** What MQTT asks of Sessions, Subscriptions, retained messages, Wills and deliveries, with no thought for speed. */

import {
  type ModelConnect,
  type ModelDelivery,
  type ModelMessage,
  type ModelSession,
  type ModelSubscription,
  matches,
  type QoS,
  receiveMaximumOf,
} from './values.ts'

export class ReferenceModel {
  /** Seconds. */
  now = 0
  readonly sessions = new Map<number, ModelSession>()
  readonly retained = new Map<string, ModelMessage>()
  /** What each client must have got since the last look. */
  readonly outbox: string[][] = [[], [], [], []]

  connect(client: number, connect: ModelConnect): void {
    this.leave(client)
    if (connect.cleanStart) this.end(client)
    const known = this.sessions.get(client)
    this.outbox[client]!.push(known === undefined ? 'CONNACK 00' : 'CONNACK 00 session-present')
    const fresh = { leftAt: 0, subscriptions: new Map(), queue: [], inFlight: [] }
    const session = { ...(known ?? fresh), connect, will: connect.will, isConnected: true }
    this.sessions.set(client, session)
    for (const delivery of session.inFlight) if (delivery.isReleased) this.outbox[client]!.push('PUBREL')
    for (const delivery of session.inFlight) {
      delivery.usesQuota = !delivery.isReleased
      if (!delivery.isReleased) this.outbox[client]!.push(`${delivery.text} dup`)
    }
    this.pump(client)
  }

  /** The connection ends. @param withWill whether the Will is still to be published */
  leave(client: number, withWill = true): void {
    const session = this.sessions.get(client)
    if (session === undefined || !session.isConnected) return
    session.isConnected = false
    session.leftAt = this.now
    if (!withWill) session.will = undefined
    this.fallDue()
  }

  advance(seconds: number): void {
    const until = this.now + seconds
    const moments = [...this.sessions.values()].flatMap(({ leftAt, connect, will }) => [
      leftAt + connect.expiry,
      leftAt + (will?.delay ?? 0),
    ])
    for (const moment of moments.sort((a, b) => a - b)) {
      if (moment <= this.now || moment > until) continue
      this.now = moment
      this.fallDue()
    }
    this.now = until
  }

  /** Returns how many Subscriptions have got it, as one delivery for each Session. */
  publish(message: ModelMessage): number {
    if (message.retain && message.payload === '') this.retained.delete(message.topic)
    else if (message.retain) this.retained.set(message.topic, message)
    let count = 0
    for (const [client, { subscriptions }] of this.sessions) {
      const matching = [...subscriptions.values()].filter(
        each => matches(each.filter.split('/'), message.topic.split('/')) && !this.isKeptFrom(client, each, message),
      )
      if (matching.length === 0) continue
      count++
      const retain = message.retain && matching.some(each => each.retainAsPublished)
      this.deliver(client, message, retain, matching)
    }
    return count
  }

  subscribe(client: number, subscription: ModelSubscription): void {
    const { subscriptions } = this.sessions.get(client)!
    const { filter, retainHandling, qos } = subscription
    const isWanted = retainHandling === 0 || (retainHandling === 1 && !subscriptions.has(filter))
    subscriptions.set(filter, subscription)
    this.outbox[client]!.push(`SUBACK 0${qos}`)
    for (const message of isWanted ? this.retained.values() : []) {
      if (!matches(filter.split('/'), message.topic.split('/'))) continue
      if (!this.isKeptFrom(client, subscription, message)) this.deliver(client, message, true, [subscription])
    }
  }

  /** The client acknowledges, one step. */
  acknowledge(client: number, delivery: ModelDelivery): void {
    const session = this.sessions.get(client)!
    const isOver = delivery.qos === 1 || delivery.isReleased
    delivery.isReleased = true
    if (isOver) session.inFlight = session.inFlight.filter(each => each !== delivery)
    else this.outbox[client]!.push('PUBREL')
    this.pump(client)
  }

  isKeptFrom(client: number, { noLocal }: ModelSubscription, { publisher }: ModelMessage): boolean {
    return noLocal && publisher === client
  }

  deliver(client: number, message: ModelMessage, retain: boolean, matching: readonly ModelSubscription[]): void {
    const session = this.sessions.get(client)!
    const qos = Math.min(message.qos, Math.max(...matching.map(each => each.qos))) as QoS
    const identifiers = matching.flatMap(({ identifier }) => identifier ?? []).sort()
    const words = [`PUBLISH ${message.topic} '${message.payload}' qos ${qos}`]
    if (retain) words.push('retain')
    if (identifiers.length > 0) words.push(`identifiers ${identifiers}`)
    if (qos > 0) session.queue.push({ text: words.join(' '), qos: qos as 1 | 2, isReleased: false, usesQuota: true })
    else if (session.isConnected) this.outbox[client]!.push(words.join(' '))
    this.pump(client)
  }

  pump(client: number): void {
    const session = this.sessions.get(client)!
    while (session.isConnected && session.inFlight.filter(each => each.usesQuota).length < receiveMaximumOf(client)) {
      const next = session.queue.shift()
      if (next === undefined) return
      session.inFlight.push(next)
      this.outbox[client]!.push(next.text)
    }
  }

  /** Publishes Wills and ends Sessions whose moment has come. */
  fallDue(): void {
    for (const [client, session] of this.sessions) {
      if (session.isConnected) continue
      if (session.will !== undefined && session.leftAt + session.will.delay <= this.now) this.publishWill(client)
      if (session.leftAt + session.connect.expiry <= this.now) this.end(client)
    }
  }

  /** The Session ends, and its Will comes at the latest now. */
  end(client: number): void {
    this.sessions.get(client)?.subscriptions.clear()
    this.publishWill(client)
    this.sessions.delete(client)
  }

  publishWill(client: number): void {
    const session = this.sessions.get(client)
    if (session?.will === undefined) return
    const { will } = session
    session.will = undefined
    this.publish({ ...will, publisher: client })
  }
}
