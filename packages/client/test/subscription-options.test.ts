import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import type { ReceivedMessage } from '../src/index.ts'
import { connected } from './support/connected.ts'
import { publish, subscribed } from './support/subscribed.ts'
import { settle } from './support/virtual-runtime.ts'

const identifiers: [given: number, sent: object][] = [
  [0, {}],
  [77, { subscriptionIdentifiers: [77] }],
]
for (const [subscriptionIdentifier, sent] of identifiers) {
  test(`subscriptionIdentifier ${subscriptionIdentifier} is sent as ${JSON.stringify(sent)}`, async () => {
    const { client, server } = await connected()

    void client.subscribe('a', { subscriptionIdentifier })

    const [packet] = await server.link.packets()
    expect(packet).toHaveProperty('properties', sent)
  })
}

test('a Subscription with several filters that match gets a message once', async () => {
  const setting = await connected()
  const got: string[] = []
  await subscribed(setting, ['a', '#'], message => got.push(message.text()))

  setting.server.link.send(
    publish('a', 'one'),
    publish('a', 'two', 0, { properties: { subscriptionIdentifiers: [1] } }),
  )
  await settle()

  expect(got).toEqual(['one', 'two'])
})

test('a message has the Packet Identifier that it came with', async () => {
  const setting = await connected()
  const got: ReceivedMessage[] = []
  await subscribed(setting, 'a', message => got.push(message))

  setting.server.link.send(publish('a', '', 0), publish('a', '', 1, { packetId: 42 }))
  await settle()

  expect(got.map(({ packetId }) => packetId)).toEqual([0, 42])
})

const grants: [reasonCodes: (0 | 135)[], code: string | undefined][] = [
  [[0, 135], undefined],
  [[135, 135], 'ERR_SUBSCRIBE_REFUSED'],
]
for (const [reasonCodes, code] of grants) {
  test(`allowsPartialGrant takes ${reasonCodes.join(' and ')} for ${code ?? 'a Subscription'}`, async () => {
    const { client, server } = await connected()
    const asked = client.subscribe(['a', 'b'], { allowsPartialGrant: true })
    const [packet] = await server.link.packets()
    const { packetId } = packet as { packetId: number }

    server.link.send({ type: PacketType.Suback, packetId, reasonCodes, properties: {} })

    const outcome = await asked.then(
      subscription => subscription.reasonCodes,
      error => error.code,
    )
    expect(outcome).toEqual(code ?? reasonCodes)
  })
}

const goodbyes: [given: object, sent: object][] = [
  [{}, { reasonCode: 0, properties: { sessionExpiryInterval: 0 } }],
  [{ properties: { sessionExpiryInterval: 60 } }, { properties: { sessionExpiryInterval: 60 } }],
  [
    { reasonCode: 4, properties: { reasonString: 'bye', userProperties: [['a', 'b']] } },
    { reasonCode: 4, properties: { sessionExpiryInterval: 0, reasonString: 'bye', userProperties: [['a', 'b']] } },
  ],
]
for (const [given, sent] of goodbyes) {
  test(`close(${JSON.stringify(given)}) says so in its DISCONNECT`, async () => {
    const { client, server } = await connected()

    void client.close(given)

    expect(await server.link.packets()).toMatchObject([{ type: PacketType.Disconnect, ...sent }])
  })
}
