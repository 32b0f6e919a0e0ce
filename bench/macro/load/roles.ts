import { filterOf, type Scenario, topicOf } from '../scenarios.ts'
import type { Target } from './load.ts'
import type { LoadState } from './load-state.ts'
import { type ArrivalOrder, type Faults, MessageOrder } from './message-order.ts'
import { Publisher } from './publisher.ts'
import { SharedArrivals, SharedOrder } from './shared-order.ts'
import type { Subscribing } from './subscriber.ts'

/** The publisher with this number; not connected yet. */
export function createPublisher(publisherIndex: number, { scenario, port }: Target, state: LoadState): Publisher {
  const { qos, payloadBytes, protocolVersion, window: fillingCount } = scenario
  const topic = topicOf(scenario, publisherIndex)
  const form = { publisherIndex, topic, protocolVersion, qos, payloadBytes, fillingCount }
  return new Publisher(form, scenario, port, state)
}

/** What each subscriber gets, and from whom. */
export function subscribingsOf(scenario: Scenario, publishers: readonly Publisher[], faults: Faults): Subscribing[] {
  const { topology, subscriberCount, window } = scenario
  const arrivals = topology === 'shared' ? new SharedArrivals(publishers.length, window, faults) : undefined
  return Array.from({ length: subscriberCount }, (_, index) => {
    const heard = topology === 'pairs' ? publishers.slice(index, index + 1) : publishers
    const order: ArrivalOrder = arrivals
      ? new SharedOrder(arrivals, heard.length)
      : new MessageOrder(heard[0]!.form.publisherIndex, heard.length, faults)
    return { index, filter: filterOf(scenario, index), publishers: heard, order }
  })
}
