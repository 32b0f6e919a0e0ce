import type { Connect, Will } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket, willOf } from '../../packages/broker/test/support/packets.ts'
import { persistent, Stage } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { digits, packet, recordBytes } from './support/bytes.ts'
import { type Client, serverFor } from './support/rules.ts'

const server = serverFor()

/** A Client that is told of the Wills that are published on `topic`. */
async function watch(topic: string): Promise<Client> {
  const watcher = await server.connect({ clientId: 'watcher' })
  watcher.send(subscribePacket(1, [{ filter: topic, qos: 2, retainAsPublished: true }]))
  await watcher.next()
  return watcher
}

const endings: [what: string, end: (client: Client) => void][] = [
  ['the connection is lost', client => client.drop()],
  ['the Client closes without DISCONNECT', client => client.end()],
  ['the Client sends what is malformed', client => client.send('f1 00')],
  ['the Client breaks the protocol', client => client.send('20 02 0000')],
]

describe.each(versions)('in %s', ({ version }) => {
  test.each(endings)('[MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT3-3.1.2-8] the Will is published when %s', async (_, end) => {
    const watcher = await watch('will')
    const client = await server.connect({ protocolVersion: version, will: willOf('will', 'gone') })
    expect(await watcher.upToNow()).toEqual([])

    end(client)

    expect(await watcher.next()).toBe("PUBLISH will 'gone'")
  })

  test.each([0, 1, 2] as const)('[MQTT-3.1.2-8] [MQTT3-3.1.2-8] the Will is published at Will QoS %i', async qos => {
    const watcher = await watch('will')
    const client = await server.connect({ protocolVersion: version, will: willOf('will', 'gone', { qos }) })

    client.drop()

    expect(await watcher.next()).toBe(`PUBLISH will 'gone'${qos === 0 ? '' : ` qos ${qos} id 1`}`)
  })

  test('[MQTT-3.1.2-8] [MQTT3-3.1.2-8] the Will of a connection that is taken over is published', async () => {
    const watcher = await watch('will')
    const fields = persistent(version, `taken-${version}`)
    await server.connect({ ...fields, will: willOf('will', 'gone') })

    await server.connect(fields)

    expect(await watcher.next()).toBe("PUBLISH will 'gone'")
  })

  test('[MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT3-3.1.2-8] [MQTT3-3.1.2-10] DISCONNECT removes the Will', async () => {
    const watcher = await watch('will')
    const client = await server.connect({ ...persistent(version, 'leaves'), will: willOf('will', 'gone') })

    client.send('e0 00')
    await client.closing()
    client.drop()
    const back = await server.connect(persistent(version, 'leaves'))
    back.drop()
    await server.connect(persistent(version, 'leaves'))

    expect(await watcher.upToNow()).toEqual([])
  })

  test('[MQTT-3.1.2-10] [MQTT3-3.1.2-10] a Will that has been published is removed', async () => {
    const watcher = await watch('will')
    const client = await server.connect({ ...persistent(version, 'once'), will: willOf('will', 'gone') })
    client.drop()
    expect(await watcher.next()).toBe("PUBLISH will 'gone'")

    const back = await server.connect(persistent(version, 'once'))
    back.drop()
    await server.connect(persistent(version, 'once'))

    expect(await watcher.upToNow()).toEqual([])
  })

  test('[MQTT3-3.1.2-12] without a Will nothing is published', async () => {
    const watcher = await watch('+')
    const client = await server.connect({ ...persistent(version, 'plain') })

    client.drop()
    await server.connect(persistent(version, 'plain'))

    expect(await watcher.upToNow()).toEqual([])
  })

  test('[MQTT-3.1.2-8] [MQTT3-3.1.2-8] no Will is stored for a CONNECT that is refused', async () => {
    const watcher = await watch('$SYS/will')
    const client = server.dial({ protocolVersion: version, will: willOf('$SYS/will', 'gone') })

    await client.closing()
    client.drop()

    expect(await watcher.upToNow()).toEqual([])
  })

  test('[MQTT-3.1.2-14] [MQTT3-3.1.2-16] with Will Retain 0 the Will is not retained', async () => {
    const topic = `not-retained/${version}`
    const watcher = await watch(topic)
    const client = await server.connect({ protocolVersion: version, will: willOf(topic, 'gone') })

    client.drop()

    expect(await watcher.next()).toBe(`PUBLISH ${topic} 'gone'`)
    watcher.send(subscribePacket(2, [topic]))
    expect(await watcher.upToNow()).toEqual(['SUBACK 2 00'])
  })

  test('[MQTT-3.1.2-15] [MQTT3-3.1.2-17] with Will Retain 1 the Will is retained', async () => {
    const topic = `retained/${version}`
    const watcher = await watch(topic)
    const client = await server.connect({ protocolVersion: version, will: willOf(topic, 'gone', { retain: true }) })

    client.drop()

    expect(await watcher.next()).toBe(`PUBLISH ${topic} 'gone' retain`)
    watcher.send(subscribePacket(2, [topic]))
    expect(await watcher.upToNow()).toEqual(['SUBACK 2 00', `PUBLISH ${topic} 'gone' retain`])
  })
})

