import type { Message, MessageKind } from './message.ts'
import type { FaultKind, Stage } from './stage.ts'
import type { Subscriber } from './subscriber.ts'

export interface DeliveryCounts {
  /** Messages that publishers sent. */
  readonly sent: number
  /** Those the broker acknowledged. */
  readonly acknowledged: number
  /** Pairs of an acknowledged message and a subscriber that had to get it. */
  readonly owed: number
  /** Messages that at least one of those subscribers never got. */
  readonly lostMessages: number
  /** Of the deliveries that were lost, those by subscriptions that the broker had lost at the end. */
  readonly lostWithSubscription: number
  /** Deliveries to all subscribers, repetitions left out. */
  readonly delivered: number
  /** Deliveries of what had been delivered before. */
  readonly repeated: number
}

/** The column in which a message of this kind is missed. */
const columns: Readonly<Record<MessageKind, FaultKind>> = {
  data: 'lost',
  probe: 'subscriptionsWrong',
  retained: 'retainedWrong',
  will: 'willsLost',
  marker: 'lost',
}

/** Compares, at the end of a run, what was acknowledged with what has come. */
export function checkDeliveries(stage: Stage, subscribers: readonly Subscriber[]): DeliveryCounts {
  const messages = [...stage.messages.values()].filter(({ terms }) => terms.kind !== 'retained')
  const byFilter = groupByFilter(messages)
  const lost = new Set<Message>()
  let owed = 0
  let lostWithSubscription = 0
  for (const subscriber of subscribers) {
    for (const [filter, history] of subscriber.histories) {
      const demanded = (byFilter.get(filter) ?? []).filter(message => history.demands(message))
      const missing = demanded.filter(message => !subscriber.deliveries.has(message))
      owed += demanded.length
      for (const message of missing) {
        stage.report(columns[message.terms.kind], `${subscriber.clientId} never got ${message}`)
        if (message.terms.kind === 'data') lost.add(message)
      }
      if (isSubscriptionLost(demanded, missing)) lostWithSubscription += missing.length
    }
  }
  const deliveries = subscribers.flatMap(subscriber => [...subscriber.deliveries.values()])
  return {
    sent: messages.length,
    acknowledged: messages.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined).length,
    owed,
    lostMessages: lost.size,
    lostWithSubscription,
    delivered: deliveries.length,
    repeated: deliveries.reduce((sum, { count }) => sum + count - 1, 0),
  }
}

function groupByFilter(messages: readonly Message[]): Map<string, Message[]> {
  const groups = new Map<string, Message[]>()
  for (const message of messages) {
    const group = groups.get(message.terms.filter)
    if (group === undefined) groups.set(message.terms.filter, [message])
    else group.push(message)
  }
  return groups
}

/** At the end every publisher sends a probe on every topic: where none of them comes, the broker has no subscription. */
function isSubscriptionLost(demanded: readonly Message[], missing: readonly Message[]): boolean {
  const probes = demanded.filter(({ terms }) => terms.kind === 'probe')
  return probes.length > 0 && probes.every(probe => missing.includes(probe))
}
