import { describe, expect, test } from 'vitest'
import { Stage } from '../support/stage.ts'
import { versions } from '../support/versions.ts'

describe.each(versions)('in %s', ({ version }) => {
  test('beyond connectionsMax a connection is not let in, before a byte is read', async () => {
    const stage = new Stage({ limits: { connectionsMax: 2 } })
    const first = await stage.connect({ protocolVersion: version, clientId: 'first' })
    const silent = await stage.open(version)

    const third = await stage.open(version)

    expect([first.state, silent.state, third.state]).toEqual(['open', 'open', 'closed'])
    expect(stage.broker.stats()).toMatchObject({ connections: 2, traffic: { opened: 2 } })
    expect(stage.log.lines('warn')).toEqual(['warn connection not accepted'])
  })

  test('a connection that is gone makes room for another', async () => {
    const stage = new Stage({ limits: { connectionsMax: 1 } })
    const first = await stage.connect({ protocolVersion: version })
    first.drop()
    await stage.settle()

    expect((await stage.open(version)).state).toBe('open')
  })

  test('a connection that lingers counts until it is gone', async () => {
    const stage = new Stage({ limits: { connectionsMax: 1, lingerMs: 1_000 } })
    const first = await stage.connect({ protocolVersion: version })
    first.send('00 00')
    await first.closing()

    expect((await stage.open(version)).state).toBe('closed')
    await stage.advance(1_200)
    expect((await stage.open(version)).state).toBe('open')
  })
})

test('connectionsPerAddressMax holds for each address by itself', async () => {
  const stage = new Stage({ limits: { connectionsPerAddressMax: 2 } })
  const states: string[] = []

  for (const address of ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2', '2001:db8::1']) {
    states.push((await stage.open(5, address)).state)
  }

  expect(states).toEqual(['open', 'open', 'closed', 'open', 'open'])
})

test('an address has room again when a connection of it is gone', async () => {
  const stage = new Stage({ limits: { connectionsPerAddressMax: 1 } })
  const first = await stage.open(5, '10.0.0.1')
  first.drop()
  await stage.settle()

  expect((await stage.open(5, '10.0.0.1')).state).toBe('open')
  expect((await stage.open(5, '10.0.0.1')).state).toBe('closed')
})

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', undefined])(
  '%s is this machine and has no limit of its own',
  async address => {
    const stage = new Stage({ limits: { connectionsPerAddressMax: 1 } })
    const clients = [await stage.open(5, address), await stage.open(5, address), await stage.open(5, address)]

    expect(clients.map(({ state }) => state)).toEqual(['open', 'open', 'open'])
  },
)

test.each(['128.0.0.1', '::ffff:10.0.0.1', '1127.0.0.1'])('%s is another machine', async address => {
  const stage = new Stage({ limits: { connectionsPerAddressMax: 1 } })
  await stage.open(5, address)

  expect((await stage.open(5, address)).state).toBe('closed')
})
