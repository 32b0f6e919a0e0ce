import { describe, expect, test } from 'vitest'
import { sysTopicNames } from '../../src/observe/sys-values.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { publishPacket, subscribePacket } from '../support/packets.ts'
import { persistent, Stage } from '../support/stage.ts'
import { type Version, versions } from '../support/versions.ts'
import { SysWatcher, sysValues } from './sys-watcher.ts'

/** A broker with `$SYS`. */
const stageWith = (limits: object = {}, options: object = {}): Stage =>
  new Stage({ ...options, limits: { sysIntervalMs: 10_000, ...limits } })

describe.each(versions)('in %s', ({ version }: Version) => {
  test('whoever subscribes gets every topic at once, retained', async () => {
    const stage = stageWith()
    const client = await stage.connect({ protocolVersion: version })

    client.send(subscribePacket(1, ['$SYS/#']))

    const [suback, ...messages] = await client.upToNow()
    expect(suback).toBe('SUBACK 1 00')
    expect(messages.map(line => /^PUBLISH \$SYS\/broker\/(.*) '/.exec(line)?.[1]).sort()).toEqual(
      [...sysTopicNames].sort(),
    )
    expect(messages.filter(line => !line.endsWith("' retain"))).toEqual([])
  })

  test.each([
    [0, ''],
    [1, ' qos 1 id 1'],
    [2, ' qos 2 id 1'],
  ] as const)('a Subscription at QoS %d gets the messages at that QoS', async (qos, suffix) => {
    const stage = stageWith()
    const client = await stage.connect({ protocolVersion: version })

    client.send(subscribePacket(1, [{ filter: '$SYS/broker/uptime', qos }]))

    expect((await client.upToNow())[1]).toBe(`PUBLISH $SYS/broker/uptime '0 seconds'${suffix} retain`)
  })

  test('what has changed is published after sysIntervalMs, and nothing else', async () => {
    const stage = stageWith({ sysIntervalMs: 5_000 })
    const watcher = await SysWatcher.open(stage, version, ['uptime', 'version', 'subscriptions/count'])
    await stage.settle()
    watcher.take()

    await stage.advance(4_900)
    const early = watcher.take()
    await stage.advance(100)
    const first = watcher.take()
    await stage.advance(10_000)

    expect(early).toEqual({})
    expect(first).toEqual({ uptime: '5 seconds', 'subscriptions/count': '3' })
    expect(await watcher.client.upToNow()).toEqual(
      ["PUBLISH $SYS/broker/uptime '10 seconds'", "PUBLISH $SYS/broker/uptime '15 seconds'"].map(line =>
        version === 5 ? `${line} retain` : line,
      ),
    )
  })

  test('[MQTT-4.7.2-1] [MQTT3-4.7.2-1] a wildcard at the first level does not receive them', async () => {
    const stage = stageWith()
    const client = await stage.connect({ protocolVersion: version })
    const filters = ['#', '+/#', '+/broker/#', '+/broker/uptime', '/#', '+', '$share/g/#', '$share/g/+/broker/uptime']
    client.send(subscribePacket(1, filters))

    await stage.advance(30_000)

    expect(await client.upToNow()).toEqual(['SUBACK 1 00 00 00 00 00 00 00 00'])
  })

  test('members of a Shared Subscription share them', async () => {
    const stage = stageWith()
    const members = [
      await stage.connect({ protocolVersion: version, clientId: 'a' }),
      await stage.connect({ protocolVersion: version, clientId: 'b' }),
    ]
    for (const member of members) member.send(subscribePacket(1, ['$share/g/$SYS/broker/uptime']))

    await stage.advance(40_000)

    const came = await Promise.all(members.map(member => member.upToNow()))
    expect(came.flat().filter(line => line.startsWith('PUBLISH'))).toHaveLength(4)
  })

  test('while nobody subscribes the values are kept up to date', async () => {
    const stage = stageWith()
    await stage.connect({ protocolVersion: version })
    await stage.advance(20_000)

    const values = await sysValues(stage, version)

    expect(values).toMatchObject({ uptime: '20 seconds', 'connections/socket/count': '1', 'clients/total': '1' })
  })

  test('what Clients retain is neither counted with them nor kept out by them', async () => {
    const stage = stageWith({ retainedCountMax: 1, retainedBytesMax: 4 })
    const client = await stage.connect({ protocolVersion: version })

    client.send(publishPacket('a', 'xxx', { retain: true }), publishPacket('b', 'x', { retain: true }))
    await stage.advance(10_000)
    client.send(subscribePacket(1, ['#']))

    expect(await client.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'xxx' retain"])
    expect(stage.broker.stats().retained).toBe(1)
    expect(await sysValues(stage, version)).toMatchObject({ 'retained messages/count': '1', uptime: '10 seconds' })
  })

  test('a Client can neither replace nor clear them', async () => {
    const stage = stageWith()
    const client = await stage.connect({ protocolVersion: version })

    client.send(
      publishPacket('$SYS/broker/uptime', 'forged', { retain: true }),
      publishPacket('$SYS/broker/version', '', { retain: true }),
    )
    await client.upToNow()

    expect(await sysValues(stage, version)).toMatchObject({ uptime: '0 seconds', version: 'curlew version 0.1.0' })
  })

  test('with sysIntervalMs 0 there are none, and no timer', async () => {
    const stage = stageWith({ sysIntervalMs: 0 })
    const watcher = await SysWatcher.open(stage, version)

    watcher.client.drop()
    await stage.advance(20_000)

    expect([watcher.take(), stage.runtime.timerCount]).toEqual([{}, 0])
  })

  test('the Store is not told of them, and another run of the broker begins with its own', async () => {
    const store = new MemoryStore()
    const stage = stageWith({}, { store })
    const watcher = await stage.connect(persistent(version, 'kept'))
    watcher.send(subscribePacket(1, ['$SYS/#']))
    await stage.advance(30_000)
    const closed = stage.broker.close()
    await stage.advance(5_000)
    await closed
    const stored = await store.load()

    const next = stageWith({}, { store, runtime: stage.runtime })
    const values = await sysValues(next, version)

    expect(stored.retained).toEqual([])
    expect(next.log.entries.find(({ line }) => line === 'info restored')?.fields).toMatchObject({ retained: 0 })
    expect(values).toMatchObject({ uptime: '0 seconds', 'clients/total': '1', 'clients/disconnected': '1' })
  })
})

test('a broker that is closed has no timer left', async () => {
  const stage = stageWith()
  const client = await stage.open()
  client.drop()
  await stage.advance(20_000)
  const before = stage.runtime.timerCount

  const closed = stage.broker.close()
  await stage.advance(20_000)
  await closed

  expect([before, stage.runtime.timerCount]).toEqual([1, 0])
})

test('a broker that is closed while it reads its store does not begin with them', async () => {
  const store = new MemoryStore()
  const stage = stageWith({}, { store })
  const opening = stage.open()

  const closed = stage.broker.close()
  await stage.advance(20_000)
  await Promise.all([opening, closed])

  expect([stage.runtime.timerCount, store.onHealthChange]).toEqual([0, undefined])
})

test('a process that stood still goes on with one update', async () => {
  const stage = stageWith()
  const watcher = await SysWatcher.open(stage, 5, ['uptime'])
  await stage.settle()
  watcher.take()

  stage.runtime.standStill(60_000)
  await stage.advance(100)

  expect(await watcher.client.upToNow()).toEqual(["PUBLISH $SYS/broker/uptime '60 seconds' retain"])
})
