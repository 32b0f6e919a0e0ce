import { decodePacket, type Packet, PacketType, type ProtocolVersion } from '@curlew/codec'
import { expect, test } from 'vitest'
import { bytesOf } from './notation.ts'
import { toPlain } from './plain.ts'
import { versionName } from './version-name.ts'

/** Bytes that a specification allows or leaves open, that are to be understood, and that our encoder does not write. */
type Spelling = readonly [name: string, version: ProtocolVersion, bytes: string, packet: Packet]

const connect: Packet = {
  type: PacketType.Connect,
  protocolVersion: 3,
  cleanStart: false,
  keepAlive: 0,
  clientId: 'c',
  will: undefined,
  userName: undefined,
  password: undefined,
  properties: {},
}
const success = { reasonCode: 0, properties: {} } as const
const puback: Packet = { type: PacketType.Puback, packetId: 1, ...success }
const request = { filter: 'a', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
const disconnect: Packet = { type: PacketType.Disconnect, ...success }

const written: Spelling[] = [
  ['a PUBACK that says Success', 5, '40 03 0001 00', puback],
  ['a PUBACK that says Success and no properties', 5, '40 04 0001 00 00', puback],
  [
    'a PUBREC with a Reason Code and no properties',
    5,
    '50 04 0001 91 00',
    { ...puback, type: PacketType.Pubrec, reasonCode: 0x91 },
  ],
  ['a DISCONNECT that says Normal disconnection', 5, 'e0 01 00', disconnect],
  ['a DISCONNECT that says Normal disconnection and no properties', 5, 'e0 02 00 00', disconnect],
  ['a DISCONNECT with a Reason Code and no properties', 5, 'e0 02 04 00', { ...disconnect, reasonCode: 4 }],
  [
    'properties in no order, User Properties between them',
    5,
    "30 18 0001 'a' 14 26 0001 'k' 0000 23 0001 26 0001 'j' 0000 03 0000 01 01",
    {
      type: PacketType.Publish,
      topic: 'a',
      payload: bytesOf(''),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
      properties: {
        payloadFormatIndicator: 1,
        contentType: '',
        topicAlias: 1,
        userProperties: [
          ['k', ''],
          ['j', ''],
        ],
      },
    },
  ],
  [
    'an AUTH that says Success and its method',
    5,
    "f0 08 00 06 15 0003 'otp'",
    { type: PacketType.Auth, reasonCode: 0, properties: { authenticationMethod: 'otp' } },
  ],
]

const paddedLengths: Spelling[] = [
  ['a Remaining Length of 0 in two bytes', 4, 'c0 8000', { type: PacketType.Pingreq }],
  ['a Remaining Length of 0 in four bytes', 3, 'c0 80808000', { type: PacketType.Pingreq }],
  ['a Remaining Length of 2 in three bytes', 4, '40 828000 0001', puback],
  [
    'a CONNECT with a padded Remaining Length',
    4,
    "10 8d00 0004 'MQTT' 04 00 0000 0001 'c'",
    { ...connect, protocolVersion: 4 },
  ],
]

/** MQTT 3.1 reserves bits without saying what they hold, and lets Remaining Length take precedence over two flags. */
const mqtt31: Spelling[] = [
  ['a CONNECT with the reserved Connect Flag', 3, "10 0f 0006 'MQIsdp' 03 01 0000 0001 'c'", connect],
  ['a CONNECT with QoS 1 and DUP in its fixed header', 3, "1a 0f 0006 'MQIsdp' 03 00 0000 0001 'c'", connect],
  [
    'a CONNECT with User Name Flag that ends before the User Name',
    3,
    "10 0f 0006 'MQIsdp' 03 80 0000 0001 'c'",
    connect,
  ],
  [
    'a CONNECT with Password Flag that ends before the Password',
    3,
    "10 12 0006 'MQIsdp' 03 c0 0000 0001 'c' 0001 'u'",
    { ...connect, userName: 'u' },
  ],
  [
    'a CONNACK with all of its reserved byte set',
    3,
    '20 02 ff 00',
    { type: PacketType.Connack, sessionPresent: false, ...success },
  ],
  ['a PUBREL sent again', 3, '6a 02 0001', { ...puback, type: PacketType.Pubrel }],
  [
    'a SUBSCRIBE sent again',
    3,
    "8a 06 0001 0001 'a' 01",
    { type: PacketType.Subscribe, packetId: 1, subscriptions: [request], properties: {} },
  ],
  [
    'an UNSUBSCRIBE sent again',
    3,
    "aa 05 0001 0001 'a'",
    { type: PacketType.Unsubscribe, packetId: 1, filters: ['a'], properties: {} },
  ],
  ['a PINGREQ with RETAIN in its fixed header', 3, 'c1 00', { type: PacketType.Pingreq }],
  ['a DISCONNECT with DUP in its fixed header', 3, 'e8 00', disconnect],
]

for (const [name, version, bytes, packet] of [...written, ...paddedLengths, ...mqtt31]) {
  test(`${name} is understood, ${versionName(version)}`, () => {
    const decoded = decodePacket(bytesOf(bytes), { receiver: 'any', version })

    expect(toPlain(decoded)).toEqual(toPlain(packet))
  })
}
