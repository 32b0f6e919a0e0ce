import { expect } from 'vitest'
import { within } from '../bounded-wait.ts'
import type { QoS } from '../inbox.ts'
import type { InteropClient, Subscription } from '../interop-client.ts'
import type { Scenario } from '../scenarios.ts'
import type { Stage } from '../stage.ts'

/** The Reason Code "Session taken over" of MQTT 5.0. */
const SESSION_TAKEN_OVER = 0x8e

const persistent = { clean: false, sessionExpiryInterval: 3600 } as const

/** Leaves a Session behind at the broker, with one Subscription. */
async function leaveSession(stage: Stage, clientId: string, subscription: Subscription): Promise<void> {
  const first = await stage.open({ ...persistent, clientId, subscriptions: [subscription] })
  await first.disconnect()
  await within(first.link.closed, () => 'the broker to close the connection after DISCONNECT')
}

async function missedMessages(stage: Stage, qos: QoS): Promise<void> {
  const clientId = stage.clientId('persistent')
  const subscription = { filter: stage.topic('missed/+'), qos }
  await leaveSession(stage, clientId, subscription)
  const publisher = await stage.open()

  for (const number of ['1', '2', '3', '4', '5']) {
    await publisher.publish({ topic: stage.topic('missed/queue'), payload: number, qos })
  }
  const resumed = await stage.open({ ...persistent, clientId, resumes: [subscription] })
  await resumed.inbox.count(5)
  await publisher.publish({ topic: stage.topic('missed/queue'), payload: 'live', qos })
  await resumed.inbox.message(stage.topic('missed/queue'), 'live')

  expect(resumed.sessionPresent).not.toBe(false)
  expect(resumed.inbox.texts(stage.topic('missed/queue'))).toEqual(['1', '2', '3', '4', '5', 'live'])
  expect(resumed.inbox.messages.map(message => message.qos)).toEqual([qos, qos, qos, qos, qos, qos])
}

async function discardedSession(stage: Stage): Promise<void> {
  const clientId = stage.clientId('persistent')
  await leaveSession(stage, clientId, { filter: stage.topic('missed'), qos: 1 })
  const publisher = await stage.open()

  await publisher.publish({ topic: stage.topic('missed'), payload: 'missed', qos: 1 })
  const clean = await stage.open({ clientId, subscriptions: [{ filter: stage.topic('end'), qos: 1 }] })
  await publisher.publish({ topic: stage.topic('missed'), payload: 'no longer subscribed', qos: 1 })
  await publisher.publish({ topic: stage.topic('end'), payload: 'end', qos: 1 })
  await clean.inbox.message(stage.topic('end'))

  expect(clean.sessionPresent).not.toBe(true)
  expect(clean.inbox.texts(stage.topic('missed'))).toEqual([])
}

/** Publishes to a persistent subscriber whose acknowledgement does not reach the broker, and resumes its Session. */
async function loseAcknowledgement(stage: Stage, qos: QoS, isHandedOver: (first: InteropClient) => Promise<unknown>) {
  const clientId = stage.clientId('persistent')
  const subscription = { filter: stage.topic('unacknowledged'), qos }
  const first = await stage.open({ ...persistent, clientId, subscriptions: [subscription] })
  const publisher = await stage.open()

  first.link.loseOutput()
  const sent = first.link.nextInput()
  await publisher.publish({ topic: subscription.filter, payload: 'again', qos })
  await within(sent, () => 'the broker to send the message')
  await isHandedOver(first)
  first.link.sever()
  await first.disconnected()
  const resumed = await stage.open({ ...persistent, clientId, resumes: [subscription] })
  return { first, resumed, publisher, topic: subscription.filter }
}

async function redeliveredAtLeastOnce(stage: Stage): Promise<void> {
  const { resumed, topic } = await loseAcknowledgement(stage, 1, first =>
    first.inbox.message(stage.topic('unacknowledged')),
  )

  const again = await resumed.inbox.message(topic, 'again')

  expect(again.qos).toBe(1)
  expect(again.dup).not.toBe(false)
}

async function redeliveredExactlyOnce(stage: Stage): Promise<void> {
  const { first, resumed, publisher, topic } = await loseAcknowledgement(stage, 2, async () => {})

  await publisher.publish({ topic, payload: 'end', qos: 2 })
  await resumed.inbox.message(topic, 'end')

  expect([...first.inbox.texts(topic), ...resumed.inbox.texts(topic)]).toEqual(['again', 'end'])
}

async function takeover(stage: Stage): Promise<InteropClient> {
  const clientId = stage.clientId('taken')
  const subscriptions = [{ filter: stage.topic('taken'), qos: 1 }] as const
  const first = await stage.open({ clientId, subscriptions })
  const second = await stage.open({ clientId, subscriptions })
  const publisher = await stage.open()

  await first.disconnected()
  await publisher.publish({ topic: stage.topic('taken'), payload: 'for the second', qos: 1 })
  await second.inbox.message(stage.topic('taken'))

  expect(first.inbox.messages).toEqual([])
  expect(second.inbox.texts(stage.topic('taken'))).toEqual(['for the second'])
  return first
}

async function takeoverReason(stage: Stage): Promise<void> {
  const first = await takeover(stage)

  expect(await first.disconnected()).toBe(SESSION_TAKEN_OVER)
}

async function takeoverOfSession(stage: Stage): Promise<void> {
  const clientId = stage.clientId('taken')
  const subscription = { filter: stage.topic('taken'), qos: 1 } as const
  const first = await stage.open({ ...persistent, clientId, subscriptions: [subscription] })
  const publisher = await stage.open()

  const second = await stage.open({ ...persistent, clientId, resumes: [subscription] })
  await first.disconnected()
  await publisher.publish({ topic: subscription.filter, payload: 'subscribed by the first', qos: 1 })
  await second.inbox.message(subscription.filter)

  expect(second.sessionPresent).not.toBe(false)
}

export const sessionScenarios: readonly Scenario[] = [
  {
    name: 'a persistent Session delivers the QoS 1 messages missed, in order',
    needs: ['messages right behind CONNACK'],
    run: stage => missedMessages(stage, 1),
  },
  {
    name: 'a persistent Session delivers the QoS 2 messages missed, in order',
    needs: ['QoS 2', 'QoS 2 subscriptions'],
    run: stage => missedMessages(stage, 2),
  },
  { name: 'a clean start discards the Session and what it had missed', needs: [], run: discardedSession },
  {
    name: 'a QoS 1 message whose PUBACK is lost is delivered again, marked as duplicate',
    needs: ['messages right behind CONNACK'],
    run: redeliveredAtLeastOnce,
  },
  {
    name: 'a QoS 2 message whose PUBREC is lost is delivered exactly once',
    needs: ['QoS 2', 'QoS 2 subscriptions', 'QoS 2 messages handed over at PUBREL'],
    run: redeliveredExactlyOnce,
  },
  {
    name: 'a second connection with the same client identifier takes over from the first',
    needs: [],
    run: async stage => void (await takeover(stage)),
  },
  {
    name: 'the first connection is told that its Session is taken over',
    needs: ['the Reason Code of DISCONNECT'],
    notOnMosquitto: { transports: ['tcp', 'ws'], reason: 'closes without DISCONNECT when a Session is taken over' },
    run: takeoverReason,
  },
  { name: 'a persistent Session keeps its Subscriptions in a takeover', needs: [], run: takeoverOfSession },
]
