import { expect } from 'vitest'
import type { InteropClient } from '../interop-client.ts'
import type { Scenario } from '../scenarios.ts'
import type { Stage } from '../stage.ts'

/**
 * Subscribes anew to `topic` and to a retained message that stands after it, so that what is not there can be told from
 * what has not come yet.
 */
async function latecomer(stage: Stage, publisher: InteropClient, topic: string): Promise<InteropClient> {
  const end = stage.topic('zz-end')
  await publisher.publish({ topic: end, payload: 'end', qos: 1, retain: true })
  const subscriber = await stage.subscriber(1, topic, end)
  await subscriber.inbox.message(end)
  return subscriber
}

async function isSet(stage: Stage): Promise<void> {
  const topic = stage.topic('state')
  const early = await stage.subscriber(1, topic)
  const publisher = await stage.open()

  await publisher.publish({ topic, payload: 'on', qos: 1, retain: true })
  const live = await early.inbox.message(topic)
  const late = await latecomer(stage, publisher, topic)

  expect(live).toMatchObject({ qos: 1, retain: false })
  expect(late.inbox.texts(topic)).toEqual(['on'])
  expect(late.inbox.messages[0]).toMatchObject({ topic, qos: 1, retain: true })
}

async function isReplaced(stage: Stage): Promise<void> {
  const topic = stage.topic('state')
  const publisher = await stage.open()

  await publisher.publish({ topic, payload: 'on', qos: 1, retain: true })
  await publisher.publish({ topic, payload: 'off', qos: 0, retain: true })
  await publisher.publish({ topic, payload: 'passing by', qos: 1 })
  const late = await latecomer(stage, publisher, topic)

  expect(late.inbox.texts(topic)).toEqual(['off'])
  expect(late.inbox.messages[0]).toMatchObject({ topic, qos: 0, retain: true })
}

async function isDeleted(stage: Stage): Promise<void> {
  const topic = stage.topic('state')
  const publisher = await stage.open()
  await publisher.publish({ topic, payload: 'on', qos: 1, retain: true })
  const early = await stage.subscriber(1, topic)
  await early.inbox.message(topic, 'on')

  await publisher.publish({ topic, payload: '', qos: 1, retain: true })
  const deletion = await early.inbox.message(topic, '')
  const late = await latecomer(stage, publisher, topic)

  expect(deletion.retain).toBe(false)
  expect(late.inbox.texts(topic)).toEqual([])
}

export const retainedScenarios: readonly Scenario[] = [
  { name: 'a retained message reaches later subscribers with RETAIN, present ones without', needs: [], run: isSet },
  { name: 'a retained message is replaced by the next retained one only', needs: [], run: isReplaced },
  { name: 'a zero-length retained message deletes and is itself delivered live', needs: [], run: isDeleted },
]
