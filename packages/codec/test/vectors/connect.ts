import { PacketType } from '@curlew/codec'
import { bytesOf } from '../notation.ts'
import type { Vector } from '../vectors.ts'

const type = PacketType.Connect
const cleanStart = true
const none = { will: undefined, userName: undefined, password: undefined, properties: {} } as const

export const connectVectors: readonly Vector[] = [
  {
    name: 'CONNECT of MQTT 3.1',
    versions: [3],
    bytes: "10 0f 0006 'MQIsdp' 03 00 0000 0001 'c'",
    packet: { type, protocolVersion: 3, cleanStart: false, keepAlive: 0, clientId: 'c', ...none },
  },
  {
    name: 'CONNECT of MQTT 3.1.1',
    versions: [4],
    bytes: "10 0d 0004 'MQTT' 04 02 003c 0001 'c'",
    packet: { type, protocolVersion: 4, cleanStart, keepAlive: 60, clientId: 'c', ...none },
  },
  {
    name: 'CONNECT of MQTT 5.0',
    versions: [5],
    bytes: "10 0e 0004 'MQTT' 05 02 003c 00 0001 'c'",
    packet: { type, protocolVersion: 5, cleanStart, keepAlive: 60, clientId: 'c', ...none },
  },
  {
    name: 'CONNECT with an empty Client Identifier',
    versions: [4],
    bytes: "10 0c 0004 'MQTT' 04 02 0000 0000",
    packet: { type, protocolVersion: 4, cleanStart, keepAlive: 0, clientId: '', ...none },
  },
  {
    name: 'CONNECT with everything that MQTT 3.1 has',
    versions: [3],
    bytes: "10 23 0006 'MQIsdp' 03 f6 ffff 0001 'c' 0003 'w/t' 0004 'gone' 0003 'ann' 0002 00ff",
    packet: {
      type,
      protocolVersion: 3,
      cleanStart,
      keepAlive: 65_535,
      clientId: 'c',
      will: { topic: 'w/t', payload: bytesOf("'gone'"), qos: 2, retain: true, properties: {} },
      userName: 'ann',
      password: bytesOf('00ff'),
      properties: {},
    },
  },
  {
    name: '[MQTT3-3.1.3-1] CONNECT with everything that MQTT 3.1.1 has, in its order',
    versions: [4],
    bytes: "10 21 0004 'MQTT' 04 f6 ffff 0001 'c' 0003 'w/t' 0004 'gone' 0003 'ann' 0002 00ff",
    packet: {
      type,
      protocolVersion: 4,
      cleanStart,
      keepAlive: 65_535,
      clientId: 'c',
      will: { topic: 'w/t', payload: bytesOf("'gone'"), qos: 2, retain: true, properties: {} },
      userName: 'ann',
      password: bytesOf('00ff'),
      properties: {},
    },
  },
  {
    name: 'CONNECT whose Will Payload, User Name and Password are there and empty',
    versions: [4],
    bytes: "10 16 0004 'MQTT' 04 c4 0001 0001 'c' 0001 'w' 0000 0000 0000",
    packet: {
      type,
      protocolVersion: 4,
      cleanStart: false,
      keepAlive: 1,
      clientId: 'c',
      will: { topic: 'w', payload: bytesOf(''), qos: 0, retain: false, properties: {} },
      userName: '',
      password: bytesOf(''),
      properties: {},
    },
  },
  {
    name: 'CONNECT with a User Name and no Password',
    versions: [4],
    bytes: "10 12 0004 'MQTT' 04 82 0000 0001 'c' 0003 'ann'",
    packet: { type, protocolVersion: 4, cleanStart, keepAlive: 0, clientId: 'c', ...none, userName: 'ann' },
  },
  {
    name: 'CONNECT with a Password and no User Name, which 5.0 allows',
    versions: [5],
    bytes: "10 12 0004 'MQTT' 05 42 0000 00 0001 'c' 0002 'pw'",
    packet: { type, protocolVersion: 5, cleanStart, keepAlive: 0, clientId: 'c', ...none, password: bytesOf("'pw'") },
  },
  {
    name: 'CONNECT with each of its properties',
    versions: [5],
    bytes: `10 3b 0004 'MQTT' 05 02 0000 2d 11 0000000a 15 0003 'otp' 16 0002 00ff 17 00 19 01 21 0014 22 000a
      26 0001 'k' 0001 'v' 26 0001 'k' 0001 'w' 27 00010000 0001 'c'`,
    packet: {
      type,
      protocolVersion: 5,
      cleanStart,
      keepAlive: 0,
      clientId: 'c',
      ...none,
      properties: {
        sessionExpiryInterval: 10,
        authenticationMethod: 'otp',
        authenticationData: bytesOf('00ff'),
        requestProblemInformation: false,
        requestResponseInformation: true,
        receiveMaximum: 20,
        topicAliasMaximum: 10,
        userProperties: [
          ['k', 'v'],
          ['k', 'w'],
        ],
        maximumPacketSize: 65_536,
      },
    },
  },
  {
    name: 'CONNECT whose properties have the least and the greatest values',
    versions: [5],
    bytes: "10 1d 0004 'MQTT' 05 00 0000 10 11 ffffffff 21 ffff 22 0000 27 00000001 0000",
    packet: {
      type,
      protocolVersion: 5,
      cleanStart: false,
      keepAlive: 0,
      clientId: '',
      ...none,
      properties: {
        sessionExpiryInterval: 4_294_967_295,
        receiveMaximum: 65_535,
        topicAliasMaximum: 0,
        maximumPacketSize: 1,
      },
    },
  },
  {
    name: 'CONNECT whose Will has each of its properties',
    versions: [5],
    bytes: `10 3c 0004 'MQTT' 05 0e 0000 00 0001 'c' 23 01 01 02 0000003c 03 0004 'json' 08 0003 'r/t' 09 0002 beef
      18 0000001e 26 0000 0000 0003 'w/t' 0003 'bye'`,
    packet: {
      type,
      protocolVersion: 5,
      cleanStart,
      keepAlive: 0,
      clientId: 'c',
      ...none,
      will: {
        topic: 'w/t',
        payload: bytesOf("'bye'"),
        qos: 1,
        retain: false,
        properties: {
          payloadFormatIndicator: 1,
          messageExpiryInterval: 60,
          contentType: 'json',
          responseTopic: 'r/t',
          correlationData: bytesOf('beef'),
          willDelayInterval: 30,
          userProperties: [['', '']],
        },
      },
    },
  },
  {
    name: 'CONNECT whose Client Identifier has 65 535 bytes',
    versions: [5],
    bytes: "10 8c8004 0004 'MQTT' 05 00 0000 00 ffff 'x'*65535",
    packet: { type, protocolVersion: 5, cleanStart: false, keepAlive: 0, clientId: 'x'.repeat(65_535), ...none },
  },
  {
    name: '[MQTT-1.5.4-3] [MQTT3-1.5.3-3] CONNECT whose Client Identifier begins with U+FEFF',
    versions: [4],
    bytes: "10 10 0004 'MQTT' 04 02 0000 0004 efbbbf 'c'",
    packet: { type, protocolVersion: 4, cleanStart, keepAlive: 0, clientId: '\ufeffc', ...none },
  },
]
