import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../packages/broker/src/store/memory-store.ts'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { RecordingLog } from '../../packages/broker/test/support/recording-log.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { farewell } from './support/closing.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor()

/** What is wrong with a packet that a connected Client sends, the same in both versions; without a code it is not told (ADR 0013). */
const errors: [name: string, bytes: string, code?: string][] = [
  ['packet type 0', '00 00', '82'],
  ['a Remaining Length of five bytes', '30 8080808001'],
  ['PUBLISH at QoS 3', "36 06 0001 'a' 0001 00", '81'],
  ['PUBACK that is too short', '40 01 00', '81'],
  ['PUBREL with flags 0000', '60 02 0001', '81'],
  ['SUBACK from a Client', '90 03 0001 00', '82'],
  ['CONNACK from a Client', '20 02 0000', '82'],
  ['a second CONNECT', "10 0d 0004 'MQTT' 04 02 0000 0001 'c'", '82'],
]

describe.each(versions)('in %s', ({ version }) => {
  test.each(errors)(
    '[MQTT-4.13.1-1] [MQTT-4.13.2-1] [MQTT3-4.8.0-1] %s closes the connection',
    async (_, bytes, code) => {
      const client = await server.connect({ protocolVersion: version })

      client.send(bytes, 'c0 00')

      expect(await client.closing()).toEqual(code === undefined ? [] : farewell(version, code))
    },
  )

  test('[MQTT-4.13.1-1] [MQTT3-4.8.0-1] the error of one Client harms no other', async () => {
    const client = await server.connect({ protocolVersion: version })
    const other = await server.connect({ clientId: 'other' })
    other.send(subscribePacket(1, ['a']))
    await other.next()

    client.send(publishPacket('a', 'before'), '00 00', publishPacket('a', 'behind'))
    await client.closing()

    expect(await other.upToNow()).toEqual(["PUBLISH a 'before'"])
  })

  test('[MQTT-4.13.1-1] [MQTT3-4.8.0-1] a CONNECT with an error is closed', async () => {
    const client = server.open(version)

    client.send(version === 5 ? "10 0e 0004 'MQTT' 05 03 0000 00 0001 'c'" : "10 0d 0004 'MQTT' 04 03 0000 0001 'c'")

    expect(await client.closing()).toEqual(version === 5 ? ['CONNACK 81'] : [])
  })
})

/** A Store that breaks down while a packet is handled. */
class BrokenStore extends MemoryStore {
  override saveRetained(): void {
    throw new Error('the disk is full')
  }
}

describe('with a Store that fails', () => {
  const log = new RecordingLog()
  const failing = serverFor({ store: new BrokenStore(), log })

  test.each(versions)(
    '[MQTT3-4.8.0-2] an error of ours while a packet is handled closes its connection, and no other, in %s',
    async ({ version }) => {
      const other = await failing.connect({ clientId: 'other' })
      const client = await failing.connect({ protocolVersion: version })

      client.send(publishPacket('a', 'x', { qos: 1, packetId: 1, retain: true }))

      expect(await client.closing()).toEqual(farewell(version, '83'))
      expect(await other.upToNow()).toEqual([])
      expect(log.lines('error')).toContain('error internal error; the connection is closed')
    },
  )
})
