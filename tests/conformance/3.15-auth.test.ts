import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import {
  authenticating,
  CuedMethod,
  continueWith,
  reAuthenticate,
} from '../../packages/broker/test/support/cued-method.ts'
import { serverFor } from './support/rules.ts'

const server = serverFor({ authenticationMethods: { cued: new CuedMethod() } })

/** AUTH 0x18 with the method `cued`, after its first byte. */
const continued = "09 18 07 15 0004 'cued'"

const wrong: [name: string, bytes: string][] = [
  ['[MQTT-3.15.1-1] AUTH with flags 0001', `f1 ${continued}`],
  ['[MQTT-3.15.1-1] AUTH with flags 0010', `f2 ${continued}`],
  ['[MQTT-3.15.1-1] AUTH with flags 1000', `f8 ${continued}`],
  ['[MQTT-3.15.2-1] AUTH with Reason Code 0x01', "f0 09 01 07 15 0004 'cued'"],
  ['[MQTT-3.15.2-1] AUTH with Reason Code 0x87', "f0 09 87 07 15 0004 'cued'"],
  ['[MQTT-3.15.2-1] AUTH with Reason Code 0x00 from a Client', "f0 09 00 07 15 0004 'cued'"],
  ['[MQTT-3.15.2-1] AUTH without anything, which is Reason Code 0x00', 'f0 00'],
]
test.each(wrong)('%s closes a connection that authenticates, without CONNACK or DISCONNECT', async (_, bytes) => {
  const client = server.dial(authenticating('ask'))
  expect(await client.next()).toBe('AUTH')

  client.send(bytes, continueWith('yes'))

  expect(await client.closing()).toEqual([])
})

test.each(wrong)('%s closes a connection that has authenticated', async (_, bytes) => {
  const client = await server.connect(authenticating('yes'))

  client.send(bytes)

  expect(await client.closing()).toEqual([expect.stringMatching(/^DISCONNECT 8[12]$/)])
})

test('[MQTT-3.15.2-1] the Server uses 0x18 while it asks and 0x00 when it is satisfied', async () => {
  const client = await server.connect(authenticating('yes'))

  client.send(reAuthenticate('ask'))
  const question = await client.receiveA(PacketType.Auth)
  client.send(continueWith('yes'))
  const end = await client.receiveA(PacketType.Auth)

  expect([question.reasonCode, end.reasonCode]).toEqual([0x18, 0x00])
})

test('[MQTT-3.15.2-2] [MQTT-3.15.2-3] AUTH to a Client that takes no larger packet has no Reason String or User Property', async () => {
  const fields = authenticating('ask', { properties: { maximumPacketSize: 60 } })
  const client = server.dial(fields)

  const { properties } = await client.receiveA(PacketType.Auth)

  expect([properties.reasonString, properties.userProperties]).toEqual([undefined, undefined])
})

test('[MQTT-3.15.2-2] [MQTT-3.15.2-3] an AUTH that is too large for the Client is not sent; the connection closes', async () => {
  const client = server.dial(authenticating('ask at length', { properties: { maximumPacketSize: 100 } }))

  expect(await client.closing()).toEqual([])
})

test('AUTH of a 3.1.1 Client closes the connection', async () => {
  const client = await server.connect({ protocolVersion: 4 })

  client.send(`f0 ${continued}`)

  expect(await client.closing()).toEqual([])
})
