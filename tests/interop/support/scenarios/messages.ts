import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { QoS } from '../inbox.ts'
import type { Scenario } from '../scenarios.ts'
import type { Stage } from '../stage.ts'

/** The QoS a message arrives with is the lower of the two [MQTT-3.8.4-8]. */
const qosPairs: readonly [published: QoS, subscribed: QoS, received: QoS][] = [
  [0, 0, 0],
  [0, 1, 0],
  [0, 2, 0],
  [1, 0, 0],
  [1, 1, 1],
  [1, 2, 1],
  [2, 0, 0],
  [2, 1, 1],
  [2, 2, 2],
]

const qosScenarios: readonly Scenario[] = qosPairs.map(([published, subscribed, received]) => ({
  name: `a QoS ${published} message reaches a QoS ${subscribed} subscription once, at QoS ${received}`,
  needs: [
    ...(published === 2 ? (['QoS 2'] as const) : []),
    ...(subscribed === 2 ? (['QoS 2 subscriptions'] as const) : []),
  ],
  run: stage => qosPair(stage, published, subscribed, received),
}))

async function qosPair(stage: Stage, published: QoS, subscribed: QoS, received: QoS): Promise<void> {
  const topic = stage.topic('pair')
  const subscriber = await stage.subscriber(subscribed, stage.topic('#'))
  const publisher = await stage.open()

  await publisher.publish({ topic, payload: 'über Ωmega', qos: published })
  await publisher.publish({ topic: stage.topic('end'), payload: 'end', qos: published })
  await subscriber.inbox.message(stage.topic('end'))

  expect([[subscribed], 'unknown']).toContainEqual(subscriber.granted)
  expect(subscriber.inbox.texts(topic)).toEqual(['über Ωmega'])
  expect(subscriber.inbox.messages[0]).toMatchObject({ topic, qos: received, retain: false })
  expect(subscriber.inbox.messages[0]?.dup).not.toBe(true)
}

const MEBIBYTE = 1024 * 1024

async function largePayload(stage: Stage, qos: QoS): Promise<void> {
  const topic = stage.topic('large')
  const payload = randomBytes(MEBIBYTE)
  const subscriber = await stage.subscriber(qos, topic)
  const publisher = await stage.open()

  await publisher.publish({ topic, payload, qos })
  const received = await subscriber.inbox.message(topic)

  expect(received.payload.length).toBe(MEBIBYTE)
  expect(digest(received.payload)).toBe(digest(payload))
}

const largePayloadScenarios = ([0, 1, 2] as const).map(
  (qos): Scenario => ({
    name: `a payload of 1 MiB arrives unchanged at QoS ${qos}`,
    needs: qos === 2 ? ['QoS 2', 'QoS 2 subscriptions'] : [],
    notOnMosquitto: {
      transports: ['ws'],
      reason: 'sends about 40 kB a second over WebSocket when one message fills many frames',
    },
    run: stage => largePayload(stage, qos),
  }),
)

async function zeroLengthPayload(stage: Stage): Promise<void> {
  const topic = stage.topic('empty')
  const subscriber = await stage.subscriber(1, topic)
  const publisher = await stage.open()

  await publisher.publish({ topic, payload: '', qos: 1 })
  const received = await subscriber.inbox.message(topic)

  expect(received).toMatchObject({ qos: 1, retain: false })
  expect(received.payload.length).toBe(0)
}

async function properties(stage: Stage): Promise<void> {
  const topic = stage.topic('properties')
  const subscriber = await stage.subscriber(1, topic)
  const publisher = await stage.open()
  const sent = {
    contentType: 'application/json',
    responseTopic: stage.topic('answers'),
    correlationData: Buffer.from('request-7'),
    userProperties: [
      ['unit', '°C'],
      ['room', 'kitchen'],
    ],
  } as const

  await publisher.publish({ topic, payload: '{}', qos: 1, properties: sent })
  const received = await subscriber.inbox.message(topic)

  expect(received.properties).toEqual(sent)
}

function digest(payload: Buffer): string {
  return createHash('sha256').update(payload).digest('hex')
}

export const messageScenarios: readonly Scenario[] = [
  ...qosScenarios,
  ...largePayloadScenarios,
  { name: 'a zero-length payload is a message like any other', needs: [], run: zeroLengthPayload },
  {
    name: 'content type, response topic, correlation data and user properties arrive unchanged',
    needs: ['message properties'],
    run: properties,
  },
]
