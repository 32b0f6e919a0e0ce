import { expect, test } from 'vitest'
import { DiskStore, type Durability, MemoryStore } from '../../src/index.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { publishPacket } from '../support/packets.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { Stage } from '../support/stage.ts'
import { versions } from '../support/versions.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { SysWatcher, sysValues } from './sys-watcher.ts'

const limits = { sysIntervalMs: 10_000 }

/** A broker on a disk that can fail. */
function openOnDisk(durability: Durability = 'always') {
  const runtime = new VirtualRuntime()
  const engine = new MemoryEngine()
  const store = new DiskStore({ engine, runtime, log: new RecordingLog(), durability })
  return { engine, store, stage: new Stage({ runtime, store, limits }) }
}

test.each(versions)('in %s the state of the store is published when it changes, not later', async ({ version }) => {
  const { engine, stage } = openOnDisk()
  const watcher = await SysWatcher.open(stage, version, ['store/#'])
  await stage.settle()
  const atFirst = watcher.take()
  const publisher = await stage.connect({ clientId: 'publisher' })

  engine.nextFault = 'before'
  publisher.send(publishPacket('a', 'x', { qos: 1, packetId: 1, retain: true }))
  await stage.settle()
  const atFault = watcher.take()
  const stats = stage.broker.stats().store
  await stage.advance(2_000)

  expect(atFirst).toMatchObject({ 'store/durability': 'always', 'store/state': 'ok' })
  expect(atFault).toEqual({ 'store/state': 'read-only: no space left on device' })
  expect(stats).toEqual({ durability: 'always', isWritable: false })
  expect(watcher.take()).toEqual({ 'store/state': 'ok' })
  expect(stage.broker.stats().store).toEqual({ durability: 'always', isWritable: true })
})

test('a fault that goes on with the same reason is published once', async () => {
  const { engine, stage } = openOnDisk()
  const watcher = await SysWatcher.open(stage, 5, ['store/state'])
  const publisher = await stage.connect({ clientId: 'publisher' })
  engine.nextFault = 'before'
  engine.refusesToOpen = true

  publisher.send(publishPacket('a', 'x', { qos: 1, packetId: 1, retain: true }))
  await stage.advance(9_000)

  expect(await watcher.client.upToNow()).toEqual([
    "PUBLISH $SYS/broker/store/state 'ok' retain",
    "PUBLISH $SYS/broker/store/state 'read-only: no space left on device' retain",
  ])
})

test('nothing of $SYS is written to the disk', async () => {
  const { engine, stage } = openOnDisk()
  await stage.open()
  const atFirst = engine.writes.length

  await stage.advance(60_000)

  expect(engine.writes.length).toBe(atFirst)
})

test('a broker that is closed publishes no state of its store', async () => {
  const { store, stage } = openOnDisk()
  await stage.open()
  const during = store.onHealthChange

  const closed = stage.broker.close()
  await stage.advance(5_000)
  await closed

  expect([typeof during, store.onHealthChange]).toEqual(['function', undefined])
})

test('each kind of durability is shown', async () => {
  const memory = new Stage({ store: new MemoryStore(), limits })
  const { stage: interval } = openOnDisk('interval')

  expect((await sysValues(memory))['store/durability']).toBe('memory')
  expect((await sysValues(interval))['store/durability']).toBe('interval')
  expect(memory.broker.stats().store).toEqual({ durability: 'memory', isWritable: true })
})
