import { ClientDecoder, PacketType, ProtocolError } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { bytesOf } from './notation.ts'
import { toPlain } from './plain.ts'

describe('the decoder of a Client', () => {
  test.each([
    ['CONNACK', '20 03 00 00 00', { type: PacketType.Connack, sessionPresent: false, reasonCode: 0, properties: {} }],
    ['SUBACK', '90 04 0001 00 02', { type: PacketType.Suback, packetId: 1, reasonCodes: [2], properties: {} }],
    ['UNSUBACK', 'b0 04 0001 00 11', { type: PacketType.Unsuback, packetId: 1, reasonCodes: [0x11], properties: {} }],
    ['PINGRESP', 'd0 00', { type: PacketType.Pingresp }],
  ])('reads %s', (_name, notation, packet) => {
    const decoder = new ClientDecoder({ version: 5 })

    decoder.push(bytesOf(notation))

    expect(toPlain(decoder.next()!)).toEqual(packet)
  })

  test.each([
    ['CONNECT', "10 0d 0004 'MQTT' 05 02 0000 00 0000"],
    ['SUBSCRIBE', "82 07 0001 00 0001 'a' 00"],
    ['UNSUBSCRIBE', "a2 06 0001 00 0001 'a'"],
    ['PINGREQ', 'c0 00'],
  ])('refuses %s, which only a Client sends', (_name, notation) => {
    const decoder = new ClientDecoder({ version: 5 })

    decoder.push(bytesOf(notation))

    expect(() => decoder.next()).toThrow(ProtocolError)
  })
})
