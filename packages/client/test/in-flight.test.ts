import { expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { connected, failure } from './support/connected.ts'
import { settle } from './support/virtual-runtime.ts'

/** Publishes so many messages of QoS 2 and says how many PUBLISH the Server has got. */
async function sentOf(count: number, options: Parameters<typeof connected>[0]): Promise<number> {
  const { client, server } = await connected(options)
  for (let index = 0; index < count; index++) void client.publish('a', '', { qos: 2 })
  return (await server.link.take()).length
}

test.each([
  ['20 below 5.0, where a Server cannot say what it takes', { protocolVersion: 4 }, 20],
  ['the Receive Maximum of 5.0, which is all identifiers where none is announced', { protocolVersion: 5 }, 100],
  ['what the application says', { protocolVersion: 4, inFlightMax: 50 }, 50],
  ['what the application says (version 5)', { protocolVersion: 5, inFlightMax: 50 }, 50],
] as const)('messages in flight are %s', async (_name, options, expected) => {
  expect(await sentOf(100, options)).toBe(expected)
})

for (const protocolVersion of [4, 5] as const) {
  test(`what waits is sent when what is in flight is acknowledged (version ${protocolVersion})`, async () => {
    const { client, server } = await connected({ protocolVersion, inFlightMax: 1 })
    const published = ['one', 'two'].map(topic => client.publish(topic, '', { qos: 1 }))

    expect(await server.link.take()).toEqual([`PUBLISH one '' qos 1 id 1`])
    server.link.sendBytes('40 02 0001')

    expect(await server.link.take()).toEqual([`PUBLISH two '' qos 1 id 2`])
    server.link.sendBytes('40 02 0002')
    await Promise.all(published)
    await settle()
    expect(client.outbox.count).toBe(0)
  })
}

test.each([0, 65_536, 1.5])('%d cannot be the limit', async inFlightMax => {
  expect(await failure(connect('mqtt://127.0.0.1', { inFlightMax }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
})
