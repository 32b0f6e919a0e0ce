import type { InteropClient } from '../interop-client.ts'
import type { Stage } from '../stage.ts'

/** What zigbee2mqtt tells Home Assistant of one entity: a retained message of about a kilobyte. */
export interface DiscoveryConfig {
  readonly topic: string
  readonly payload: string
}

const ENTITIES = ['battery', 'humidity', 'linkquality', 'temperature']
const ABOUT = 'Aqara temperature and humidity sensor; reports every hour or when the value has changed enough. '

/** The discovery messages of so many devices, four for each. */
export function discoveryConfigs(devices: number): readonly DiscoveryConfig[] {
  return Array.from({ length: devices }, (_unused, index) => deviceConfigs(addressOf(index))).flat()
}

function deviceConfigs(address: string): DiscoveryConfig[] {
  const device = {
    identifiers: [`zigbee2mqtt_${address}`],
    manufacturer: 'Aqara',
    model: ABOUT.repeat(6),
    name: address,
  }
  return ENTITIES.map(entity => ({
    topic: `homeassistant/sensor/${address}/${entity}/config`,
    payload: JSON.stringify({
      availability: [{ topic: 'zigbee2mqtt/bridge/state', value_template: '{{ value_json.state }}' }],
      device,
      state_topic: `zigbee2mqtt/${address}`,
      unique_id: `${address}_${entity}_zigbee2mqtt`,
      value_template: `{{ value_json.${entity} }}`,
    }),
  }))
}

/** The state topics of so many devices. */
export function stateTopics(devices: number): readonly string[] {
  return Array.from({ length: devices }, (_unused, index) => `zigbee2mqtt/${addressOf(index)}`)
}

function addressOf(index: number): string {
  return `0x00158d00${index.toString(16).padStart(8, '0')}`
}

/** The description of the bridge; with many devices, the largest retained messages of most homes. */
export const bridgeInfo: string = JSON.stringify({ version: '2.5.1', config_schema: ABOUT.repeat(600) })
export const bridgeDevices: string = JSON.stringify(
  stateTopics(200).map(topic => ({ topic, definition: ABOUT.repeat(20) })),
)

/** Connects as zigbee2mqtt does: MQTT 3.1.1, a will on its state, and its own topics subscribed to. */
export function startZigbee2mqtt(stage: Stage): Promise<InteropClient> {
  return stage.open({
    clientId: 'mqttjs_zigbee2mqtt',
    will: { topic: 'zigbee2mqtt/bridge/state', payload: '{"state":"offline"}', qos: 1, retain: true },
    subscriptions: [
      { filter: 'zigbee2mqtt/#', qos: 0 },
      { filter: 'homeassistant/status', qos: 0 },
    ],
  })
}

/** What zigbee2mqtt publishes when the broker turns out to have nothing of it. */
export async function publishEverything(client: InteropClient, configs: readonly DiscoveryConfig[]): Promise<void> {
  const bridge = [
    { topic: 'zigbee2mqtt/bridge/state', payload: '{"state":"online"}' },
    { topic: 'zigbee2mqtt/bridge/info', payload: bridgeInfo },
    { topic: 'zigbee2mqtt/bridge/devices', payload: bridgeDevices },
  ]
  await Promise.all([...bridge, ...configs].map(message => client.publish({ ...message, qos: 1, retain: true })))
}
