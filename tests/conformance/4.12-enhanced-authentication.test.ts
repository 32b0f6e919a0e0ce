import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import {
  authenticating,
  authPacket,
  CuedMethod,
  continueWith,
  reAuthenticate,
} from '../../packages/broker/test/support/cued-method.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor({ authenticationMethods: { cued: new CuedMethod() } })

test('[MQTT-4.12.0-1] an Authentication Method that is not supported is refused with 0x8C, and the connection closes', async () => {
  const client = server.dial({ properties: { authenticationMethod: 'GS2-KRB5' } })

  expect(await client.closing()).toEqual(['CONNACK 8c'])
})

test('[MQTT-4.12.0-2] [MQTT-4.12.0-5] the Server asks with AUTH 0x18 and repeats the Authentication Method in every packet', async () => {
  const client = server.dial(authenticating(undefined))

  const first = await client.receiveA(PacketType.Auth)
  client.send(continueWith('ask'))
  const second = await client.receiveA(PacketType.Auth)
  client.send(continueWith('yes'))
  const connack = await client.receiveA(PacketType.Connack)

  expect([first.reasonCode, second.reasonCode, connack.reasonCode]).toEqual([0x18, 0x18, 0x00])
  for (const { properties } of [first, second, connack]) expect(properties.authenticationMethod).toBe('cued')
  expect(Buffer.from(connack.properties.authenticationData!).toString()).toBe('welcome')
})

const outOfTurn: [name: string, bytes: string][] = [
  ['[MQTT-4.12.0-3] an answer with 0x19', "f0 09 19 07 15 0004 'cued'"],
  ['[MQTT-4.12.0-3] an answer with 0x00', "f0 09 00 07 15 0004 'cued'"],
  ['[MQTT-4.12.0-5] an answer with another Authentication Method', "f0 0a 18 08 15 0005 'other'"],
  ['[MQTT-4.12.0-5] an answer without an Authentication Method', 'f0 02 18 00'],
]
test.each(outOfTurn)('%s closes the connection', async (_, bytes) => {
  const client = server.dial(authenticating('ask'))
  await client.next()

  client.send(bytes)

  expect(await client.closing()).toEqual([])
})

const rejections: [name: string, cues: string[], connack: string][] = [
  ['[MQTT-4.12.0-4] a rejection at once', ['no'], 'CONNACK 87'],
  ['[MQTT-4.12.0-4] a rejection after a question', ['ask', 'no'], 'CONNACK 87'],
  ['[MQTT-4.12.0-4] a rejection after several questions', ['ask', 'ask later', 'ask', 'no later'], 'CONNACK 87'],
  ['[MQTT-4.12.0-4] a rejection with a Reason Code of the method', ['ask', 'no, banned'], 'CONNACK 8a'],
]
test.each(rejections)('%s is said with CONNACK, and the connection closes', async (_, [first, ...rest], connack) => {
  const client = server.dial(authenticating(first))

  for (const cue of rest) {
    expect(await client.next()).toBe('AUTH')
    client.send(continueWith(cue))
  }

  expect(await client.closing()).toEqual([connack])
})

test('[MQTT-4.12.0-6] a Client without Authentication Method gets no AUTH and no Authentication Method', async () => {
  const client = server.dial()

  const { properties } = await client.receiveA(PacketType.Connack)

  expect([properties.authenticationMethod, properties.authenticationData]).toEqual([undefined, undefined])
  expect(await client.upToNow()).toEqual([])
})

test.each([
  ['[MQTT-4.12.0-7] AUTH 0x18', continueWith('yes')],
  ['[MQTT-4.12.0-7] AUTH 0x19', reAuthenticate('yes')],
] as const)('%s of a Client without Authentication Method is a Protocol Error', async (_, packet) => {
  const client = await server.connect()

  client.send(packet)

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
})

test('a Client may authenticate again at any time, with as many steps as it takes', async () => {
  const client = await server.connect(authenticating('yes'))

  for (const round of [1, 2]) {
    client.send(reAuthenticate('ask'))
    expect([round, await client.next()]).toEqual([round, 'AUTH'])
    client.send(continueWith('yes'))
    const { reasonCode, properties } = await client.receiveA(PacketType.Auth)
    expect([reasonCode, properties.authenticationMethod]).toEqual([0x00, 'cued'])
  }

  expect(await client.upToNow()).toEqual([])
})

test('[MQTT-4.12.1-1] re-authentication with another Authentication Method is a Protocol Error', async () => {
  const client = await server.connect(authenticating('yes'))

  client.send(authPacket(0x19, 'yes', 'other'))

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
})

test.each([
  ['[MQTT-4.12.1-2] re-authentication that fails at once', ['no']],
  ['[MQTT-4.12.1-2] re-authentication that fails after a question', ['ask', 'no later']],
])('%s ends with DISCONNECT 0x87, and the connection closes', async (_, [first, ...rest]) => {
  const client = await server.connect(authenticating('yes'))

  client.send(reAuthenticate(first))
  for (const cue of rest) {
    expect(await client.next()).toBe('AUTH')
    client.send(continueWith(cue))
  }

  expect(await client.closing()).toEqual(['DISCONNECT 87'])
})

test('a connection stays as it was authenticated until re-authentication is over', async () => {
  const client = await server.connect(authenticating('yes'))
  client.send(reAuthenticate('ask'))
  await client.next()

  client.send("82 07 0001 00 0001 'a' 00", "30 05 0001 'a' 00 'x'")

  expect(await client.upToNow()).toEqual(['SUBACK 1 00', "PUBLISH a 'x'"])
})
