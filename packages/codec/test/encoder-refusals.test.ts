import { encodePacket, type Packet, PacketType, type ProtocolVersion, type Statement } from '@curlew/codec'
import { expect, test } from 'vitest'
import { bytesOf } from './notation.ts'
import { versionName } from './version-name.ts'

/** A packet with fields that its type does not allow, as a JavaScript caller may hand it over. */
type Loose = { readonly type: PacketType } & Readonly<Record<string, unknown>>

type Refusal = readonly [statement: Statement | undefined, name: string, version: ProtocolVersion, packet: Loose]

const { Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe, Suback } = PacketType
const { Unsubscribe, Unsuback, Disconnect, Auth } = PacketType

const connect = { type: Connect, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientId: 'c', properties: {} }
const will = { topic: 'w', payload: bytesOf(''), qos: 0, retain: false, properties: {} }
const publish = {
  type: Publish,
  topic: 'a',
  payload: bytesOf(''),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: {},
}
const request = { filter: 'a', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }
const subscribe = { type: Subscribe, packetId: 1, subscriptions: [request], properties: {} }
const unsubscribe = { type: Unsubscribe, packetId: 1, filters: ['a'], properties: {} }
const acknowledgement = { packetId: 1, reasonCode: 0, properties: {} }
const long = 'x'.repeat(65_536)

const connects: Refusal[] = [
  ['[MQTT-3.1.2-2]', 'a CONNECT of version 6', 5, { ...connect, protocolVersion: 6 }],
  [
    '[MQTT3-3.1.2-22]',
    'a CONNECT with a password and no userName',
    4,
    { ...connect, protocolVersion: 4, password: bytesOf('00') },
  ],
  [undefined, 'a CONNECT with keepAlive 65 536', 5, { ...connect, keepAlive: 65_536 }],
  [undefined, 'a CONNECT with keepAlive -1', 5, { ...connect, keepAlive: -1 }],
  [undefined, 'a CONNECT with keepAlive 1.5', 5, { ...connect, keepAlive: 1.5 }],
  [
    undefined,
    'a CONNECT with authenticationData alone',
    5,
    { ...connect, properties: { authenticationData: bytesOf('00') } },
  ],
  [undefined, 'a CONNECT with a clientId of 65 536 bytes', 5, { ...connect, clientId: long }],
  ['[MQTT-1.5.4-2]', 'a CONNECT with U+0000 in its clientId', 5, { ...connect, clientId: 'a\0b' }],
  ['[MQTT-1.5.4-1]', 'a CONNECT with half a surrogate pair in its userName', 5, { ...connect, userName: 'a\ud83d' }],
  [undefined, 'a CONNECT with a password of 65 536 bytes', 5, { ...connect, password: bytesOf('00*65536') }],
  ['[MQTT-3.1.2-12]', 'a CONNECT with will.qos 3', 5, { ...connect, will: { ...will, qos: 3 } }],
  ['[MQTT-4.7.3-1]', 'a CONNECT with an empty will.topic', 5, { ...connect, will: { ...will, topic: '' } }],
  ['[MQTT-4.7.0-1]', 'a CONNECT with a wildcard in will.topic', 5, { ...connect, will: { ...will, topic: 'a/+' } }],
  [
    undefined,
    'a CONNECT with a will.payload of 65 536 bytes',
    5,
    { ...connect, will: { ...will, payload: bytesOf('00*65536') } },
  ],
]

const connacks: Refusal[] = [
  [
    '[MQTT-3.2.2-8]',
    'a CONNACK with an unknown reasonCode',
    5,
    { type: Connack, sessionPresent: false, reasonCode: 1, properties: {} },
  ],
  [
    undefined,
    'a CONNACK with a reasonCode of 5.0',
    4,
    { type: Connack, sessionPresent: false, reasonCode: 0x87, properties: {} },
  ],
  [
    undefined,
    'a CONNACK with reasonCode 1.5',
    4,
    { type: Connack, sessionPresent: false, reasonCode: 1.5, properties: {} },
  ],
  [
    '[MQTT-3.2.2-6]',
    'a CONNACK with sessionPresent that refuses',
    5,
    { type: Connack, sessionPresent: true, reasonCode: 0x87, properties: {} },
  ],
]

