import { describe, expect, test } from 'vitest'
import { connectPacket, pingreq, publishPacket, subscribePacket, willOf } from '../support/packets.ts'
import type { RawClient } from '../support/raw-client.ts'
import { persistent, Stage } from '../support/stage.ts'
import { allVersions, v311, versions } from '../support/versions.ts'

/** Sends bytes one by one, one per second, as long as the broker listens. */
async function dribble(stage: Stage, client: RawClient, bytes: Uint8Array): Promise<number> {
  for (const [index, byte] of bytes.entries()) {
    if (client.state !== 'open') return index
    client.wire.write(Uint8Array.of(byte))
    await stage.advance(1_000)
  }
  return bytes.length
}

describe.each(allVersions)('in %s', ({ version }) => {
  test('a connection without CONNECT is closed after connectTimeoutMs', async () => {
    const stage = new Stage({ limits: { connectTimeoutMs: 3_000 } })
    const client = await stage.open(version)

    await stage.advance(2_999)
    expect(client.state).toBe('open')
    await stage.advance(101)

    expect(await client.closing()).toEqual([])
    expect(stage.broker.stats().connections).toBe(1)
  })

  test('a CONNECT that dribbles in has connectTimeoutMs in total, not per byte', async () => {
    const stage = new Stage()
    const client = await stage.open(version)

    const sent = await dribble(stage, client, client.encode([connectPacket({ protocolVersion: version })]))

    expect(sent).toBeLessThanOrEqual(11)
    expect(stage.broker.stats().sessions).toBe(0)
  })

  test('an accepted CONNECT ends its deadline', async () => {
    const stage = new Stage({ limits: { connectTimeoutMs: 3_000 } })
    const client = await stage.connect({ protocolVersion: version, keepAlive: 60 })

    await stage.advance(80_000)

    expect(client.state).toBe('open')
  })
})

