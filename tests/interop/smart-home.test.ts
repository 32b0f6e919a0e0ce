import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { mosquittoTools } from './support/clients/mosquitto-tools.ts'
import { mqttJs } from './support/clients/mqttjs.ts'
import { pythonPaho } from './support/clients/python-paho.ts'
import type { ClientFamily, ProtocolVersion } from './support/interop-client.ts'
import { VERSION_NAMES } from './support/interop-client.ts'
import { reportSkip } from './support/skips.ts'
import { homeAssistantSubscriptions, startHomeAssistant } from './support/smart-home/home-assistant.ts'
import { startTasmota, tasmotaTopics } from './support/smart-home/tasmota.ts'
import {
  bridgeDevices,
  bridgeInfo,
  discoveryConfigs,
  publishEverything,
  startZigbee2mqtt,
  stateTopics,
} from './support/smart-home/zigbee2mqtt.ts'
import { Stage } from './support/stage.ts'
import { startTarget, type Target } from './support/target.ts'

const DEVICES = 100
const configs = discoveryConfigs(DEVICES)
const states = stateTopics(DEVICES)

const js = mqttJs('mqtt', 'MQTT.js 5')
const missing = [js, pythonPaho, mosquittoTools].find(family => family.unavailable !== undefined)?.unavailable