const publishes: Refusal[] = [
  ['[MQTT-3.3.1-4]', 'a PUBLISH with qos 3', 5, { ...publish, qos: 3, packetId: 1 }],
  ['[MQTT-3.3.1-2]', 'a PUBLISH with dup at qos 0', 5, { ...publish, dup: true }],
  ['[MQTT-2.2.1-3]', 'a PUBLISH with packetId 0', 5, { ...publish, qos: 1 }],
  ['[MQTT-2.2.1-3]', 'a PUBLISH with packetId 65 536', 5, { ...publish, qos: 2, packetId: 65_536 }],
  ['[MQTT-2.2.1-3]', 'a PUBLISH with packetId 1.5', 4, { ...publish, qos: 1, packetId: 1.5 }],
  ['[MQTT-4.7.3-1]', 'a PUBLISH with an empty topic', 5, { ...publish, topic: '' }],
  [
    '[MQTT-4.7.3-1]',
    'a PUBLISH with an empty topic and an alias that 3.1.1 has not',
    4,
    { ...publish, topic: '', properties: { topicAlias: 1 } },
  ],
  ['[MQTT-4.7.0-1]', 'a PUBLISH with a wildcard in its topic', 4, { ...publish, topic: 'a/#' }],
  ['[MQTT-4.7.3-2]', 'a PUBLISH with U+0000 in its topic', 4, { ...publish, topic: 'a\0' }],
  ['[MQTT-1.5.4-1]', 'a PUBLISH with half a surrogate pair in its topic', 5, { ...publish, topic: '\udc26' }],
  [undefined, 'a PUBLISH with a topic of 65 536 bytes', 4, { ...publish, topic: long }],
  [undefined, 'a PUBLISH of more than 256 MiB', 4, { ...publish, payload: { length: 268_435_453 } }],
]

const properties: Refusal[] = [
  [undefined, 'a PUBLISH with topicAlias 0', 5, { ...publish, properties: { topicAlias: 0 } }],
  [undefined, 'a PUBLISH with topicAlias 65 536', 5, { ...publish, properties: { topicAlias: 65_536 } }],
  [undefined, 'a PUBLISH with messageExpiryInterval -1', 5, { ...publish, properties: { messageExpiryInterval: -1 } }],
  [
    undefined,
    'a PUBLISH with messageExpiryInterval 2^32',
    5,
    { ...publish, properties: { messageExpiryInterval: 2 ** 32 } },
  ],
  [undefined, 'a PUBLISH with payloadFormatIndicator 2', 5, { ...publish, properties: { payloadFormatIndicator: 2 } }],
  [
    undefined,
    'a PUBLISH with subscriptionIdentifiers 0',
    5,
    { ...publish, properties: { subscriptionIdentifiers: [0] } },
  ],
  [
    undefined,
    'a PUBLISH with subscriptionIdentifiers 2^28',
    5,
    { ...publish, properties: { subscriptionIdentifiers: [2 ** 28] } },
  ],
  [undefined, 'a PUBLISH with a wildcard in its responseTopic', 5, { ...publish, properties: { responseTopic: '#' } }],
  [undefined, 'a PUBLISH with an empty responseTopic', 5, { ...publish, properties: { responseTopic: '' } }],
  [undefined, 'a PUBLISH with a contentType of 65 536 bytes', 5, { ...publish, properties: { contentType: long } }],
  [
    undefined,
    'a PUBLISH with correlationData of 65 536 bytes',
    5,
    { ...publish, properties: { correlationData: bytesOf('00*65536') } },
  ],
  [
    '[MQTT-1.5.4-2]',
    'a PUBLISH with U+0000 in a User Property',
    5,
    { ...publish, properties: { userProperties: [['k', '\0']] } },
  ],
  [undefined, 'a PUBLISH with the reasonString of others', 5, { ...publish, properties: { reasonString: 'why' } }],
  [
    undefined,
    'a SUBSCRIBE with two Subscription Identifiers',
    5,
    { ...subscribe, properties: { subscriptionIdentifiers: [1, 2] } },
  ],
  [undefined, 'a CONNECT with receiveMaximum 0', 5, { ...connect, properties: { receiveMaximum: 0 } }],
  [undefined, 'a CONNECT with maximumPacketSize 0', 5, { ...connect, properties: { maximumPacketSize: 0 } }],
  [
    undefined,
    'a CONNECT with sessionExpiryInterval 0.5',
    5,
    { ...connect, properties: { sessionExpiryInterval: 0.5 } },
  ],
  [undefined, 'a CONNECT with the topicAlias of PUBLISH', 5, { ...connect, properties: { topicAlias: 1 } }],
]

