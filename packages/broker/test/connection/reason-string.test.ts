import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import { subscribePacket } from '../support/packets.ts'
import { Stage } from '../support/stage.ts'

test('a Reason String that quotes half of a character the client sent is whole, and harms nobody', async () => {
  const stage = new Stage()
  const other = await stage.connect({ clientId: 'other' })
  const client = await stage.connect()

  client.send("82 4a 0001 00 0044 'x'*63 '😀#' 00")

  const disconnect = await client.receiveA(PacketType.Disconnect)
  expect(disconnect.reasonCode).toBe(0x81)
  expect(disconnect.properties.reasonString).toMatch(/^'x{63}.…' is not a Topic Filter/u)
  other.send(subscribePacket(1, ['a']))
  expect(await other.next()).toBe('SUBACK 1 00')
})

test('[MQTT-3.1.0-2] a second CONNECT of a version that nobody speaks is a Protocol Error like any other', async () => {
  const stage = new Stage()
  const client = await stage.connect()

  client.send("10 0e 0004 'MQTT' 09 02 0000 00 0001 'c'")

  expect(await client.closing()).toEqual(['DISCONNECT 82'])
})

test('a refusing CONNACK that quotes half of a character is whole', async () => {
  const stage = new Stage()
  const client = await stage.dial({ properties: { authenticationMethod: `${'x'.repeat(63)}😀x` } })

  const connack = await client.receiveA(PacketType.Connack)

  expect(connack.reasonCode).toBe(0x8c)
  expect(connack.properties.reasonString).toMatch(/^Authentication Method 'x{63}.' is not/u)
})
