import { expect } from 'vitest'
import type { Subscription } from '../interop-client.ts'
import type { Scenario } from '../scenarios.ts'
import type { Stage } from '../stage.ts'

const FILTERS = 200

function deviceSubscriptions(stage: Stage): readonly Subscription[] {
  return Array.from({ length: FILTERS }, (_unused, index) => ({
    filter: stage.topic(`device-${index}/+/state`),
    qos: 1,
  }))
}

async function manyFilters(stage: Stage): Promise<void> {
  const subscriber = await stage.open({ subscriptions: deviceSubscriptions(stage) })
  const publisher = await stage.open()

  for (const index of [0, 99, 199]) {
    await publisher.publish({ topic: stage.topic(`device-${index}/switch/state`), payload: `on ${index}`, qos: 1 })
  }
  await subscriber.inbox.message(stage.topic('device-199/switch/state'))

  expect(subscriber.inbox.messages.map(message => message.payload.toString())).toEqual(['on 0', 'on 99', 'on 199'])
}

async function manyFiltersInOnePacket(stage: Stage): Promise<void> {
  const subscriber = await stage.open({ subscriptions: deviceSubscriptions(stage) })

  expect(subscriber.granted).toEqual(Array(FILTERS).fill(1))
  if (stage.variant.transport === 'tcp') expect(subscriber.link.subscribePackets).toBe(1)
}

async function unsubscribed(stage: Stage): Promise<void> {
  const subscriber = await stage.subscriber(1, stage.topic('left'), stage.topic('kept'))
  const publisher = await stage.open()

  await subscriber.unsubscribe(stage.topic('left'))
  await publisher.publish({ topic: stage.topic('left'), payload: 'nobody hears this', qos: 1 })
  await publisher.publish({ topic: stage.topic('kept'), payload: 'end', qos: 1 })
  await subscriber.inbox.message(stage.topic('kept'))

  expect(subscriber.inbox.texts(stage.topic('left'))).toEqual([])
}

export const subscriptionScenarios: readonly Scenario[] = [
  { name: '200 filters subscribed to at once all work', needs: [], run: manyFilters },
  {
    name: 'one SUBSCRIBE with 200 filters is granted in full',
    needs: ['many filters in one SUBSCRIBE'],
    run: manyFiltersInOnePacket,
  },
  { name: 'after UNSUBSCRIBE nothing more arrives', needs: ['UNSUBSCRIBE'], run: unsubscribed },
]
