import { PythonPahoClient } from '../clients/python-paho.ts'
import type { Subscription } from '../interop-client.ts'
import type { Stage } from '../stage.ts'

const DISCOVERY_FILTERS = ['homeassistant/+/+/config', 'homeassistant/+/+/+/config', 'homeassistant/device/+/config']

/** What Home Assistant subscribes to in one packet: discovery, and the state of every entity it knows. */
export function homeAssistantSubscriptions(stateTopics: readonly string[]): readonly Subscription[] {
  return [...DISCOVERY_FILTERS, 'tasmota/discovery/#', ...stateTopics].map(filter => ({ filter, qos: 0 }))
}

/** Connects as Home Assistant does: paho in Python, a will that is not retained, its birth when it has subscribed. */
export async function startHomeAssistant(stage: Stage, stateTopics: readonly string[]): Promise<PythonPahoClient> {
  const client = await stage.open({
    clientId: 'home-assistant',
    will: { topic: 'homeassistant/status', payload: 'offline', qos: 0 },
    subscriptions: homeAssistantSubscriptions(stateTopics),
  })
  if (!(client instanceof PythonPahoClient)) throw new Error('Home Assistant uses paho')
  await client.publish({ topic: 'homeassistant/status', payload: 'online', qos: 0 })
  return client
}