const acknowledgements: Refusal[] = [
  ['[MQTT-2.2.1-3]', 'a PUBACK with packetId 0', 4, { type: Puback, ...acknowledgement, packetId: 0 }],
  ['[MQTT-2.2.1-3]', 'a PUBREC with packetId 65 536', 5, { type: Pubrec, ...acknowledgement, packetId: 65_536 }],
  ['[MQTT-2.2.1-3]', 'a PUBREL with packetId NaN', 5, { type: Pubrel, ...acknowledgement, packetId: Number.NaN }],
  ['[MQTT-3.4.2-1]', 'a PUBACK with a reasonCode of PUBREL', 5, { type: Puback, ...acknowledgement, reasonCode: 0x92 }],
  ['[MQTT-3.5.2-1]', 'a PUBREC with an unknown reasonCode', 5, { type: Pubrec, ...acknowledgement, reasonCode: 256 }],
  ['[MQTT-3.6.2-1]', 'a PUBREL with a reasonCode of PUBREC', 5, { type: Pubrel, ...acknowledgement, reasonCode: 0x80 }],
  [
    '[MQTT-3.7.2-1]',
    'a PUBCOMP with a reasonCode of PUBREC',
    5,
    { type: Pubcomp, ...acknowledgement, reasonCode: 0x80 },
  ],
  ['[MQTT-3.9.3-2]', 'a SUBACK with QoS 3', 5, { type: Suback, packetId: 1, reasonCodes: [3], properties: {} }],
  ['[MQTT-3.9.3-2]', 'a SUBACK with QoS 3', 4, { type: Suback, packetId: 1, reasonCodes: [3], properties: {} }],
  ['[MQTT-3.8.4-6]', 'a SUBACK without reasonCodes', 4, { type: Suback, packetId: 1, reasonCodes: [], properties: {} }],
  ['[MQTT-3.11.3-2]', 'an UNSUBACK with QoS 1', 5, { type: Unsuback, packetId: 1, reasonCodes: [1], properties: {} }],
  [undefined, 'an UNSUBACK without reasonCodes', 5, { type: Unsuback, packetId: 1, reasonCodes: [], properties: {} }],
  [
    '[MQTT-3.14.2-1]',
    'a DISCONNECT with a reasonCode of CONNACK',
    5,
    { type: Disconnect, reasonCode: 0x85, properties: {} },
  ],
  [
    '[MQTT-3.15.2-1]',
    'an AUTH with an unknown reasonCode',
    5,
    { type: Auth, reasonCode: 1, properties: { authenticationMethod: 'm' } },
  ],
  [undefined, 'an AUTH without authenticationMethod', 5, { type: Auth, reasonCode: 0x18, properties: {} }],
  [undefined, 'an AUTH, which is of 5.0', 4, { type: Auth, reasonCode: 0, properties: {} }],
]

const subscriptions: Refusal[] = [
  ['[MQTT-2.2.1-3]', 'a SUBSCRIBE with packetId 0', 4, { ...subscribe, packetId: 0 }],
  ['[MQTT-3.8.3-2]', 'a SUBSCRIBE without subscriptions', 5, { ...subscribe, subscriptions: [] }],
  [undefined, 'a SUBSCRIBE with qos 3', 4, { ...subscribe, subscriptions: [{ ...request, qos: 3 }] }],
  [
    undefined,
    'a SUBSCRIBE with retainHandling 3',
    5,
    { ...subscribe, subscriptions: [{ ...request, retainHandling: 3 }] },
  ],
  [
    '[MQTT-3.8.3-4]',
    'a SUBSCRIBE with noLocal on a Shared Subscription',
    5,
    { ...subscribe, subscriptions: [{ ...request, filter: '$share/g/a', noLocal: true }] },
  ],
  [
    '[MQTT-4.7.1-1]',
    'a SUBSCRIBE with # before a level',
    4,
    { ...subscribe, subscriptions: [{ ...request, filter: '#/a' }] },
  ],
  [
    '[MQTT-4.7.3-1]',
    'a SUBSCRIBE with an empty filter',
    5,
    { ...subscribe, subscriptions: [{ ...request, filter: '' }] },
  ],
  [
    undefined,
    'a SUBSCRIBE with a filter of 65 536 bytes',
    5,
    { ...subscribe, subscriptions: [{ ...request, filter: long }] },
  ],
  ['[MQTT-2.2.1-3]', 'an UNSUBSCRIBE with packetId 0', 5, { ...unsubscribe, packetId: 0 }],
  ['[MQTT-3.10.3-2]', 'an UNSUBSCRIBE without filters', 4, { ...unsubscribe, filters: [] }],
  ['[MQTT-4.7.1-2]', 'an UNSUBSCRIBE with + inside a level', 4, { ...unsubscribe, filters: ['a+'] }],
]

const rows = [...connects, ...connacks, ...publishes, ...properties, ...acknowledgements, ...subscriptions]
for (const [statement, name, version, packet] of rows) {
  test(`${statement === undefined ? '' : `${statement} `}${name} is not written, ${versionName(version)}`, () => {
    const expected = { code: 'ERR_MQTT_INVALID_PACKET', reasonCode: 0x83, statement }

    expect(() => encodePacket(packet as unknown as Packet, version)).toThrow(expect.objectContaining(expected))
  })
}
