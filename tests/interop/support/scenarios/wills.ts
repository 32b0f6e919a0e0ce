import { expect } from 'vitest'
import { within } from '../bounded-wait.ts'
import type { QoS } from '../inbox.ts'
import type { Scenario } from '../scenarios.ts'
import type { Stage } from '../stage.ts'

const abruptCloses: readonly [qos: QoS, retain: boolean, name: string][] = [
  [0, false, 'a QoS 0 Will Message is published when the connection closes abruptly'],
  [1, true, 'a retained QoS 1 Will Message is published when the connection closes abruptly, and stays'],
  [2, false, 'a QoS 2 Will Message is published when the connection closes abruptly'],
]

async function abruptClose(stage: Stage, qos: QoS, retain: boolean): Promise<void> {
  const topic = stage.topic('availability')
  const watcher = await stage.subscriber(qos, topic)
  const mortal = await stage.open({
    will: { topic, payload: 'offline', qos, retain },
    subscriptions: [{ filter: stage.topic('unused'), qos: 0 }],
  })

  mortal.link.sever()
  const will = await watcher.inbox.message(topic)
  const late = await stage.subscriber(qos, topic)
  if (retain) await late.inbox.message(topic)

  expect(will.payload.toString()).toBe('offline')
  expect(will).toMatchObject({ qos, retain: false })
  expect(late.inbox.messages.map(message => message.retain)).toEqual(retain ? [true] : [])
}

async function properDisconnect(stage: Stage): Promise<void> {
  const topic = stage.topic('availability')
  const watcher = await stage.subscriber(1, stage.topic('#'))
  const client = await stage.open({
    will: { topic, payload: 'offline', qos: 1 },
    subscriptions: [{ filter: stage.topic('unused'), qos: 0 }],
  })
  const publisher = await stage.open()

  await client.disconnect()
  await within(client.link.closed, () => 'the broker to close the connection after DISCONNECT')
  await publisher.publish({ topic: stage.topic('end'), payload: 'end', qos: 1 })
  await watcher.inbox.message(stage.topic('end'))

  expect(watcher.inbox.texts(topic)).toEqual([])
}

export const willScenarios: readonly Scenario[] = [
  ...abruptCloses.map(
    ([qos, retain, name]): Scenario => ({
      name,
      needs: qos === 2 ? ['QoS 2', 'QoS 2 subscriptions'] : [],
      run: stage => abruptClose(stage, qos, retain),
    }),
  ),
  {
    name: 'DISCONNECT discards the Will Message',
    needs: ['DISCONNECT that discards the Will Message'],
    run: properDisconnect,
  },
]