/** The start of a smart home, with its real topics: every test has a broker of its own. */
describe.skipIf(missing !== undefined)(
  missing === undefined ? 'a smart home' : `a smart home ${reportSkip('a smart home', missing)}`,
  () => {
    let target: Target
    beforeAll(() => pythonPaho.start?.())
    afterAll(() => pythonPaho.stop?.())
    beforeEach(async () => {
      const broker = await startTarget()
      target = broker
      return () => broker.close()
    })

    function stageFor(family: ClientFamily, version: ProtocolVersion): Stage {
      const stage = new Stage(target, family, { version, transport: 'tcp', lacks: {} })
      onTestFinished(() => stage.close())
      return stage
    }

    test('zigbee2mqtt hears its own messages, and finds its bridge/info when it starts again', async () => {
      const stage = stageFor(js, 4)

      const first = await startZigbee2mqtt(stage)
      await publishEverything(first, [])
      const echo = await first.inbox.message('zigbee2mqtt/bridge/info')
      await first.disconnect()
      const second = await startZigbee2mqtt(stage)
      const found = await second.inbox.message('zigbee2mqtt/bridge/info')
      const devices = await second.inbox.message('zigbee2mqtt/bridge/devices')

      expect(echo.retain).toBe(false)
      expect(echo.payload.toString()).toBe(bridgeInfo)
      expect(found.retain).toBe(true)
      expect(found.payload.toString()).toBe(bridgeInfo)
      expect(devices.payload.toString()).toBe(bridgeDevices)
    })

    for (const version of [4, 5] as const) {
      test(`Home Assistant, ${VERSION_NAMES[version]}, finds every entity, and again when it subscribes again`, async () => {
        const bridge = await startZigbee2mqtt(stageFor(js, 4))
        await publishEverything(bridge, configs)

        const homeAssistant = await startHomeAssistant(stageFor(pythonPaho, version), states)
        await homeAssistant.inbox.count(configs.length)
        await bridge.inbox.message('homeassistant/status', 'online')
        const found = homeAssistant.inbox.messages.map(({ topic, payload }) => ({ topic, payload: payload.toString() }))
        await homeAssistant.subscribeAgain(homeAssistantSubscriptions(states))
        await homeAssistant.inbox.count(2 * configs.length)
        const all = homeAssistant.inbox.messages

        expect(homeAssistant.link.subscribePackets).toBe(2)
        expect(byTopic(found)).toEqual(byTopic(configs))
        expect(
          all
            .slice(configs.length)
            .map(({ topic }) => topic)
            .sort(),
        ).toEqual(configs.map(({ topic }) => topic).sort())
        expect(new Set(all.map(({ retain }) => retain))).toEqual(new Set([true]))
      })

      test(`Home Assistant, ${VERSION_NAMES[version]}, is reported offline when it stops, and forgets a removed entity`, async () => {
        const stage = stageFor(pythonPaho, version)
        const bridge = await startZigbee2mqtt(stageFor(js, 4))
        await publishEverything(bridge, configs)
        const [removed, ...kept] = configs.map(({ topic }) => topic)
        const homeAssistant = await startHomeAssistant(stage, states)
        await homeAssistant.inbox.count(configs.length)

        await bridge.publish({ topic: removed!, payload: '', qos: 1, retain: true })
        const removal = await homeAssistant.inbox.message(removed!, '')
        homeAssistant.link.sever()
        await bridge.inbox.message('homeassistant/status', 'offline')
        const restarted = await startHomeAssistant(stage, states)
        await restarted.inbox.count(kept.length)
        await bridge.publish({ topic: states[0]!, payload: '{"battery":97}', qos: 0 })
        await restarted.inbox.message(states[0]!)

        expect(removal.retain).toBe(false)
        expect(restarted.inbox.messages.map(({ topic }) => topic).sort()).toEqual([...kept, states[0]!].sort())
      })
    }

    test('Tasmota answers a command without a payload', async () => {
      const topics = tasmotaTopics('A1B2C3')
      const device = await startTasmota(stageFor(js, 4), 'A1B2C3')
      const user = await stageFor(mosquittoTools, 4).subscriber(0, topics.result)

      await user.publish({ topic: topics.power, payload: '', qos: 0 })
      const answer = await user.inbox.message(topics.result)

      expect(answer.payload.toString()).toBe('{"POWER":"OFF"}')
      expect(device.inbox.texts(topics.power)).toEqual([''])
    })

    test('Tasmota is retained as Offline after a power cut, and as Online after it is back', async () => {
      const stage = stageFor(js, 4)
      const { availability } = tasmotaTopics('A1B2C3')
      const watcher = await stage.subscriber(1, availability)
      const device = await startTasmota(stage, 'A1B2C3')
      await watcher.inbox.message(availability, 'Online')

      device.link.sever()
      await watcher.inbox.message(availability, 'Offline')
      const during = await stage.subscriber(1, availability)
      const offline = await during.inbox.message(availability)
      await startTasmota(stage, 'A1B2C3')
      await watcher.inbox.message(availability, 'Online', 2)
      const after = await stage.subscriber(1, availability)
      const online = await after.inbox.message(availability)

      expect(offline).toMatchObject({ retain: true, payload: Buffer.from('Offline') })
      expect(online).toMatchObject({ retain: true, payload: Buffer.from('Online') })
    })

    test('Tasmota that is back before its loss is noticed takes over, and stays Online', async () => {
      const stage = stageFor(js, 4)
      const { availability } = tasmotaTopics('A1B2C3')
      const lost = await startTasmota(stage, 'A1B2C3')

      lost.link.loseOutput()
      const back = await startTasmota(stage, 'A1B2C3')
      await lost.disconnected()
      await back.publish({ topic: 'stat/tasmota_A1B2C3/RESULT', payload: '{}', qos: 1 })
      const after = await stage.subscriber(1, availability)
      const online = await after.inbox.message(availability)

      expect(online).toMatchObject({ retain: true, payload: Buffer.from('Online') })
    })

    test('all devices and Home Assistant may start at the same moment', async () => {
      const addresses = Array.from({ length: 50 }, (_unused, index) => `A000${index.toString(16).padStart(2, '0')}`)
      const expected = addresses.flatMap(address => [
        tasmotaTopics(address).availability,
        tasmotaTopics(address).discovery,
      ])
      const tasmotas = stageFor(js, 4)
      const availabilities = addresses.map(address => tasmotaTopics(address).availability)

      const [homeAssistant, bridge] = await Promise.all([
        startHomeAssistant(stageFor(pythonPaho, 5), [...states, ...availabilities]),
        startZigbee2mqtt(stageFor(js, 4)),
        ...addresses.map(address => startTasmota(tasmotas, address)),
      ])
      await publishEverything(bridge, configs)
      await homeAssistant.inbox.count(expected.length + configs.length)

      const found = homeAssistant.inbox.messages.map(({ topic }) => topic)
      expect(found.sort()).toEqual([...expected, ...configs.map(({ topic }) => topic)].sort())
    })
  },
)

function byTopic(messages: readonly { topic: string; payload: string }[]): [string, string][] {
  return messages.map(({ topic, payload }): [string, string] => [topic, payload]).sort()
}
