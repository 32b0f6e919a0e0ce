import {
  encodePacket,
  InvalidPacketError,
  type Packet,
  PacketType,
  PacketWriter,
  type ProtocolVersion,
  type Publish,
  writePacket,
} from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { bytesOf, hexOf } from './notation.ts'
import { versionName } from './version-name.ts'

const { Connack, Puback, Pubrec, Suback, Unsuback, Disconnect, Subscribe, Pingreq } = PacketType
const publish: Publish = {
  type: PacketType.Publish,
  topic: 'a',
  payload: bytesOf("'p'"),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: {},
}
const request = { filter: 'a', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 } as const
const reasons = { reasonString: 'why' }

describe('what MQTT 3.1 and 3.1.1 do not have is left out', () => {
  const rows: [name: string, version: ProtocolVersion, packet: Packet, bytes: string][] = [
    [
      'Reason Code and properties of PUBACK',
      4,
      { type: Puback, packetId: 1, reasonCode: 0x87, properties: reasons },
      '40 02 0001',
    ],
    ['Reason Code of PUBREC', 3, { type: Pubrec, packetId: 1, reasonCode: 0x91, properties: {} }, '50 02 0001'],
    [
      'Session Present of CONNACK',
      3,
      { type: Connack, sessionPresent: true, reasonCode: 0, properties: {} },
      '20 02 00 00',
    ],
    [
      'properties of CONNACK',
      4,
      { type: Connack, sessionPresent: false, reasonCode: 5, properties: reasons },
      '20 02 00 05',
    ],
    [
      'the reason of a failure in SUBACK',
      4,
      { type: Suback, packetId: 1, reasonCodes: [1, 0x87], properties: reasons },
      '90 04 0001 01 80',
    ],
    ['Reason Codes of UNSUBACK', 4, { type: Unsuback, packetId: 1, reasonCodes: [0x11], properties: {} }, 'b0 02 0001'],
    ['Reason Code of DISCONNECT', 4, { type: Disconnect, reasonCode: 0x8e, properties: reasons }, 'e0 00'],
    ['properties of PUBLISH', 4, { ...publish, properties: { contentType: 'text' } }, "30 04 0001 'a' 'p'"],
    [
      'Subscription Options',
      3,
      { type: Subscribe, packetId: 1, subscriptions: [request], properties: {} },
      "82 06 0001 0001 'a' 01",
    ],
  ]
  for (const [name, version, packet, bytes] of rows) {
    test(`${name}, ${versionName(version)}`, () => {
      expect(hexOf(encodePacket(packet, version))).toBe(hexOf(bytesOf(bytes)))
    })
  }
})

test('properties that are all undefined count as none', () => {
  const packets: Packet[] = [
    { type: Puback, packetId: 1, reasonCode: 0, properties: { reasonString: undefined } },
    { type: Disconnect, reasonCode: 0, properties: { reasonString: undefined } },
    { type: PacketType.Auth, reasonCode: 0, properties: { authenticationMethod: undefined } },
    { ...publish, properties: { subscriptionIdentifiers: [], userProperties: [] } },
  ]

  const encoded = packets.map(packet => hexOf(encodePacket(packet, 5)))

  expect(encoded).toEqual(['40020001', 'e000', 'f000', '30050001610070'])
})

test('each encoded packet keeps its bytes when others are encoded', () => {
  const puback = encodePacket({ type: Puback, packetId: 1, reasonCode: 0, properties: {} }, 5)
  const first = encodePacket(publish, 5)
  encodePacket({ type: Pubrec, packetId: 2, reasonCode: 0, properties: {} }, 5)
  encodePacket({ ...publish, topic: 'b' }, 5)

  expect([hexOf(puback), hexOf(first)]).toEqual(['40020001', '30050001610070'])
})

test('a packet beyond the scratch buffer keeps its bytes too, and the next one starts anew', () => {
  const filters = Array.from({ length: 9 }, (_, index) => ({ ...request, filter: `${index}`.repeat(60_000) }))

  const large = encodePacket({ type: Subscribe, packetId: 1, subscriptions: filters, properties: {} }, 4)
  const small = encodePacket({ type: Pingreq }, 4)

  expect(large).toHaveLength(1 + 3 + 2 + 9 * (2 + 60_000 + 1))
  expect(hexOf(large.subarray(8, 13))).toBe('3030303030')
  expect(hexOf(large.subarray(-4))).toBe('38383801')
  expect(hexOf(small)).toBe('c000')
})

test('a packet that can not be encoded leaves the next one as it should be', () => {
  const filters = [{ ...request, filter: 'x'.repeat(60_000) }, { ...request, filter: 'y'.repeat(60_000) }, request]
  const broken = [...filters, { ...request, filter: '' }]

  expect(() => encodePacket({ type: Subscribe, packetId: 1, subscriptions: broken, properties: {} }, 4)).toThrow(
    InvalidPacketError,
  )
  expect(hexOf(encodePacket({ type: Pingreq }, 4))).toBe('c000')
})

test('packets are written one behind the other, in a buffer that grows', () => {
  const writer = new PacketWriter(1)

  for (const type of [PacketType.Pingreq, PacketType.Pingresp]) writePacket(writer, { type }, 5)
  writePacket(writer, publish, 5)

  expect(hexOf(writer.bytes.subarray(0, writer.position))).toBe(hexOf(bytesOf("c000 d000 30 05 0001 'a' 00 'p'")))
})

test('a packet that can not be written leaves the writer as it was', () => {
  const writer = new PacketWriter()
  writePacket(writer, { type: Pingreq }, 5)
  const broken: Packet = {
    type: Subscribe,
    packetId: 1,
    subscriptions: [request, { ...request, filter: '#/' }],
    properties: {},
  }

  expect(() => writePacket(writer, broken, 5)).toThrow(InvalidPacketError)
  expect(hexOf(writer.bytes.subarray(0, writer.position))).toBe('c000')
})

test('strings are written the same whether they are short or long, in ASCII or not', () => {
  const topics = ['x'.repeat(64), 'x'.repeat(65), 'é'.repeat(64), `${'x'.repeat(63)}é`, '🐦'.repeat(40)]

  const encoded = topics.map(topic => hexOf(encodePacket({ ...publish, topic, payload: bytesOf('') }, 4).subarray(-4)))

  expect(encoded).toEqual(['78787878', '78787878', 'c3a9c3a9', '7878c3a9', 'f09f90a6'])
})