test('[MQTT-3.1.2-8] in 5.0 DISCONNECT 0x04 asks for the Will', async () => {
  const watcher = await watch('will')
  const client = await server.connect({ will: willOf('will', 'gone') })

  client.send('e0 01 04')

  expect(await watcher.next()).toBe("PUBLISH will 'gone'")
})

test("[MQTT-3.1.3-10] the Will's User Properties keep their order, the same name several times", async () => {
  const watcher = await watch('will')
  const takeBytes = recordBytes(watcher)
  const properties = "26 0001 'b' 0001 '1'  26 0001 'a' 0001 '2'  26 0001 'b' 0001 '1'  26 0001 'a' 0000"
  const client = server.open()
  client.send(packet('10', `0004 'MQTT' 05 06 0000 00 0001 'c' 1b ${properties} 0004 'will' 0001 'm'`))
  await client.next()

  client.drop()

  await watcher.next()
  expect(takeBytes()).toBe(digits(packet('30', `0004 'will' 1b ${properties} 'm'`)))
})

/** What is time here is virtual: a watcher of everything, and a Client with a Will on `will`. */
async function inVirtualTime(will: Partial<Will>, sessionExpiryInterval: number) {
  const stage = new Stage()
  const watcher = await stage.connect({ clientId: 'watcher', keepAlive: 1_200 })
  watcher.send(subscribePacket(1, ['#']))
  await watcher.next()
  const connect = (fields: Partial<Connect> = {}) =>
    stage.connect({ cleanStart: false, properties: { sessionExpiryInterval }, ...fields })
  const client = await connect({ will: willOf('will', 'gone', will) })
  return { stage, watcher, connect, client }
}

const delays: [delay: number, expiry: number, dueMs: number][] = [
  [0, 600, 0],
  [10, 600, 10_000],
  [600, 10, 10_000],
  [10, 0, 0],
]
test.each(delays)(
  '[MQTT-3.1.2-7] [MQTT-3.1.2-8] with Will Delay Interval %i and Session Expiry Interval %i the Will comes after %i ms',
  async (delay, expiry, dueMs) => {
    const { stage, watcher, client } = await inVirtualTime({ properties: { willDelayInterval: delay } }, expiry)

    client.drop()
    await stage.advance(Math.max(0, dueMs - 500))
    expect(await watcher.upToNow()).toEqual(dueMs === 0 ? ["PUBLISH will 'gone'"] : [])
    await stage.advance(700)

    expect(await watcher.upToNow()).toEqual(dueMs === 0 ? [] : ["PUBLISH will 'gone'"])
  },
)

test('[MQTT-3.1.2-8] [MQTT-3.1.3-9] a Client that comes back within the delay has its Will not sent', async () => {
  const { stage, watcher, client, connect } = await inVirtualTime({ properties: { willDelayInterval: 10 } }, 600)
  client.drop()
  await stage.advance(9_000)

  const back = await connect()
  await stage.advance(60_000)

  expect(back.state).toBe('open')
  expect(await watcher.upToNow()).toEqual([])
})

test('[MQTT-3.1.2-8] a Session that ends by Clean Start has its Will sent although the delay is not over', async () => {
  const { watcher, client, connect } = await inVirtualTime({ properties: { willDelayInterval: 10 } }, 600)
  client.drop()

  await connect({ cleanStart: true })

  expect(await watcher.upToNow()).toEqual(["PUBLISH will 'gone'"])
})

test('[MQTT-3.1.2-10] a delayed Will is sent once, however often the Client comes and goes', async () => {
  const { stage, watcher, client, connect } = await inVirtualTime({ properties: { willDelayInterval: 10 } }, 600)
  client.drop()
  await stage.advance(10_200)
  expect(await watcher.upToNow()).toEqual(["PUBLISH will 'gone'"])

  const back = await connect()
  back.send(publishPacket('a', 'x'))
  back.drop()
  await stage.advance(60_000)

  expect(await watcher.upToNow()).toEqual(["PUBLISH a 'x'"])
})

test.each([0, 10])(
  '[MQTT-3.1.2-10] the end of the Session sends no Will again, Will Delay Interval %i',
  async delay => {
    const { stage, watcher, client } = await inVirtualTime({ properties: { willDelayInterval: delay } }, 600)
    client.drop()
    await stage.advance(10_200)
    expect(await watcher.upToNow()).toEqual(["PUBLISH will 'gone'"])

    await stage.advance(600_000)

    expect(stage.broker.stats().sessions).toBe(1)
    expect(await watcher.upToNow()).toEqual([])
  },
)
