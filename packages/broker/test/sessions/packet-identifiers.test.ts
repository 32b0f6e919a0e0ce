import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../src/index.ts'
import { puback, publishPacket, subscribePacket } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { versions } from '../support/versions.ts'

const all = 65_535
const limits = {
  inFlightMessagesMax: all,
  inFlightBytesMax: 100_000_000,
  queuedMessagesMax: 10,
  outputHighWaterBytes: 100_000_000,
}

/** A Client that has got 65 535 messages and acknowledged all but the first, and two more published since. */
async function setUp(version: 3 | 4 | 5, store = new MemoryStore()) {
  const stage = new Stage({ limits, store })
  const client = await stage.connect(persistent(version, 'client'))
  client.send(subscribePacket(1, [{ filter: 't', qos: 1 }]))
  const publisher = await stage.connect({ clientId: 'publisher' })
  publisher.wire.write(publisher.encode(Array(all).fill(publishPacket('t', 'x', { qos: 1, packetId: 1 }))))
  await stage.settle()
  const received = client.takeAll()
  client.wire.write(client.encode(Array.from({ length: all - 1 }, (_, index) => puback(index + 2))))
  publisher.send(publishPacket('t', 'y', { qos: 1, packetId: 1 }), publishPacket('t', 'z', { qos: 1, packetId: 1 }))
  await stage.settle()
  return { stage, client, received, store }
}

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-2.2.1-4] [MQTT3-2.3.1-4] identifiers go up to 65 535 and begin anew; one that is in use holds up what would have it, in order', async () => {
    const { client, received } = await setUp(version)

    expect([received[1], received.at(-1)]).toEqual(["PUBLISH t 'x' qos 1 id 1", "PUBLISH t 'x' qos 1 id 65535"])
    expect(await client.upToNow()).toEqual([])
    client.send(puback(1))

    expect(await client.upToNow()).toEqual(["PUBLISH t 'y' qos 1 id 1", "PUBLISH t 'z' qos 1 id 2"])
  })

  test('messages whose identifiers collide come back from the store, in order', async () => {
    const { stage, store } = await setUp(version)
    const closing = stage.broker.close()
    await stage.advance(2_000)
    await closing

    const next = new Stage({ limits, store, runtime: stage.runtime })
    const client = await next.connect(persistent(version, 'client'))

    expect(await client.upToNow()).toEqual(["PUBLISH t 'x' qos 1 id 1 dup"])
    client.send(puback(1))
    const [second, third] = await client.upToNow()
    expect([second?.slice(0, 24), third?.slice(0, 24)]).toEqual([
      "PUBLISH t 'y' qos 1 id 1",
      "PUBLISH t 'z' qos 1 id 2",
    ])
  })
})
