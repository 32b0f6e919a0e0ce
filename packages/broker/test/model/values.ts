/** What the reference model and the commands speak of. Clients are numbers. */

export type QoS = 0 | 1 | 2

export interface ModelMessage {
  readonly topic: string
  readonly payload: string
  readonly qos: QoS
  readonly retain: boolean
  readonly publisher: number
}

export interface ModelSubscription {
  readonly filter: string
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: 0 | 1 | 2
  readonly identifier: number | undefined
}

export interface ModelWill extends Omit<ModelMessage, 'publisher'> {
  readonly delay: number
}

export interface ModelConnect {
  readonly cleanStart: boolean
  /** Seconds. */
  readonly expiry: number
  readonly will: ModelWill | undefined
}

/** A delivery of QoS 1 or 2; `text` is the PUBLISH without DUP, so that client and model can speak of the same one. */
export interface ModelDelivery {
  readonly text: string
  readonly qos: 1 | 2
  isReleased: boolean
  usesQuota: boolean
}

/** The last client takes few messages at a time. */
export function receiveMaximumOf(client: number): number {
  return client === 3 ? 3 : Number.POSITIVE_INFINITY
}

/** One client speaks 3.1.1. */
export function versionOf(client: number): 4 | 5 {
  return client === 2 ? 4 : 5
}

export interface ModelSession {
  connect: ModelConnect
  isConnected: boolean
  leftAt: number
  will: ModelWill | undefined
  readonly subscriptions: Map<string, ModelSubscription>
  queue: ModelDelivery[]
  inFlight: ModelDelivery[]
}

/** Whether a Topic Filter matches, straight from section 4.7. */
export function matches([level, ...rest]: string[], topic: string[], isFirst = true): boolean {
  if (isFirst && topic[0]!.startsWith('$') && (level === '+' || level === '#')) return false
  if (level === '#') return true
  if (level === undefined || topic.length === 0) return level === undefined && topic.length === 0
  return (level === '+' || level === topic[0]) && matches(rest, topic.slice(1), false)
}
