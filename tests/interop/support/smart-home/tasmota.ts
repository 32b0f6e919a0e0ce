import type { InteropClient } from '../interop-client.ts'
import type { Stage } from '../stage.ts'

/** The topics of a Tasmota device, which is named after the end of its MAC address. */
export function tasmotaTopics(address: string) {
  const device = `tasmota_${address}`
  return {
    availability: `tele/${device}/LWT`,
    power: `cmnd/${device}/POWER`,
    result: `stat/${device}/RESULT`,
    discovery: `tasmota/discovery/${address}/config`,
  }
}

/** Switches a device on: MQTT 3.1.1, 30 seconds, will, birth, an empty command to itself, subscriptions, discovery. */
export async function startTasmota(stage: Stage, address: string): Promise<InteropClient> {
  const topics = tasmotaTopics(address)
  const filters = [`cmnd/tasmota_${address}/#`, 'cmnd/tasmotas/#', `cmnd/DVES_${address}_fb/#`]
  const device = await stage.open({
    clientId: `DVES_${address}`,
    keepAlive: 30,
    will: { topic: topics.availability, payload: 'Offline', qos: 1, retain: true },
    subscriptions: filters.map(filter => ({ filter, qos: 0 })),
  })
  device.inbox.each(({ topic, payload }) => {
    // A command without a payload asks for the state.
    if (topic === topics.power && payload.length === 0) void answer(device, topics.result)
  })
  await device.publish({ topic: topics.availability, payload: 'Online', qos: 0, retain: true })
  await device.publish({
    topic: topics.discovery,
    payload: `{"ip":"192.0.2.1","t":"${address}"}`,
    qos: 0,
    retain: true,
  })
  return device
}

function answer(device: InteropClient, topic: string): Promise<void> {
  return device.publish({ topic, payload: '{"POWER":"OFF"}', qos: 0 })
}