describe.each(versions)('in %s', ({ version }) => {
  test('[MQTT-3.1.2-22] [MQTT3-3.1.2-24] silence of one and a half times the Keep Alive closes, and publishes the Will', async () => {
    const stage = new Stage()
    const watcher = await stage.connect({ clientId: 'watcher', keepAlive: 600 })
    watcher.send(subscribePacket(1, ['#']))
    const client = await stage.connect({ protocolVersion: version, keepAlive: 10, will: willOf('gone', 'x') })

    await stage.advance(14_999)
    expect(client.state).toBe('open')
    await stage.advance(101)

    expect(await client.closing()).toEqual(version === 5 ? ['DISCONNECT 8d'] : [])
    expect(await watcher.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH gone 'x'"])
  })

  test('[MQTT-3.1.2-22] [MQTT3-3.1.2-24] any packet puts the end off', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version, keepAlive: 10 })

    for (const packet of [pingreq, publishPacket('a', 'x'), subscribePacket(1, ['a']), '40 02 0001']) {
      await stage.advance(14_000)
      client.send(packet)
    }
    await stage.advance(14_900)
    expect(client.state).toBe('open')
    await stage.advance(200)

    expect(client.state).not.toBe('open')
  })

  test('what the Server sends does not put the end off', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version, keepAlive: 10 })
    client.send(subscribePacket(1, ['#']))
    const publisher = await stage.connect({ clientId: 'publisher', keepAlive: 600 })

    for (let second = 0; second < 16; second++) {
      publisher.send(publishPacket('a', 'x'))
      await stage.advance(1_000)
    }

    expect(client.state).not.toBe('open')
  })

  test('a packet has packetTimeoutMs to arrive, however its bytes are spread', async () => {
    const stage = new Stage({ limits: { packetTimeoutMs: 20_000 } })
    const client = await stage.connect({ protocolVersion: version, keepAlive: 60 })

    const sent = await dribble(stage, client, client.encode([publishPacket('a', 'x'.repeat(50))]))

    expect([20, 21]).toContain(sent)
    expect(await client.closing()).toEqual(version === 5 ? ['DISCONNECT 80'] : [])
  })

  test('packetTimeoutMs begins anew with each packet, also where chunks never end with one', async () => {
    const stage = new Stage({ limits: { packetTimeoutMs: 20_000 } })
    const client = await stage.connect({ protocolVersion: version, keepAlive: 60 })
    const bytes = client.encode(Array.from({ length: 100 }, () => publishPacket('a', 'x'.repeat(50))))
    // Each chunk ends a packet and begins the next.
    const size = bytes.length / 100
    const chunks = Array.from({ length: 99 }, (_, index) => bytes.subarray(index * size + 20, (index + 1) * size + 20))

    client.wire.write(bytes.subarray(0, 20))
    for (const chunk of chunks) {
      client.wire.write(chunk)
      await stage.advance(1_000)
    }

    expect(client.state).toBe('open')
    expect(stage.broker.stats().traffic.receivedPublishes).toBe(99)
  })

  test('a peer that does not close its side is gone after lingerMs', async () => {
    const stage = new Stage({ limits: { lingerMs: 2_000 } })
    const client = await stage.connect({ protocolVersion: version })
    client.send('00 00')
    await client.closing()

    expect(stage.broker.stats().connections).toBe(1)
    await stage.advance(2_100)

    expect(stage.broker.stats().connections).toBe(0)
    expect(client.state).toBe('closed')
  })

  test('a peer that closes its side too is gone at once', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version })
    client.send('00 00')
    await client.closing()

    client.end()
    await client.gone()

    expect(stage.broker.stats().connections).toBe(0)
  })

  test('a connection that ends leaves no timer behind', async () => {
    const stage = new Stage()
    const client = await stage.connect({ protocolVersion: version, keepAlive: 60 })
    client.send('30 0a 0001')
    await stage.settle()

    client.drop()
    await stage.advance(200)

    expect(stage.runtime.timerCount).toBe(0)
  })

  test('a client that takes nothing for stalledOutputTimeoutMs is ended, and its Session kept', async () => {
    const stage = new Stage({ limits: { stalledOutputTimeoutMs: 5_000 } })
    const frozen = await stage.connect({ ...persistent(version, 'frozen'), keepAlive: 0 })
    frozen.send(subscribePacket(1, [{ filter: '#', qos: 1 }]))
    await stage.settle()
    frozen.wire.freeze()
    const publisher = await stage.connect({ clientId: 'publisher' })
    publisher.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }))

    await stage.advance(4_900)
    expect([frozen.state, stage.broker.stats().connections]).toEqual(['open', 2])
    await stage.advance(200)

    expect([frozen.state, stage.broker.stats().connections]).toEqual(['closed', 1])
    const back = await stage.dial({ ...persistent(version, 'frozen') })
    expect(await back.upToNow()).toEqual(['CONNACK 00 session-present', "PUBLISH a 'x' qos 1 id 1 dup"])
  })

  test('a client that takes a little now and then is not ended', async () => {
    const stage = new Stage({ limits: { stalledOutputTimeoutMs: 5_000 } })
    const slow = await stage.connect({ protocolVersion: version, clientId: 'slow', keepAlive: 600 })
    slow.send(subscribePacket(1, ['#']))
    await stage.settle()
    slow.wire.freeze()
    const publisher = await stage.connect({ clientId: 'publisher', keepAlive: 600 })
    publisher.send(publishPacket('a', 'x'))

    for (let index = 0; index < 20; index++) {
      publisher.send(publishPacket('a', 'x'))
      await stage.advance(4_000)
      slow.wire.takeOne()
    }

    expect(slow.state).toBe('open')
  })
})

test.each([v311])(
  '[MQTT3-3.1.2-24] Keep Alive 0 and large ones are the Client’s own affair in %s',
  async ({ version }) => {
    const stage = new Stage({ limits: { keepAliveMax: 10 } })
    const silent = await stage.connect({ protocolVersion: version, clientId: 'silent', keepAlive: 0 })
    const slow = await stage.connect({ protocolVersion: version, clientId: 'slow', keepAlive: 1_000 })

    await stage.advance(1_400_000)

    expect([silent.state, slow.state]).toEqual(['open', 'open'])
  },
)

test('[MQTT-3.2.2-21] the Server Keep Alive is what counts', async () => {
  const stage = new Stage({ limits: { keepAliveMax: 10 } })
  const never = await stage.connect({ clientId: 'never', keepAlive: 0 })
  const rarely = await stage.connect({ clientId: 'rarely', keepAlive: 1_000 })

  await stage.advance(15_100)

  expect(await never.closing()).toEqual(['DISCONNECT 8d'])
  expect(await rarely.closing()).toEqual(['DISCONNECT 8d'])
})
