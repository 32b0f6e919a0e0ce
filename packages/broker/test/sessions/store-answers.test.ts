import { expect, test } from 'vitest'
import { DeferredStore } from '../support/deferred-store.ts'
import { publishPacket, subscribePacket } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { versions } from '../support/versions.ts'

test.each(versions)(
  'in %s what a Session gives up because the store has answered is committed',
  async ({ version }) => {
    const store = new DeferredStore()
    const stage = new Stage({ store })
    const settled = async () => {
      await stage.settle()
      store.settle()
      await stage.settle()
    }
    const client = await stage.dial({ ...persistent(version, 'client'), keepAlive: 600 })
    await settled()
    client.send(subscribePacket(1, [{ filter: 'a', qos: 2 }]))
    await settled()
    const publisher = await stage.dial({ clientId: 'publisher' })
    await settled()
    publisher.send(publishPacket('a', 'brief', { qos: 2, packetId: 1, properties: { messageExpiryInterval: 1 } }))
    await stage.settle()
    publisher.drop() // whoever gets an acknowledgement now would have the turn committed
    await stage.advance(5_000)
    const before = store.openCount

    store.settle()
    await stage.settle()

    expect(stage.broker.stats().drops.expired).toBe(1)
    expect([before, store.openCount]).toEqual([1, 1])
  },
)
