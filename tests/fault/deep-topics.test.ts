import { describe, expect, test } from 'vitest'
import {
  publishPacket,
  subscribePacket,
  unsubscribePacket,
  willOf,
} from '../../packages/broker/test/support/packets.ts'
import { persistent, Stage } from '../../packages/broker/test/support/stage.ts'
import { type Version, v5, versions } from '../../packages/broker/test/support/versions.ts'

/** The longest topic there can be, all of it separators: 65 536 levels. */
const deep = '/'.repeat(65_535)
const limits = {
  topicLevelsMax: 100_000,
  filterLengthMax: 100_000,
  filterWildcardsMax: 65_535,
  connectPacketBytesMax: 200_000,
}

async function setUp({ version }: Version, isAllowed: boolean) {
  const stage = new Stage(isAllowed ? { limits } : { limits: { connectPacketBytesMax: 200_000 } })
  const watcher = await stage.connect({ clientId: 'watcher' })
  watcher.send(subscribePacket(1, ['#']))
  await watcher.next()
  const client = await stage.connect({ protocolVersion: version })
  return { stage, watcher, client }
}

describe.each(versions)('in %s', version => {
  const is5 = version === v5

  test('65 535 slashes in PUBLISH end that connection', async () => {
    const { watcher, client } = await setUp(version, false)

    client.send(publishPacket(deep, 'x', { retain: true }))

    expect(await client.closing()).toEqual(is5 ? ['DISCONNECT 90'] : [])
    expect(await watcher.upToNow()).toEqual([])
  })

  test('65 535 slashes in SUBSCRIBE and UNSUBSCRIBE are answered', async () => {
    const { client } = await setUp(version, false)

    client.send(subscribePacket(1, [deep, 'a']), unsubscribePacket(2, [deep, 'a']))

    expect(await client.upToNow()).toEqual(
      is5 ? ['SUBACK 1 8f 00', 'UNSUBACK 2 11 00'] : ['SUBACK 1 80 00', 'UNSUBACK 2'],
    )
  })

  test('65 535 slashes in a Will Topic are refused', async () => {
    const { stage } = await setUp(version, false)

    const client = await stage.dial({ protocolVersion: version.version, clientId: 'deep', will: willOf(deep, 'x') })

    expect(await client.closing()).toEqual(is5 ? ['CONNACK 90'] : [])
  })

  test('where the limits allow it, the deepest topics pass everywhere and overflow no stack', async () => {
    const { stage, watcher, client } = await setUp(version, true)
    const will = willOf(deep, 'gone', { retain: true })
    const other = await stage.connect({ ...persistent(version.version, 'other'), will })

    client.send(subscribePacket(1, [deep, `${deep.slice(0, -1)}+`, `${deep.slice(0, -1)}#`, `+${deep.slice(0, -1)}`]))
    expect(await client.upToNow()).toEqual(['SUBACK 1 00 00 00 00'])
    other.send(publishPacket(deep, 'x', { retain: true }))
    await other.upToNow()
    other.drop()
    await stage.settle()
    client.send(unsubscribePacket(2, [deep, `${deep.slice(0, -1)}+`]), subscribePacket(3, [`${'+/'.repeat(32_767)}+`]))

    const live = [`PUBLISH ${deep} 'x'`, `PUBLISH ${deep} 'gone'`]
    expect(await watcher.upToNow()).toEqual(live)
    expect(await client.upToNow()).toEqual([...live, is5 ? 'UNSUBACK 2 00 00' : 'UNSUBACK 2', 'SUBACK 3 00'])
  })
})
