import { test } from 'vitest'
import { publishPacket, subscribePacket, willOf } from '../../packages/broker/test/support/packets.ts'
import { persistent, Stage } from '../../packages/broker/test/support/stage.ts'
test('x', async () => {
  const limits = { topicLevelsMax: 100_000, filterLengthMax: 100_000, filterWildcardsMax: 65_535, connectPacketBytesMax: 200_000 }
  for (const n of [200, 300, 30000, 65_535]) {
  const stage = new Stage({ limits })
  const watcher = await stage.connect({ clientId: 'watcher' })
  watcher.send(subscribePacket(1, ['#']))
  const deep = '/'.repeat(n)
  const will = willOf(deep, 'gone', { retain: true })
  const other = await stage.connect({ ...persistent(4, 'other'), will })
  other.send(publishPacket(deep, 'x', { retain: true }))
  console.log((await other.upToNow()).map(x => x.slice(-30)))
  other.drop()
  await stage.settle()
  console.log((await watcher.upToNow()).map(x => x.slice(-30)), stage.log.entries, stage.broker.stats().traffic)
  }
})
