import { describe, expect, test } from 'vitest'
import { memoryBytes } from '../../packages/broker/test/support/heap.ts'
import {
  publishPacket,
  pubrel,
  subscribePacket,
  unsubscribePacket,
  willOf,
} from '../../packages/broker/test/support/packets.ts'
import { persistent, Stage } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'

type Abuse = (stage: Stage, version: 3 | 4 | 5, round: number) => Promise<void>

/** What a Client may do again and again; nothing of it may stay behind. */
const abuses: [what: string, rounds: number, abuse: Abuse][] = [
  [
    'connecting with a Will and going without a word',
    100,
    async (stage, version, round) => {
      const will = willOf(`will/${round}`, 'x'.repeat(5_000))
      const client = await stage.connect({ protocolVersion: version, clientId: `client ${round}`, will })
      client.drop()
      await stage.settle()
    },
  ],
  [
    'taking a Session over',
    100,
    async (stage, version, round) => {
      const client = await stage.connect({ ...persistent(version, 'same'), will: willOf('w', 'x'.repeat(5_000)) })
      client.send(subscribePacket(1, [`f/${round % 7}/+`]))
      client.end()
      await stage.settle()
    },
  ],
  [
    'subscribing and unsubscribing',
    100,
    async (stage, version, round) => {
      const client = await stage.connect({ protocolVersion: version, clientId: 'subscriber' })
      const filters = Array.from({ length: 100 }, (_, index) => `deep/${round}/${index}/+/and/#`)
      client.send(subscribePacket(1, filters), unsubscribePacket(2, filters))
      client.end()
      await stage.settle()
    },
  ],
  [
    'beginning QoS 2 with one identifier and never releasing it',
    100,
    async (stage, version) => {
      const client = await stage.connect(persistent(version, 'same'))
      for (let index = 0; index < 100; index++)
        client.send(publishPacket('t', 'x'.repeat(500), { qos: 2, packetId: 7 }))
      client.end()
      await stage.settle()
    },
  ],
  [
    'setting and clearing retained messages',
    100,
    async (stage, version, round) => {
      const client = await stage.connect({ protocolVersion: version, clientId: 'publisher' })
      for (let index = 0; index < 50; index++) {
        const topic = `retained/${round % 5}/${index}`
        client.send(publishPacket(topic, 'x'.repeat(500), { retain: true }), publishPacket(topic, '', { retain: true }))
      }
      client.end()
      await stage.settle()
    },
  ],
  [
    'publishing to topics that nobody has heard of',
    100,
    async (stage, version, round) => {
      const client = await stage.connect({ protocolVersion: version, clientId: 'publisher' })
      for (let index = 0; index < 20; index++) client.send(publishPacket(`${round}/${index}/`.padEnd(5_000, 'x'), 'x'))
      client.end()
      await stage.settle()
    },
  ],
  [
    'leaving messages unacknowledged in a Session that ends',
    100,
    async (stage, version) => {
      const client = await stage.connect({ protocolVersion: version, clientId: 'lazy' })
      client.send(subscribePacket(1, [{ filter: 'own', qos: 2 }]))
      for (let index = 0; index < 20; index++) {
        client.send(publishPacket('own', 'x'.repeat(2_000), { qos: 2, packetId: 1 }), pubrel(1))
      }
      client.drop()
      await stage.settle()
    },
  ],
  [
    'sending a packet that is malformed behind half a megabyte of good ones',
    20,
    async (stage, version) => {
      const client = await stage.connect({ protocolVersion: version, clientId: 'malformed' })
      client.send(...Array.from({ length: 10 }, () => publishPacket('t', 'x'.repeat(50_000))), '00 00')
      client.end()
      await stage.settle()
    },
  ],
]

describe.each(versions)('in %s', ({ version }) => {
  test.each(abuses)('%s, seven times %d times, leaves nothing behind', async (_, rounds, abuse) => {
    const stage = new Stage({ limits: { lingerMs: 1 } })
    const growths: number[] = []
    let last = 0
    for (let round = 0; round < 7 * rounds; round++) {
      await abuse(stage, version, round)
      if ((round + 1) % rounds > 0) continue
      await stage.advance(5_000)
      const now = memoryBytes()
      growths.push(now - last)
      last = now
    }

    // The first rounds warm up. What the engine itself keeps goes up and down by megabytes, also three times in a row; a leak only goes up.
    expect(Math.min(...growths.slice(1))).toBeLessThan(100_000)
    expect(stage.broker.stats().connections).toBe(0)
  })
})
